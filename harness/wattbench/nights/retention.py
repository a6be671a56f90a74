"""Which nights are kept: the last ones all, then one a week, then one a month; and what is never given up."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import filelock

from wattbench.nights.layout import NightsLayout
from wattbench.nights.nights import KeptRun, kept_runs
from wattbench.records import RunLayout
from wattbench.records.atomic_write import failing_as, sync_folder

FORGOTTEN_S = 24 * 3600
"""A copy on its way in that is older was left by a process that was killed."""


@dataclass(frozen=True)
class Keep:
    """How much is kept."""

    nights: int = 60
    """Dates, counted from the last one that has a run: all runs of these."""
    weeks: int = 52
    """Of the calendar weeks before them, so many with their first night each. Then each month's first, for ever."""


@dataclass(frozen=True)
class Fate:
    """What becomes of one run, and why."""

    run: KeptRun
    kept: bool
    why: str


def fates(runs: Sequence[KeptRun], keep: Keep, never: Mapping[str, str]) -> list[Fate]:
    """What is kept and what goes, in the order of the runs.

    The first night of a week or month stands for it, as that one stays the first whatever is deleted later. Weeks and
    months are of one series: another suite or machine has its own.

    Args:
        runs: of a history, oldest first.
        keep: how much.
        never: run to why it is kept whatever its age.
    """
    found: list[Fate] = []
    for series in dict.fromkeys(each.series for each in runs):
        own = [each for each in runs if each.series == series]
        why = _reasons([each for each in own if each.finished], keep)
        recent = _recent(own, keep)
        for each in own:
            by_age = why.get(each.date) if each.finished else _unfinished(each, recent)
            reason = never.get(each.run) or by_age
            found.append(Fate(each, reason is not None, reason or _too_old(each)))
    places = {each.run: place for place, each in enumerate(runs)}
    return sorted(found, key=lambda fate: places[fate.run.run])


def _reasons(finished: Sequence[KeptRun], keep: Keep) -> dict[date, str]:
    """Date to why its runs are kept."""
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
    return "another night stands for its week or month" if run.finished else "never finished"


def prune(layout: NightsLayout, keep: Keep, never: Mapping[str, str], *, dry_run: bool) -> list[Fate]:
    """Delete what is not to be kept. A run is moved aside first, so that nobody ever sees half of one.

    Returns:
        What became of every run, oldest first; of a dry run, what would.

    Raises:
        UserError: a run is damaged, or cannot be moved.
    """
    decided = fates(kept_runs(layout), keep, never)
    if dry_run:
        return decided
    _clear(layout)
    return [fate if fate.kept else _deleted(layout, fate) for fate in decided]


def _deleted(layout: NightsLayout, fate: Fate) -> Fate:
    root = fate.run.root
    gone = layout.aside / f"{root.name}.{secrets.token_hex(4)}.out"
    lock = filelock.FileLock(RunLayout(root).lock)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return Fate(fate.run, kept=True, why="it is being written")
    try:
        with failing_as(root, "the run cannot be deleted"):
            layout.aside.mkdir(exist_ok=True)
            root.rename(gone)
            sync_folder(layout.runs)
    finally:
        lock.release()
    (layout.verdicts / f"{root.name}.json").unlink(missing_ok=True)
    shutil.rmtree(gone, ignore_errors=True)  # what is left of it is no run any more; the next pruning clears it
    return fate


def _clear(layout: NightsLayout) -> None:
    """Delete what processes that were killed have left aside."""
    for path in layout.aside.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another process clears as well
            if path.suffix == ".out" or time.time() - path.stat().st_mtime > FORGOTTEN_S:
                shutil.rmtree(path, ignore_errors=True)
