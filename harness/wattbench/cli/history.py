"""`wattbench runs history`: list the nights of a folder, add runs to it, or delete old ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._group import runs as runs_group
from wattbench.cli._json import json_option, print_json
from wattbench.errors import UserError
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.nights import Keep, NightsLayout


@runs_group.command(
    short_help="List nights and series; add and delete nights.",
    most_used="system metric domain format sql add prune keep-nights dry-run rebuild",
    examples=(
        "wattbench runs history nights",
        "wattbench runs history nights --system generalist --metric accuracy",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN]...")
@click.option("--add", is_flag=True, help="Copy finished RUNs into the history; DIR is created if it does not exist.")
@click.option("--prune", is_flag=True, help="Delete nights that the rules below do not keep.")
@click.option(
    "--keep-nights",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="Keep this many last nights;",
)
@click.option(
    "--keep-weeks",
    type=click.IntRange(min=0),
    default=52,
    show_default=True,
    help="before them one per week for this many weeks; before those one per month.",
)
@click.option("--dry-run", is_flag=True, help="With --prune: list what would be deleted, and delete nothing.")
@click.option("--rebuild", is_flag=True, help="Rebuild the site.")
@click.option("--sql", metavar="SELECT", help="Query the runs with DuckDB.")
@click.option("--system", metavar="NAME", help="The series of one system.")
@click.option("--metric", metavar="NAME", help="The series of one metric, such as latency_p50.")
@click.option("--domain", metavar="NAME", help="The series of one domain; default: of all items.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="The format of the output.",
)
@json_option
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
    as_json: bool,
    **series: str | None,
) -> None:
    """List the nights of DIR, the figures of a series, or the result of a SQL query; or add and delete nights.

    The pinned reference, a night at which a figure changed, and a run that is being written are never deleted.
    """
    from wattbench.api.gates.judge_night import rebuild_site
    from wattbench.nights import Keep, NightsLayout

    layout = NightsLayout(folder)
    selected = _selected(add, prune, sql, series)
    if bool(runs) != add:
        raise UserError("--add takes the runs to add" if add else "runs can only be added: use --add")
    if dry_run and not prune:
        raise UserError("--dry-run goes with --prune")
    if not (add or prune or rebuild) or (rebuild and selected and not (add or prune)):
        _show(layout.existing(), sql, series, form, as_json=as_json)
    changed = _HistoryChanges(as_json)
    if add:
        _add(layout, runs, changed)
    elif prune:
        _prune(layout.existing(), Keep(keep_nights, keep_weeks), dry_run, changed)
    if rebuild:
        with stdout_to_stderr():
            page = rebuild_site(layout.existing())
        changed.say(str(page), site=str(page))
    changed.end()


def _selected(add: bool, prune: bool, sql: str | None, series: dict[str, str | None]) -> bool:
    """Return whether an option selects an action. Two actions at once are refused."""
    of_series = any(value is not None for value in series.values())
    given = {"--add": add, "--prune": prune, "--sql": sql is not None, "--system, --metric and --domain": of_series}
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise UserError(f"{' and '.join(names)}: one of them at a time")
    return bool(names)


@dataclass
class _HistoryChanges:
    """What a command changes in a history: printed at once as text, or in the end as one object."""

    as_json: bool
    object: dict[str, Any] = field(default_factory=dict)

    def say(self, text: str, **facts: Any) -> None:
        """Print a line, or keep facts for the object: a value, or a mapping to append to a list."""
        for key, value in facts.items():
            if isinstance(value, dict):
                self.object.setdefault(key, []).append(value)
            else:
                self.object[key] = value
        if not self.as_json and text:
            click.echo(printable(text))

    def end(self) -> None:
        """Print the object."""
        if self.as_json and self.object:
            print_json(self.object)


def _add(layout: NightsLayout, runs: tuple[Path, ...], changed: _HistoryChanges) -> None:
    from wattbench.nights import add_runs

    for added in add_runs(layout, runs):
        changed.say(str(added.root), added={"run": str(added.root), "new": added.new})
        if not added.new:
            notice(f"wattbench: {added.root.name} was in the history already")


def _prune(layout: NightsLayout, keep: Keep, dry_run: bool, changed: _HistoryChanges) -> None:
    from wattbench.nights import prune
    from wattbench_reports.history import load_history, read_reference, trends
    from wattbench_reports.history.listing import nights_behind_changes

    with stdout_to_stderr():
        never = nights_behind_changes(trends(load_history(layout.root)))
        reference = read_reference(layout.root)
        if reference is not None:  # even where it cannot be read
            never[reference.run] = "it is the reference"
        decided = prune(layout, keep, never, dry_run=dry_run)
    changed.say("", dry_run=dry_run)
    for decision in decided:
        name = decision.run.root.name
        shown = not decision.kept or decision.run.run in never
        does = "kept" if decision.kept else "would delete" if dry_run else "deleted"
        pruned = {"run": name, "kept": decision.kept, "why": decision.why}
        changed.say(f"{does} {name}: {decision.why}" if shown else "", pruned=pruned)
    gone = sum(not decision.kept for decision in decided)
    notice(f"wattbench: {gone} of {len(decided)} runs {'would be deleted' if dry_run else 'deleted'}")


def _show(layout: NightsLayout, sql: str | None, series: dict[str, Any], form: str, *, as_json: bool) -> None:
    from wattbench.api.history import night_listing, series_listing, sql_listing
    from wattbench_reports.export.any_rows import rows_text

    with stdout_to_stderr():
        if sql is not None:
            listing = sql_listing(layout, sql)
        elif any(value is not None for value in series.values()):
            listing = series_listing(layout, **series)
        else:
            listing = night_listing(layout)
    for note in listing.notes:
        notice(f"wattbench: {note}")
    if as_json:
        rows = json.loads(rows_text(listing.columns, listing.rows, "json"))
        print_json({"columns": list(listing.columns), "rows": rows, "notes": list(listing.notes)})
        return
    shown = (listing.for_people or listing) if form == "table" else listing
    columns = shown.columns
    if form == "table" and sql is None:  # which names its columns
        columns = [name for name in columns if any(row.get(name) not in (None, "", "–") for row in shown.rows)]
    click.echo(rows_text(columns or shown.columns, shown.rows, form, shown.right), nl=False)
