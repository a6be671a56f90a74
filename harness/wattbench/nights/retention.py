"""Decide which nights are kept: all of the last ones, then one per week, then one per month."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import filelock

from wattbench.folder_aside import remove_left
from wattbench.nights.nights import KeptRun, NightsLayout, kept_runs
from wattbench.records import RunLayout
from wattbench.records.files.atomic_write import failing_as, make_folder, sync_folder, sync_tree


@dataclass(frozen=True)
class Keep:
    """How many nights are kept."""

    nights: int = 60
    """Dates, counted from the last one that has a run: all runs of these."""
    weeks: int = 52
    """How many of the calendar weeks before them are kept, with their first night each. Then the first night of each
    month, without end."""


@dataclass(frozen=True)
class Decision:
    """Whether one run is kept, and why."""

    run: KeptRun
    kept: bool
    why: str


def decide(runs: Sequence[KeptRun], keep: Keep, never: Mapping[str, str]) -> list[Decision]:
    """Decide for each run whether it is kept, in the order of the runs.

    The first night of a week or month represents it, as it stays the first whatever is deleted later. Weeks and
    months are counted per series: another suite or machine has its own.

    Args:
        runs: of a history, oldest first.
        keep: how much.
        never: run to why it is kept whatever its age.
    """
    decided: list[Decision] = []
    for series in dict.fromkeys(each.series for each in runs):
        in_series = [each for each in runs if each.series == series]
        why = _reasons([each for each in in_series if each.finished], keep)
        recent = _recent(in_series, keep)
        for each in in_series:
            by_age = why.get(each.date) if each.finished else _unfinished(each, recent)
            reason = never.get(each.run) or by_age
            decided.append(Decision(each, reason is not None, reason or _too_old(each)))
    positions = {each.run: position for position, each in enumerate(runs)}
    return sorted(decided, key=lambda decision: positions[decision.run.run])


def _reasons(finished: Sequence[KeptRun], keep: Keep) -> dict[date, str]:
    """Map each date whose runs are kept to the reason."""
    dates = sorted({each.date for each in finished})
    recent = set(_recent(finished, keep))
    first_of_week: dict[tuple[int, int], date] = {}
    first_of_month: dict[tuple[int, int], date] = {}
    for night in dates:
        first_of_week.setdefault(_week(night), night)
        first_of_month.setdefault((night.year, night.month), night)
    older = [week for week, first in first_of_week.items() if first not in recent]
    weekly = {first_of_week[week] for week in older[len(older) - min(keep.weeks, len(older)) :]}
    why = dict.fromkeys(first_of_month.values(), "first of its month")
    why |= dict.fromkeys(weekly, "first of its week")
    return why | dict.fromkeys(recent, f"among the last {keep.nights} nights")


def _week(night: date) -> tuple[int, int]:
    year, week, _ = night.isocalendar()
    return year, week


def _recent(runs: Sequence[KeptRun], keep: Keep) -> list[date]:
    return sorted({each.date for each in runs})[-keep.nights :]


def _unfinished(run: KeptRun, recent: Sequence[date]) -> str | None:
    return "not finished: it can be resumed" if run.date in recent else None


def _too_old(run: KeptRun) -> str:
    return "another night represents its week or month" if run.finished else "never finished"


def prune(layout: NightsLayout, keep: Keep, never: Mapping[str, str], *, dry_run: bool) -> list[Decision]:
    """Delete the runs that are not kept. Each is moved aside first, so that no reader sees half a run.

    Returns:
        What was decided of every run, oldest first; with `dry_run` nothing is deleted.

    Raises:
        UserError: a run is damaged, or cannot be moved.
    """
    decisions = decide(kept_runs(layout), keep, never)
    if dry_run:
        return decisions
    _clear(layout)
    return [decision if decision.kept else _deleted(layout, decision) for decision in decisions]


def _deleted(layout: NightsLayout, decision: Decision) -> Decision:
    root = decision.run.root
    gone = layout.aside / f"{root.name}.{secrets.token_hex(4)}.out"
    lock = filelock.FileLock(RunLayout(root).lock)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return Decision(decision.run, kept=True, why="it is being written")
    try:
        with failing_as(root, "the run cannot be deleted"):
            layout.aside.mkdir(exist_ok=True)
            root.rename(gone)
            sync_folder(layout.runs)
    finally:
        lock.release()
    (layout.verdicts / f"{root.name}.json").unlink(missing_ok=True)
    shutil.rmtree(gone, ignore_errors=True)  # a rest of it is not a run any more; the next pruning deletes it
    return decision


def _clear(layout: NightsLayout) -> None:
    """Delete what killed processes left in `aside`."""
    for path in layout.aside.glob("*.out"):
        shutil.rmtree(path, ignore_errors=True)
    remove_left(path for path in layout.aside.glob("*") if path.suffix != ".out")


def rebuilt(layout: NightsLayout, build: Callable[[Path], object]) -> Path:
    """Build a history's site and return its folder. Readers see the old site or the new one, whole.

    `site` is a link, as that is what every file system can replace in one step. Of several processes one builds at a
    time; the others wait, and build again from what there is then.

    Args:
        layout: of the history.
        build: writes the site into the empty folder that it is given.

    Raises:
        UserError: it cannot be written.
    """
    with failing_as(layout.site, "the site cannot be built"), filelock.FileLock(layout.site_lock):
        make_folder(layout.sites)
        _without_last_build(layout)
        new = layout.sites / secrets.token_hex(6)
        new.mkdir()
        build(new)
        sync_tree(new)
        sync_folder(layout.sites)  # before a link names it
        _show(layout, new)
    return layout.site


def _without_last_build(layout: NightsLayout) -> None:
    """Delete sites older than the last two, and what a killed build left."""
    before = _before(layout)
    kept = {link.resolve() for link in (layout.site, before)}
    for path in layout.sites.iterdir():
        if path != before and path.resolve() not in kept:
            path.unlink() if path.is_symlink() else shutil.rmtree(path)


def _show(layout: NightsLayout, new: Path) -> None:
    if layout.site.is_symlink():  # who has begun to read it can go on
        _link(layout, _before(layout), layout.site.resolve())
    elif layout.site.exists():  # a copy of a history can have made a folder of the link
        layout.site.rename(layout.sites / f"{new.name}-copied")
    _link(layout, layout.site, new)


def _link(layout: NightsLayout, path: Path, target: Path) -> None:
    """Replace a path by a link to a folder."""
    link = layout.sites / secrets.token_hex(6)  # what a killed process leaves there, the next one clears
    link.symlink_to(os.path.relpath(target, path.parent.resolve()))
    link.replace(path)
    sync_folder(path.parent)


def _before(layout: NightsLayout) -> Path:
    """Return the path of the link to the site that was shown before."""
    return layout.sites / "before"
