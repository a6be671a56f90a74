"""Describe the dates without a night."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from itertools import pairwise

_DAY = datetime.timedelta(days=1)


def gaps(dates: Iterable[datetime.date]) -> list[str]:
    """List the stretches of dates without a night, newest first: ``2026-03-04 to 2026-03-06 (3 nights)``."""
    stretches = [gap_between(before, after) for before, after in pairwise(sorted(dates))]
    return [gap for gap in reversed(stretches) if gap]


def gap_between(before: datetime.date, after: datetime.date) -> str:
    """Describe the nights missing between two dates; empty if none is."""
    missing = (after - before).days - 1
    if missing < 1:
        return ""
    return f"{before + _DAY} (1 night)" if missing == 1 else f"{before + _DAY} to {after - _DAY} ({missing} nights)"
