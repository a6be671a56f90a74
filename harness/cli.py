"""The command line: the only place that knows both `harness` and `reports`.

Everything heavy is imported inside the command that needs it, so that `wattbench --help` answers at once.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.config import Resolved, Suite
    from harness.meters import Meter
    from harness.plan import Cell
    from harness.records import RunWriter
    from harness.train import Family

EXIT_USER = 2
EXIT_INTERRUPTED = 130


class _Group(click.Group):
    """A group whose commands end a user's mistake in one message on standard error, and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"wattbench: {error}", err=True)
            ctx.exit(EXIT_USER)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wattbench")
def main() -> None:
    """Specialist, generalist, mixture or router? Accuracy, latency and energy of the same requests."""


def _names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if value else ()


def _narrowing(command: Any) -> Any:
    """The options that make a suite smaller."""
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="At most so many items of each task."),
        click.option("--tasks", callback=_names, metavar="A,B", help="Only these tasks of the suite."),
        click.option("--systems", callback=_names, metavar="A,B", help="Only these systems of the suite."),
        click.option("--allow-unsafe-code", is_flag=True, help="Allow tasks that run code which a model wrote."),
    ):
        command = option(command)
    return command


def _carbon_options(command: Any) -> Any:
    """The options that restate a run's grams; joules stay what they were."""
    for option in (
        click.option("--pue", type=click.FloatRange(min=1.0), help="Power usage effectiveness."),
        click.option("--intensity", type=click.FloatRange(min=0.0), help="Grid intensity in g CO2e per kWh."),
        click.option("--region", metavar="ISO3", help="Country whose grid it is, such as FRA."),
    ):
        command = option(command)
    return command


_RUN = click.argument("run", type=click.Path(path_type=Path))


@main.command()
@click.argument("suite")
@_narrowing
def plan(suite: str, allow_unsafe_code: bool, **narrowing: Any) -> None:
    """Show the cells of SUITE, their items and how they will be measured. Runs nothing, and needs no network.

    SUITE is a file, or the name of a suite that wattbench ships. What running it needs and is not here is noted.
    """
    from harness.plan import as_text
    from harness.preview import preview

    with _stdout_to_stderr():
        resolved = _load(suite, **narrowing)
        seen = preview(resolved, allow_unsafe_code=allow_unsafe_code)
        metered = _provenance(_meters())
    click.echo(as_text(resolved, seen.cells, metered, seen.notes))


@main.command()
@click.argument("suite", required=False)
@_narrowing
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML report here, too.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Finish an interrupted run.")
def run(
    suite: str | None,
    out: Path,
    report: Path | None,
    resume: Path | None,
    allow_unsafe_code: bool,
    **narrowing: Any,
) -> None:
    """Run SUITE and print the run's directory; everything else goes to standard error.

    SUITE is a file, or the name of a suite that wattbench ships.
    """
    if (suite is None) == (resume is None):
        raise UserError("name a suite to run, or a run to --resume: one of the two")
    if resume is not None and any(narrowing.values()):
        raise UserError("--systems, --tasks and --limit go with a new run; a resumed one keeps its own")
    with _stdout_to_stderr(), _measuring_alone():
        if suite is not None:
            root = _run_new(suite, out, allow_unsafe_code, narrowing)
        else:
            assert resume is not None
            root = _run_resumed(resume, allow_unsafe_code)
        if report is not None:
            from reports.page import write_report

            write_report(root, report)
    click.echo(root)


@main.command()
@_RUN
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
)
@_carbon_options
def compare(run: Path, form: str, region: str | None, intensity: float | None, pue: float | None) -> None:
    """Compare the systems of RUN: a row for each, from its records alone."""
    from harness.records import read_run
    from reports.compare import compare as make_comparison
    from reports.export import render

    comparison = make_comparison(read_run(run), region=region, intensity_g_per_kwh=intensity, pue=pue)
    click.echo(render(comparison, form), nl=False)


