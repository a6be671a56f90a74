"""The command `suites plan`: what a run of a suite will do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wattbench.cli._group import suites
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import block_options, complete_suite, effort_options, measured_option, narrowing_options
from wattbench.progress.notices import notice, stdout_to_stderr


@suites.command(
    short_help="Show what a run of a suite will do, and run nothing.",
    most_used="systems tasks limit prompts whole-prompts load offline like effort json",
    examples=(
        "wattbench suites plan quick",
        "wattbench suites plan suite.yaml --limit 50 --prompts 3",
    ),
)
@click.argument("suite", shell_complete=complete_suite)
@narrowing_options
@effort_options
@measured_option
@click.option(
    "--load",
    is_flag=True,
    help="Also load tasks and import systems that are code, which runs that code, and send servers their keys: only "
    "for a suite that you trust.",
)
@click.option("--offline", is_flag=True, help="Do not ask the servers that the suite names what they serve.")
@click.option(
    "--prompts",
    type=click.IntRange(0, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Show the first N items of each task as systems will be asked them.",
)
@click.option("--whole-prompts", is_flag=True, help="Do not cut long prompts.")
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="An earlier run, or a folder of runs, on any machine, from which time and joules are expected, and which "
    "shows the items that tell nothing between systems. Default: the runs of this machine in the folder runs.",
)
@block_options
@json_option
def plan(
    suite: str,
    allow_unsafe_code: bool,
    effort: str | None,
    energy: bool | None,
    require_measured: bool,
    load: bool,
    offline: bool,
    prompts: int,
    whole_prompts: bool,
    like: Path | None,
    block: str | None,
    seed: int | None,
    as_json: bool,
    **narrowing: Any,
) -> None:
    """Show what a run of SUITE will do: its cells and prompts, how answers count, how joules are measured, what it can
    show. Runs nothing.

    SUITE is a file, or the name of a suite that wattbench ships. What is missing here to run it is noted. None of the
    suite's code is run: the plan names it. Servers that the suite names, and does not start, are asked what they serve.
    """
    from wattbench.api.loaded_suite import load as read_suite
    from wattbench.api.loaded_suite import shard_of_arguments
    from wattbench.api.plans.plan_suite import plan_suite
    from wattbench.measure.code_to_run import code_to_run

    shard = shard_of_arguments(block, seed)
    with stdout_to_stderr():
        resolved = read_suite(suite, effort=effort, energy=energy, require_measured=require_measured, **narrowing)
        for code in code_to_run(resolved) if load else ():
            notice(f"wattbench: --load: may run {code}")
        planned = plan_suite(
            resolved,
            allow_unsafe_code=allow_unsafe_code,
            load=load,
            network=not offline,
            prompts=prompts,
            like=like,
            shard=shard,
        )
    if as_json:
        print_json(planned.as_record())
    else:
        click.echo(planned.as_text(whole_prompts=whole_prompts))
