"""Commands that list what there is: `suites list` and `runs list`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import runs, suites
from wattbench.cli._json import json_option, print_json
from wattbench.terminal import TextColumn, log_text, text_table

if TYPE_CHECKING:
    from wattbench.api.list_suites import ListedSuite
    from wattbench.api.run_folder import ListedRun


@suites.command(
    "list",
    short_help="List suites: shipped ones, and those in this folder.",
    examples=(
        "wattbench suites list",
        "wattbench suites list --json",
    ),
)
@json_option
def list_suites(as_json: bool) -> None:
    """List the suites: those that wattbench ships, and those in the current folder and its folder benchmarks.

    `wattbench suites plan` and `run` take a suite by what is in the first column. None of its code is run.
    """
    from wattbench.api.list_suites import suites_here

    listed = suites_here(Path.cwd())
    if as_json:
        print_json({"suites": [each.as_record() for each in listed]})
        return
    click.echo(log_text("\n".join(_suite_lines(listed))))


@runs.command(
    "list",
    short_help="List the runs of a folder.",
    examples=(
        "wattbench runs list",
        "wattbench runs list archive --json",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="[DIR]", default=Path("runs"))
@json_option
def list_runs(folder: Path, as_json: bool) -> None:
    """List the runs in DIR (default: runs), the newest last: what each is of, and whether it is finished.

    One that was interrupted is followed by the command that finishes it, a damaged one by what is wrong with it.
    """
    from wattbench.api.run_folder import runs_in

    listed = runs_in(folder)
    if as_json:
        print_json({"runs": [each.as_record() for each in listed]})
        return
    click.echo(log_text("\n".join(_run_lines(listed) if listed else [f"no runs in {folder}"])))


def _suite_lines(listed: Sequence[ListedSuite]) -> list[str]:
    columns = [TextColumn("suite"), TextColumn("tasks", right=True), TextColumn("systems", right=True), TextColumn()]
    rows, below = [], []
    for each in listed:
        known = each.problem is None
        counts = [str(len(names)) if known else "-" for names in (each.tasks, each.systems)]
        rows.append([each.name, *counts, each.description if known else "cannot be read"])
        below.append([] if known else [f"  {each.problem}"])
    return text_table(columns, rows, below=below)


def _run_lines(listed: Sequence[ListedRun]) -> list[str]:
    columns = [
        TextColumn("run"), TextColumn("suite"), TextColumn("created (UTC)"), TextColumn("systems", right=True),
        TextColumn("items", right=True), TextColumn("size", right=True), TextColumn("state"),
    ]  # fmt: skip
    rows, below = [], []
    for each in listed:
        rows.append(
            [
                each.run,
                each.suite,
                each.created_utc[:16].replace("T", " "),
                str(len(each.systems)) if each.systems else "-",
                "-" if each.items is None else f"{each.items:,}",
                _size(each.size_bytes),
                each.state if each.kind in ("", "run") else f"{each.state} {each.kind}",
            ]
        )
        below.append([f"  {line}" for line in (each.resume, each.problem) if line])
    return text_table(columns, rows, below=below)


def _size(count: float) -> str:
    """Format bytes: ``1.2 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 100 or unit == "B" else f"{count:.1f} {unit}"