@main.command()
@_RUN
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The HTML file.")
@_carbon_options
def report(run: Path, output: Path, region: str | None, intensity: float | None, pue: float | None) -> None:
    """Write the report of RUN: one self-contained HTML page."""
    from reports.page import write_report

    write_report(run, output, region=region, intensity_g_per_kwh=intensity, pue=pue)
    click.echo(output)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Which sensors exist, which can be read and why not, and what will be measured and what only modelled."""
    import json

    from harness import doctor as checks
    from harness.meters import survey

    with _stdout_to_stderr():
        sensors = survey()
    click.echo(json.dumps(checks.as_data(sensors), indent=2) + "\n" if as_json else checks.as_text(sensors), nl=False)


@main.group()
def family() -> None:
    """The reference family: models of every kind, all made from one base."""


@family.command("build")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--recipe", type=click.Path(path_type=Path), help="Another recipe than the one wattbench ships.")
def family_build(names: tuple[str, ...], recipe: Path | None) -> None:
    """Train the members of the family that are missing or out of date: all, or those NAMEd.

    An interrupted build goes on from its last checkpoint when it is started again.
    """
    from harness.config import benchmarks_folder
    from harness.train import load_family

    made_by = load_family(recipe or benchmarks_folder() / "family" / "recipe.yaml")
    with _stdout_to_stderr(), _measuring_alone():
        built = _build_family(made_by, names)
    for name in built:
        click.echo(made_by.folder / name)


@main.command()
def schema() -> None:
    """Print the JSON Schema of a suite file, for editors."""
    import json

    from harness.config import Suite

    click.echo(json.dumps(Suite.model_json_schema(), indent=2))


def _build_family(made_by: Family, names: tuple[str, ...]) -> list[str]:
    from harness.errors import require
    from harness.meters import Metering
    from harness.progress import progress
    from reports.carbon import carbon_of_suite

    require("torch", extra="hf", what="training")
    from harness.train.build import build, planned_documents, stale

    wanted = stale(made_by, names or tuple(made_by.recipe.members))
    if not wanted:
        click.echo("every member is built by this recipe already", err=True)
        return []
    carbon = carbon_of_suite(made_by.recipe.carbon.model_dump())

    def grams(joules: float) -> tuple[float | None, str]:
        return (None, "no region given") if carbon is None else (carbon.grams(joules), carbon.describe())

    documents = sum(planned_documents(made_by, name) for name in wanted)
    with Metering(_meters()) as metering, progress(len(wanted), documents, "members", "documents") as shown:
        build(made_by, wanted, metering, shown, grams)
    return wanted


def _load(suite: str, **narrowing: Any) -> Resolved:
    from harness.config import load_suite

    resolved = load_suite(suite).narrowed(**narrowing)
    _check_carbon(resolved.suite)
    return resolved


def _check_carbon(suite: Suite) -> None:
    """A region that the report will not know should stop a run before it starts, not after."""
    from reports.carbon import carbon_of_suite

    carbon_of_suite(suite.carbon.model_dump())


def _run_new(suite: str, out: Path, allow_unsafe_code: bool, narrowing: dict[str, Any]) -> Path:
    from harness.plan import plan as make_plan
    from harness.resume import new_run

    resolved = _load(suite, **narrowing)
    cells = make_plan(resolved, allow_unsafe_code=allow_unsafe_code)
    meters = _meters()
    command = ["wattbench", *sys.argv[1:]]
    writer = new_run(out, resolved, cells, _provenance(meters), command)
    return _measure(writer, resolved, cells, meters, allow_unsafe_code)


def _run_resumed(root: Path, allow_unsafe_code: bool) -> Path:
    from harness.config import resolved_from_record
    from harness.plan import plan as make_plan
    from harness.records import RunWriter, read_run
    from harness.resume import check_same_work

    records = read_run(root)
    if records.finished:
        click.echo(f"{root} is finished already", err=True)
        return root
    resolved = resolved_from_record(records.header.suite)
    cells = make_plan(resolved, allow_unsafe_code=allow_unsafe_code)
    meters = _meters()
    check_same_work(records, cells, _provenance(meters))
    return _measure(RunWriter(root), resolved, cells, meters, allow_unsafe_code)


def _measure(
    writer: RunWriter, resolved: Resolved, cells: list[Cell], meters: list[Meter], allow_unsafe_code: bool
) -> Path:
    from harness.cell import WindowNames
    from harness.meters import Metering
    from harness.progress import progress
    from harness.records import read_run
    from harness.run import Session, run_cells

    root = writer.layout.root
    records = read_run(root)
    names = WindowNames(records.header.run, len(records.windows()) + len(records.open_windows()))
    items = sum(cell.items for cell in cells) * resolved.suite.measure.repeats
    try:
        with writer, Metering(meters) as metering, progress(len(cells), items) as shown:
            run_cells(Session(resolved, cells, writer, metering, names, shown, allow_unsafe_code))
    except BaseException as error:
        click.echo(
            f"wattbench: stopped. What was answered is safe; go on with: wattbench run --resume {root}",
            err=True,
        )
        if isinstance(error, KeyboardInterrupt):
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from error
        raise
    return root


def _meters() -> list[Meter]:
    """The meters for this machine; what there is and can't be read is said, as no record could show it."""
    from harness.doctor import as_data
    from harness.meters import meters_for, survey

    sensors = survey()
    for component in as_data(sensors)["unmeasured"]:
        click.echo(
            f"wattbench: {component} cannot be measured; its joules will be missing (wattbench doctor)", err=True
        )
    return meters_for(sensors)


def _provenance(meters: list[Meter]) -> dict[str, str]:
    return {component: how for meter in meters for component, how in meter.provenance.items()}


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Libraries print; standard output is for what the command was asked for."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def _measuring_alone() -> Iterator[None]:
    """Energy is device-wide: one run at a time on a machine. A polite kill is treated as Ctrl-C."""
    import filelock

    from harness.weights import cache_folder

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / "measuring.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise UserError(
            "another wattbench run is measuring on this machine. Energy is counted for the whole device, so two runs "
            "would bill each other; wait for it to end"
        ) from error
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        lock.release()
