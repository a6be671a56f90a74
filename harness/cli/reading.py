"""Commands that read a run: `compare` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.command import main
from harness.cli.options import carbon_options

if TYPE_CHECKING:
    from reports.carbon import CarbonChoice

_RUN = click.argument("run", type=click.Path(path_type=Path))


@main.command()
@_RUN
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
)
@carbon_options
def compare(run: Path, form: str, carbon: CarbonChoice) -> None:
    """Compare the systems of RUN: a row for each, from its records alone."""
    from harness.records import read_run
    from reports.compare import compare as make_comparison
    from reports.export import render

    click.echo(render(make_comparison(read_run(run), carbon), form), nl=False)


@main.command()
@_RUN
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The HTML file.")
@carbon_options
def report(run: Path, output: Path, carbon: CarbonChoice) -> None:
    """Write the report of RUN: one self-contained HTML page."""
    from reports.page import write_report

    write_report(run, output, carbon)
    click.echo(output)
