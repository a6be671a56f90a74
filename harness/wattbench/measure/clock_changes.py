"""Find whether the clock of the machine was set since a run began."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from wattbench.clock import clock_of_boot
from wattbench.records import RunRecords

MOST_S = 1.0
"""The wall clock may differ by this much from the time since the machine was started: it is corrected all the time."""
_SO = (
    "Seconds and joules are right, as no window is measured by a clock that can be set; what is matched by the hour or "
    "by another program's log (grams by the hour, logs of meters) may be of another time in one of its parts"
)


def clock_changes(records: RunRecords) -> list[str]:
    """Return a sentence if the clock was set since a run began. Empty if it was not, or if nothing shows it.

    It is known where the machine was not started again, and where the run has a stamp that is yet to come.
    """
    root, was = records.layout.root, records.header.environment.get("clock")
    if _set_s(was) is not None:
        return clock_changes_since(was, root)
    last_s = max(_stamps_s(records), default=0.0)
    if last_s <= time.time() + MOST_S:
        return []
    stamp, here = _utc(last_s), _utc(time.time())
    return [f"{root}: the clock was set back: the run has a stamp of {stamp}, and now it is {here}. {_SO}"]


def clock_changes_since(was: object, root: Path) -> list[str]:
    """Return a sentence if the clock was set since a call of `clock_of_boot`; otherwise an empty list.

    Args:
        was: what that call returned.
        root: of the run.
    """
    set_s = _set_s(was)
    if set_s is None or abs(set_s) <= MOST_S:
        return []
    which = "forward" if set_s > 0 else "back"
    return [f"{root}: the clock was set {which} by {abs(set_s):,.0f} s since the run began. {_SO}"]


def _set_s(was: object) -> float | None:
    """Return by how many seconds the clock was set; None if unknown, as after a restart of the machine."""
    now = clock_of_boot()
    if now is None or not isinstance(was, Mapping) or was.get("boot") != now["boot"]:
        return None
    offset_s = was.get("offset_s")
    return float(now["offset_s"]) - offset_s if isinstance(offset_s, int | float) else None


def _stamps_s(records: RunRecords) -> Iterator[float]:
    for window in records.windows():
        yield window.finished_s
    for system, task in records.header.pairs:
        for row in records.answers_of_all_attempts(system, task):
            yield row.finished_s


def _utc(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
