"""`wattbench history`: what a folder of nights holds, and what is taken in or given up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._group import main
from wattbench.cli._session import stdout_to_stderr
from wattbench.cli.nightly import rebuild_site
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.nights import NightsLayout


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN]...")
@click.option("--add", is_flag=True, help="Copy finished RUNs into the history; DIR is made where there is none.")
@click.option("--prune", is_flag=True, help="Delete nights that need not be kept.")
@click.option(
    "--keep-nights", type=click.IntRange(min=1), default=60, show_default=True, help="Keep so many last ones;"
)
@click.option(
    "--keep-weeks",
    type=click.IntRange(min=0),
    default=52,
    show_default=True,
    help="before, one a week of so many weeks; then one a month.",
)
@click.option("--dry-run", is_flag=True, help="With --prune: say what would be deleted, and delete nothing.")
@click.option("--rebuild", is_flag=True, help="Build the site anew.")
@click.option("--sql", metavar="SELECT", help="Ask DuckDB.")
@click.option("--system", metavar="NAME", help="The series of one system.")
@click.option("--metric", metavar="NAME", help="The series of one metric, such as latency_p50.")
@click.option("--domain", metavar="NAME", help="The series of one domain; else of all items.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def history(
    folder: Path,
    runs: tuple[Path, ...],
    add: bool,
    prune: bool,
    keep_nights: int,
    keep_weeks: int,
    dry_run: bool,
    rebuild: bool,
    sql: str | None,
    form: str,
    **series: str | None,
) -> None:
    """List the nights of DIR, the figures of a series, or what SQL asks of them; or change what DIR holds.

    Never deleted are the pinned reference, a night with which a figure changed, and a run that is being written.
    """
    from wattbench.nights import NightsLayout

    layout = NightsLayout(folder)
    asked = _asked(add, prune, sql, series)
    if bool(runs) != add:
        raise UserError("--add takes the runs to add" if add else "runs are named to be added: say --add")
    if dry_run and not prune:
        raise UserError("--dry-run goes with --prune")
    if add:
        _add(layout, runs)
    elif prune:
        _prune(layout.found(), keep_nights, keep_weeks, dry_run)
    elif not rebuild or asked:
        _show(layout.found(), sql, series, form)
    if rebuild:
        with stdout_to_stderr():
            page = rebuild_site(layout.found())
        click.echo(page)


def _asked(add: bool, prune: bool, sql: str | None, series: dict[str, str | None]) -> bool:
    """Whether something is asked for by name; two of these at once would be two commands."""
    of_series = any(value is not None for value in series.values())
    given = {"--add": add, "--prune": prune, "--sql": sql is not None, "--system, --metric and --domain": of_series}
    names = [name for name, asked in given.items() if asked]
    if len(names) > 1:
        raise UserError(f"{' and '.join(names)}: one of them at a time")
    return bool(names)


def _add(layout: NightsLayout, runs: tuple[Path, ...]) -> None:
    from wattbench.nights import add_runs

    for added in add_runs(layout, runs):
        click.echo(added.root)
        if not added.new:
            click.echo(f"wattbench: {added.root.name} was there already", err=True)


def _prune(layout: NightsLayout, nights: int, weeks: int, dry_run: bool) -> None:
    from wattbench.nights import Keep, prune
    from wattbench_reports.history import load_history, read_reference, trends
    from wattbench_reports.history.listing import nights_behind_changes

    with stdout_to_stderr():
        never = nights_behind_changes(trends(load_history(layout.root)))
        reference = read_reference(layout.root)
        if reference is not None:  # whether or not it can be read
            never[reference.run] = "it is the reference"
        decided = prune(layout, Keep(nights, weeks), never, dry_run=dry_run)
    for fate in decided:
        if not fate.kept:
            click.echo(f"{'would delete' if dry_run else 'deleted'} {fate.run.root.name}: {fate.why}")
        elif fate.run.run in never:
            click.echo(f"kept {fate.run.root.name}: {fate.why}")
    gone = sum(not fate.kept for fate in decided)
    click.echo(f"wattbench: {gone} of {len(decided)} runs {'would go' if dry_run else 'are gone'}", err=True)


def _show(layout: NightsLayout, sql: str | None, series: dict[str, Any], form: str) -> None:
    from wattbench_reports.export.any_rows import rows_text
    from wattbench_reports.history import load_history, trends
    from wattbench_reports.history.listing import NIGHT_COLUMNS, SERIES_COLUMNS, night_rows, series_rows

    with stdout_to_stderr():
        if sql is not None:
            columns, rows = _queried(layout, sql)
        elif any(value is not None for value in series.values()):
            columns, rows = SERIES_COLUMNS, series_rows(trends(load_history(layout.root)), **series)
        else:
            loaded = load_history(layout.root)
            for note in loaded.notes:
                click.echo(f"wattbench: {note}", err=True)
            columns, rows = NIGHT_COLUMNS, [*night_rows(loaded, _verdicts(layout)), *_unfinished(layout)]
    click.echo(rows_text(columns, rows, form), nl=False)


def _queried(layout: NightsLayout, sql: str) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    from wattbench_reports.history import query

    answer = query(layout.root, sql)
    return answer.columns, [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _unfinished(layout: NightsLayout) -> list[dict[str, Any]]:
    from wattbench.nights import kept_runs

    return [
        {"date": each.date, "run": each.run, "commit": each.commit, "notes": "not finished"}
        for each in kept_runs(layout)
        if not each.finished
    ]


def _verdicts(layout: NightsLayout) -> dict[str, str]:
    """Run to what was said of it on its night."""
    from wattbench.nights import kept_verdicts
    from wattbench_reports.export.gate import result_of_json

    return {
        run: result_of_json(path.read_text(), str(path)).verdict.value for run, path in kept_verdicts(layout).items()
    }
