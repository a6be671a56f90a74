"""Commands about suites and what they need: `run`, `dev doctor` and `dev schema`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from wattbench.cli._ending import end_of_run, open_option, page_of
from wattbench.cli._group import dev, main
from wattbench.cli._json import json_option, print_json, print_run
from wattbench.cli._options import (
    WaitingCommand,
    as_option,
    block_options,
    cluster_options,
    command_line,
    complete_suite,
    effort_options,
    measured_option,
    narrowing_options,
    wait_option,
)
from wattbench.errors import UserError
from wattbench.interrupts import ending_at_once, was_ctrl_c
from wattbench.progress.notices import notice, stdout_to_stderr


@main.command(
    cls=WaitingCommand,
    short_help="Run a suite, and say which system to run.",
    most_used="systems tasks limit report open resume effort energy max-cost wait",
    examples=(
        "wattbench run quick --report report.html",
        "wattbench run suite.yaml --systems rules,small --limit 50",
    ),
)
@click.argument("suite", required=False, shell_complete=complete_suite)
@narrowing_options
@effort_options
@measured_option
@wait_option
@cluster_options
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Also write the HTML report to this file."
)
@open_option
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted run.")
@click.option(
    "--max-cost",
    metavar="'AMOUNT CUR'",
    help="Stop before more is spent on tokens and requests, such as '5 USD'; with --resume: by the whole run.",
)
@block_options
@click.option(
    "--slot",
    metavar="GPU[,GPU]",
    help="Measure on these GPUs alone (numbers of nvidia-smi, or UUIDs), while other slots measure on the rest.",
)
@click.option(
    "--retry-failed",
    is_flag=True,
    help="With --resume: ask again the requests that failed; of a finished run in a copy of it.",
)
@json_option
def run(
    suite: str | None,
    out: Path,
    report: Path | None,
    open_page: bool,
    resume: Path | None,
    allow_unsafe_code: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run SUITE and print the run's directory; everything else goes to standard error.

    It ends with the advice which system to run, a row per system, and where the report is. SUITE is a file, or the
    name of a suite that wattbench ships. Where its budget is reached it ends with exit code 4, and can be resumed.
    """
    from wattbench.api.run import run_suite

    offered = _report_offered(report, open_page=open_page, allow_unsafe_code=allow_unsafe_code)
    with stdout_to_stderr(), offered:
        root = run_suite(
            suite,
            resume,
            out,
            command_line(),
            narrowing={name: options.pop(name) for name in ("systems", "tasks", "limit")},
            allow_unsafe_code=allow_unsafe_code,
            spelled=as_option,
            **options,
        )
    if not as_json:
        click.echo(root)
    with stdout_to_stderr():
        ended = end_of_run(root, report, open_page=open_page)
    if as_json:
        print_run(root, ended)


@dev.command(
    short_help="Show which sensors exist, and what will be measured.",
    examples=(
        "wattbench dev doctor",
        "wattbench dev doctor --json",
    ),
)
@json_option
def doctor(as_json: bool) -> None:
    """Show which sensors exist, why some cannot be read, what will be measured or only modelled, and what else runs."""
    from wattbench.api.session import set_back_left_limits
    from wattbench.machine import doctor as checks
    from wattbench.machine.busy import busy_now
    from wattbench.machine.measuring_lock import runs_now, slots_now
    from wattbench.machine.power_limits.gpu_limits import limits_here
    from wattbench.meters import survey, survey_signals

    with stdout_to_stderr():
        set_back_left_limits()
        surveyed = survey(), survey_signals(), busy_now(), slots_now(), runs_now(), limits_here()
    if as_json:
        print_json(checks.as_data(*surveyed))
    else:
        click.echo(checks.as_text(*surveyed), nl=False)


@dev.command(
    short_help="Print the JSON Schema of a suite, a record or an output.",
    examples=(
        "wattbench dev schema > suite.schema.json",
        'wattbench dev schema --of "runs compare"',
    ),
)
@click.option("--records", is_flag=True, help="Print that of the files of a run instead.")
@click.option("--of", "command", metavar="COMMAND", help="Print that of what a command prints with --json instead.")
def schema(records: bool, command: str | None) -> None:
    """Print the JSON Schema of a suite file, for editors."""
    if records and command is not None:
        raise UserError("--records and --of: one of the two")
    if command is not None:
        from wattbench.api.outputs import output_schema

        print_json(output_schema(command))
        return
    from wattbench.config import Suite
    from wattbench.records.record_schema import record_schema

    click.echo(json.dumps(record_schema() if records else Suite.model_json_schema(), indent=2))


@contextlib.contextmanager
def _report_offered(report: Path | None, *, open_page: bool, allow_unsafe_code: bool) -> Iterator[None]:
    """If a person at a terminal stops the run in this `with` block, offer a report of its complete blocks.

    Args:
        report: the file of the report; None: next to the run of these blocks.
        open_page: whether it is opened in a browser.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        KeyboardInterrupt: the run was stopped, whatever was answered.
    """
    from wattbench.api.stopped_run import BlocksSoFar, RunInterruptedError

    try:
        yield
    except RunInterruptedError as stopped:
        so_far = BlocksSoFar.of_run(stopped.root)
        if so_far is None or not so_far.complete or not _someone_is_there():
            raise
        with ending_at_once():
            click.echo(f"Write the report of the {so_far.in_words} so far? [y/N] ", nl=False, err=True)
            if sys.__stdin__ is not None and sys.__stdin__.readline().strip().lower() in ("y", "yes"):
                _write(stopped.root, report, open_page=open_page, allow_unsafe_code=allow_unsafe_code)
        raise


def _someone_is_there() -> bool:
    """Return whether Ctrl-C was pressed at a terminal. Libraries must ask nothing, so `sys.stdin` is no terminal."""
    return sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.stderr.isatty() and was_ctrl_c()


def _write(root: Path, report: Path | None, *, open_page: bool, allow_unsafe_code: bool) -> None:
    from wattbench.api.stopped_run import part_of

    try:
        part = part_of(root, command_line(), allow_unsafe_code=allow_unsafe_code)
        end_of_run(part, report or page_of(part), open_page=open_page)
    except UserError as error:
        notice(f"wattbench: {error}")
