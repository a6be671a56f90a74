"""Commands that read a run: `compare` and `report`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._ending import open_in_browser, open_option, page_of, route_hint
from wattbench.cli._exit_codes import EXIT_APART
from wattbench.cli._group import ComputingCommand, runs
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import RunPath, assumption_options, command_line, names
from wattbench.progress.notices import notice, stdout_to_stderr

if TYPE_CHECKING:
    from wattbench_reports.metrics.assumptions import Assumptions


@runs.command(
    cls=ComputingCommand,
    short_help="Compare the systems of one run or several.",
    most_used="min-accuracy max-p95 max-cost worth-right cost-wrong price system-price region format across",
    examples=(
        "wattbench runs compare runs --min-accuracy 0.8 --max-p95 300ms",
        "wattbench runs compare runs/first runs/second --format markdown",
    ),
)
@click.argument("runs", nargs=-1, required=True, type=RunPath(), metavar="RUN...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
    help="The format of the output.",
)
@click.option(
    "--across",
    callback=names,
    metavar="PART,...",
    help="Rank although these parts differ: tasks, device, driver, power_limit, scenario, meter; estimated; or all.",
)
@json_option
@assumption_options
def compare(
    runs: tuple[Path, ...], form: str, across: tuple[str, ...], assumptions: Assumptions, as_json: bool
) -> None:
    """Compare the systems of one RUN or several, one row per system, from the records alone.

    Of a folder of runs the newest finished one is taken, here and wherever a command takes a RUN.

    Of one run, the first lines advise which system to run, under the requirements of the suite or the options.

    Systems are ranked only where the items, the machine and the meter are the same; differences are listed. Exits with
    3 where nothing of several runs can be ranked against each other. Of an imported run that has figures of its source
    and no answers, these are printed as they are stated.
    """
    from wattbench.records import read_run
    from wattbench_reports.comparison.several_runs import apart_text
    from wattbench_reports.export import render
    from wattbench_reports.export.compared_runs import compare_runs
    from wattbench_reports.export.stated_text import stated_as_json, stated_as_text
    from wattbench_reports.tables.stated_figures import only_stated

    form = "json" if as_json else form
    records = [read_run(run) for run in runs]
    if len(records) == 1 and form in ("table", "json") and only_stated(records[0]):
        click.echo((stated_as_json if form == "json" else stated_as_text)(records[0]), nl=False)
        return
    compared = compare_runs(records, across=across, assumptions=assumptions)
    comparison = compared.comparison
    click.echo(render(comparison, form, compared.decided), nl=False)
    if form == "table" and compared.could_use_router:
        notice(route_hint(runs[0]))
    if comparison.ranked is not None and comparison.ranked.apart:
        notice(f"wattbench: {apart_text(comparison)}")
        raise click.exceptions.Exit(EXIT_APART)


@runs.command(
    cls=ComputingCommand,
    short_help="Write the report of a run: one HTML page.",
    most_used="output open min-accuracy max-p95 max-cost worth-right cost-wrong price system-price region",
    examples=(
        "wattbench runs report runs --open",
        "wattbench runs report runs --output report.html --region FRA",
    ),
)
@click.argument("run", type=RunPath())
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The HTML file; default: next to the run, under its name.",
)
@open_option
@click.option(
    "--routes",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Routers to score from this run's answers: a CSV (router, task, doc_id, member, router_s, router_j), or a log "
    "of vLLM's semantic router or LiteLLM.",
)
@click.option(
    "--so-far", is_flag=True, help="Of a run that was stopped: report its complete blocks, in a run of their own."
)
@click.option("--allow-unsafe-code", is_flag=True, help="With --so-far: allow tasks that run code which a model wrote.")
@json_option
@assumption_options
def report(
    run: Path,
    output: Path | None,
    routes: Path | None,
    assumptions: Assumptions,
    *,
    open_page: bool,
    so_far: bool,
    allow_unsafe_code: bool,
    as_json: bool,
) -> None:
    """Write the report of RUN: one self-contained HTML page, and next to it its figures as CSV and Parquet.

    Prints the path of the page.
    """
    from wattbench.api.stopped_run import part_of
    from wattbench_reports.html import write_report

    if so_far:
        with stdout_to_stderr():
            part = part_of(run, command_line(), allow_unsafe_code=allow_unsafe_code)
        if part != run:
            notice(f"wattbench: the complete blocks of {run} are the run {part}")
        run = part
    page = page_of(run) if output is None else output
    write_report(run, page, replace(assumptions, routers=routes))
    if as_json:
        print_json({"run": str(run), "report": str(page)})
    else:
        click.echo(page)
    if open_page:
        open_in_browser(page)


@runs.command(
    short_help="Print some answers of a run to read.",
    examples=(
        "wattbench runs items runs --wrong",
        "wattbench runs items runs --system specialist --limit 10",
    ),
)
@click.argument("run", type=RunPath())
@click.option("--wrong", is_flag=True, help="Only wrong answers; first those that are wrong by how they are written.")
@click.option("--system", metavar="NAME", help="Only of this system.")
@click.option("--task", metavar="TASK", help="Only to this task.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=3, show_default=True, help="Answers of each system, at most."
)
@click.option("--full", is_flag=True, help="Print prompts and answers whole, however long they are.")
@json_option
def items(run: Path, wrong: bool, system: str | None, task: str | None, limit: int, full: bool, as_json: bool) -> None:
    """Print a few answers of RUN to read: prompt, answer, what was extracted of it, and the key.

    They are chosen at random, over all tasks, and are the same each time. A prompt that is a chat is printed as its
    messages, each with its role. Of a long text only a part is printed. For all answers: export --what items.
    """
    from wattbench.records import read_run
    from wattbench_reports.comparison.analysis import analyse
    from wattbench_reports.presenter.text import as_text
    from wattbench_reports.sections.wrong_answers import answers_section, chosen_answers

    analysis = analyse(read_run(run)).by_item
    if as_json:
        chosen = chosen_answers(analysis.measured, system=system, task=task, limit=limit, only_wrong=wrong, whole=full)
        print_json({"run": str(run), "systems": [asdict(each) for each in chosen]})
        return
    section = answers_section(analysis.measured, system=system, task=task, limit=limit, only_wrong=wrong, whole=full)
    click.echo(as_text(section), nl=False)
