"""Say that the clock was set between the two sessions of a run: its stamps are then of two clocks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from wattbench.clock import clock_of_boot
from wattbench.records import RunRecords

MOST_S = 1.0
"""The wall clock may differ by this much from the time since the machine was started: it is corrected all the time."""
_SO = (
    "Seconds and joules are right, as no window spans it; what is matched by the hour or by another program's log "
    "(grams by the hour, logs of meters) may be of another time in one of its parts"
)


def clock_changes(records: RunRecords) -> list[str]:
    """Return a sentence where the clock was set since a run began; empty where it was not, as far as is known.

    It is known where the machine was not started again, and where the run has a stamp that is yet to come.
    """
    root, now = records.layout.root, clock_of_boot()
    set_s = _set_s(records.header.environment.get("clock"), now)
    if set_s is not None:
        if abs(set_s) <= MOST_S:
            return []
        which = "forward" if set_s > 0 else "back"
        return [f"{root}: the clock was set {which} by {abs(set_s):,.0f} s since the run began. {_SO}"]
    last_s = max(_stamps_s(records), default=0.0)
    if last_s <= time.time() + MOST_S:
        return []
    stamp, here = _utc(last_s), _utc(time.time())
    return [f"{root}: the clock was set back: the run has a stamp of {stamp}, and now it is {here}. {_SO}"]


def _set_s(was: object, now: Mapping[str, Any] | None) -> float | None:
    """Return by how many seconds the clock was set; None where the machine was started again, or it is not known."""
    if now is None or not isinstance(was, Mapping) or was.get("boot") != now["boot"]:
        return None
    offset_s = was.get("offset_s")
    return float(now["offset_s"]) - offset_s if isinstance(offset_s, int | float) else None


def _stamps_s(records: RunRecords) -> Iterator[float]:
    for window in records.windows():
        yield window.finished_s
    for cell in records.header.cells:
        for row in records.answers_of_all_attempts(str(cell["system"]), str(cell["task"])):
            yield row.finished_s


def _utc(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
