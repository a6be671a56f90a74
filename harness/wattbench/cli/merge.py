"""The command `merge`: shards of a suite, made one run."""

from __future__ import annotations

from pathlib import Path

import click

from wattbench.cli._ending import end_of_run
from wattbench.cli._group import main
from wattbench.cli._options import command_line
from wattbench.progress.notices import notice, stdout_to_stderr


@main.command()
@click.argument("shards", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN",
    help="The directory of the merged run; a folder that is there already gets it under its name.",
)
def merge(shards: tuple[Path, ...], out: Path) -> None:
    """Merge the shards of a suite in DIR into one run, and print its directory.

    A shard is what run --block makes; DIR is one, or a folder of them. The run is as if one machine had asked all
    blocks. Blocks that are missing are named with the commands that ask them (exit code 2), and nothing is written.
    """
    from wattbench.api.verify import require_verified
    from wattbench.distributed.merging import merge_shards

    root = merge_shards(shards, out, command_line(), notice, check=require_verified)
    click.echo(root)
    with stdout_to_stderr():
        end_of_run(root, None, open_page=False)
