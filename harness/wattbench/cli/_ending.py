"""Print what a run, an import and a decision end with: what the data supports, the advice, and what to do next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.progress.notices import notice

if TYPE_CHECKING:
    from wattbench_reports.export.compared_runs import ComparedRuns

open_option = click.option("--open", "open_page", is_flag=True, help="Open the report in a browser.")


def page_of(run: Path) -> Path:
    """Return the default path of a run's report: next to the run's directory, under its name.

    A record never changes, so the report is not in it.
    """
    root = run.resolve()
    return run.parent / f"{root.name}.html" if run.name == root.name else root.with_name(f"{root.name}.html")


def route_hint(run: Path) -> str:
    """Say which command tells whether a router in front of the systems of a run is worth building."""
    return f"what a router would gain: wattbench route {run}"


def next_commands(compared: ComparedRuns, *, run: Path | None, command: str = "", page: bool) -> list[str]:
    """Return what to do next, a line each: state requirements, look at a router, see the report.

    Args:
        compared: what was decided on.
        run: the run that it is; None: it is kept nowhere.
        command: what options are added to; empty: the command that the reader has just typed.
        page: whether a report is written.
    """
    if compared.decided is None:
        return []
    lines = []
    how = command or "add"
    if compared.decided.decision.objective == "prices":
        lines.append(f"what you need: {how} --min-accuracy 80%")
    if compared.could_use_router:
        kept = "what a router would gain: add --keep runs; then wattbench route runs"
        lines.append(kept if run is None else route_hint(run))
    if not page:
        lines.append(f"the report: {how} -o report.html")
    return lines


@dataclass(frozen=True)
class Ended:
    """What a run ended with."""

    page: Path | None
    """The report; None where none was asked for."""
    compared: ComparedRuns | None
    """What was decided on; None of a shard, of a run without answers, and where there is no advice."""


def end_of_run(root: Path, report: Path | None, *, open_page: bool, show_data: bool = False) -> Ended:
    """Write the report where it is asked for, and print the advice, a row per system and the report's path.

    Of a shard it says in place of the advice how to merge it. A row per system on the data is shown where something in
    it is notable, or with `show_data`. All of it goes to standard error.

    Raises:
        UserError: the report cannot be written.
    """
    page = page_of(root) if report is None and open_page else report
    shard = _shard_hint(root)
    if shard is not None:
        notice(shard)
        if page is None:
            return Ended(None, None)
    if (said := _left_out(root)) is not None:
        notice(said)
    compared = None if shard is not None or _show_stated(root) else _advise(root, show_data=show_data)
    if compared is not None:
        for line in next_commands(compared, run=root, command=f"wattbench decide {root}", page=page is not None):
            notice(line)
    if page is None:
        if compared is None:
            notice(f"the report: wattbench runs report --open {root}")
        return Ended(None, compared)
    from wattbench_reports.html import write_report

    write_report(root, page, analysis=None if compared is None else compared.analysis)
    notice(f"report: {page}")
    if open_page:
        open_in_browser(page)
    return Ended(page, compared)


def _left_out(root: Path) -> str | None:
    """Say which systems were not asked to the end, when, and how many requests that left out. None if all were."""
    from wattbench.records import read_run
    from wattbench.records.dropped import answers_left_out
    from wattbench_reports.wording.dropped import left_out_line

    run = read_run(root)
    line = left_out_line(run.looks(), len({system for system, _ in run.header.pairs}), *answers_left_out(run))
    return None if line is None else f"wattbench: {line}"


def _show_stated(root: Path) -> bool:
    """Print the figures of an imported run without answers; return whether the run is such a run."""
    from wattbench.records import read_run
    from wattbench_reports.export.stated_text import stated_as_text
    from wattbench_reports.tables.stated_figures import only_stated

    run = read_run(root)
    if not only_stated(run):
        return False
    notice(f"\n{stated_as_text(run)}")
    return True


def _shard_hint(root: Path) -> str | None:
    """Say which blocks a shard has, and how all blocks are merged. None for a run that is no shard."""
    from wattbench.records import read_run
    from wattbench.records.shards import part_in_words

    header = read_run(root).header
    shard = header.shard
    if shard is None or header.part_of is not None:
        return None
    folder, merged = (shlex.quote(str(each)) for each in (root.parent, root.parent / "merged"))
    which = part_in_words(shard["blocks"], shard["of"])
    return f"wattbench: asked {which}. When all are, merge them with: wattbench runs merge {folder} -o {merged}"


def _advise(root: Path, *, show_data: bool) -> ComparedRuns | None:
    """Print the advice. An error in it does not fail the run, which is finished."""
    try:
        from wattbench.records import read_run
        from wattbench_reports.export.compared_runs import compare_runs
        from wattbench_reports.export.comparison.ending import ending_sections
        from wattbench_reports.presenter.text import text_lines

        compared = compare_runs([read_run(root)])
        shown = ending_sections(compared.comparison, compared.decided, compared.support, show_data=show_data)
        notice("\n".join(["", *text_lines(*shown), ""]))
    except Exception as error:  # whatever is wrong with it, the run is whole
        notice(f"wattbench: no advice on this run: {error or type(error).__name__}")
        return None
    return compared


def open_in_browser(page: Path) -> None:
    """Open a page in the user's browser, or print that there is no browser."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        notice(f"wattbench: no browser could be opened; the page is {page}")
