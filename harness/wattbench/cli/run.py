"""Commands about suites and what they need: `plan`, `run`, `doctor` and `schema`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._group import EXIT_INTERRUPTED, main
from wattbench.cli._options import measured_option, narrowing_options
from wattbench.cli._session import measuring_alone, meters_here, stdout_to_stderr
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.config import Resolved, Suite
    from wattbench.measure.plan import Cell
    from wattbench.measure.resume import Night
    from wattbench.meters import Chosen
    from wattbench.records import RunWriter


@main.command()
@click.argument("suite")
@narrowing_options
@measured_option
def plan(suite: str, allow_unsafe_code: bool, require_measured: bool, **narrowing: Any) -> None:
    """Show the cells of SUITE, their items and how they will be measured. Runs nothing, and needs no network.

    SUITE is a file, or the name of a suite that wattbench ships. What running it needs and is not here is noted.
    """
    from wattbench.measure.plan import as_text
    from wattbench.measure.preview import preview

    with stdout_to_stderr():
        resolved = requiring(load(suite, **narrowing), require_measured)
        seen = preview(resolved, allow_unsafe_code=allow_unsafe_code)
        metered = meters_here(resolved.suite).provenance
    click.echo(as_text(resolved, seen.cells, metered, seen.notes))


@main.command()
@click.argument("suite", required=False)
@narrowing_options
@measured_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML report here, too.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted run.")
def run(
    suite: str | None,
    out: Path,
    report: Path | None,
    resume: Path | None,
    allow_unsafe_code: bool,
    require_measured: bool,
    **narrowing: Any,
) -> None:
    """Run SUITE and print the run's directory; everything else goes to standard error.

    SUITE is a file, or the name of a suite that wattbench ships.
    """
    if (suite is None) == (resume is None):
        raise UserError("name a suite to run, or a run to --resume: one of the two")
    if resume is not None and any(narrowing.values()):
        raise UserError("--systems, --tasks and --limit go with a new run; a resumed one keeps its own")
    with stdout_to_stderr(), measuring_alone():
        if suite is not None:
            resolved = requiring(load(suite, **narrowing), require_measured)
            root = run_new(resolved, out, allow_unsafe_code)
        else:
            assert resume is not None
            root = run_resumed(resume, allow_unsafe_code, require_measured)
        if report is not None:
            from wattbench_reports.html import write_report

            write_report(root, report)
    click.echo(root)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Which sensors exist, which can be read and why not, and what will be measured and what only modelled."""
    import json

    from wattbench.machine import doctor as checks
    from wattbench.meters import survey

    with stdout_to_stderr():
        sensors = survey()
    click.echo(json.dumps(checks.as_data(sensors), indent=2) + "\n" if as_json else checks.as_text(sensors), nl=False)


@main.command()
def schema() -> None:
    """Print the JSON Schema of a suite file, for editors."""
    import json

    from wattbench.config import Suite

    click.echo(json.dumps(Suite.model_json_schema(), indent=2))


def load(suite: str, **narrowing: Any) -> Resolved:
    """A suite, made smaller, of which all can be read that a report of it will need.

    Raises:
        UserError: something in it is wrong.
    """
    from wattbench.config import load_suite

    resolved = load_suite(suite).narrowed(**narrowing)
    _check_carbon(resolved.suite)
    return resolved


def _check_carbon(suite: Suite) -> None:
    """What the report will not know or cannot read should stop a run before it starts, not after."""
    from wattbench_reports.metrics.carbon import carbon_of_suite

    carbon_of_suite(suite.carbon.model_dump())


def requiring(resolved: Resolved, require_measured: bool) -> Resolved:
    """The suite, with what the command line requires of its joules; a record of it then says so."""
    if not require_measured:
        return resolved
    measure = resolved.suite.measure.model_copy(update={"require_measured": True})
    return replace(resolved, suite=resolved.suite.model_copy(update={"measure": measure}))


RESUME = "wattbench run --resume"


def run_new(
    resolved: Resolved, out: Path, allow_unsafe_code: bool, *, night: Night | None = None, resume: str | None = RESUME
) -> Path:
    """Run a suite and return the run's directory.

    Args:
        resolved: the suite.
        out: the folder of the new run.
        allow_unsafe_code: whether tasks may run code that a model wrote.
        night: which it stands for, where it is kept in a history.
        resume: the command that, followed by its directory, finishes it should it stop midway; None: nothing does.
    """
    from wattbench.measure.plan import plan as make_plan
    from wattbench.measure.resume import new_run

    chosen = meters_here(resolved.suite)  # before any data set is fetched: it may refuse
    cells = make_plan(resolved, allow_unsafe_code=allow_unsafe_code)
    command = ["wattbench", *sys.argv[1:]]
    writer = new_run(out, resolved, cells, chosen.provenance, command, chosen.details, night=night)
    return _measure(writer, resolved, cells, chosen, allow_unsafe_code, resume)


def run_resumed(root: Path, allow_unsafe_code: bool, require_measured: bool, *, resume: str = RESUME) -> Path:
    """Finish an interrupted run, and return its directory; the arguments are those of `run_new`."""
    from wattbench.config import resolved_from_record
    from wattbench.measure.plan import plan as make_plan
    from wattbench.measure.resume import check_same_work
    from wattbench.records import RunWriter, read_run

    records = read_run(root)
    if records.header.gate is not None:
        raise UserError(f"{root}: this is the run of a gate; go on with: wattbench gate --resume {root}")
    if records.finished:
        click.echo(f"{root} is finished already", err=True)
        return root
    resolved = requiring(resolved_from_record(records.header.suite), require_measured)
    chosen = meters_here(resolved.suite)
    cells = make_plan(resolved, allow_unsafe_code=allow_unsafe_code)
    check_same_work(records, cells, chosen.provenance)
    return _measure(RunWriter(root), resolved, cells, chosen, allow_unsafe_code, resume)


def _measure(
    writer: RunWriter,
    resolved: Resolved,
    cells: list[Cell],
    chosen: Chosen,
    allow_unsafe_code: bool,
    resume: str | None,
) -> Path:
    from wattbench.scenarios.closed_loop import run_to_end

    root = writer.layout.root
    try:
        run_to_end(writer, resolved, cells, chosen, allow_unsafe_code=allow_unsafe_code)
    except BaseException as error:
        if resume is not None:
            click.echo(f"wattbench: stopped. What was answered is safe; go on with: {resume} {root}", err=True)
        if isinstance(error, KeyboardInterrupt):
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from error
        raise
    return root
