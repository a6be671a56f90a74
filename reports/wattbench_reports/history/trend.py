"""The model of a series: its points by calendar date, and its changes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class TrendPoint:
    """One calendar date of a series."""

    date: datetime.date
    run: str | None
    """None where no run is of that night."""
    value: float | None
    """None: there is no figure, and the series has a gap. In the unit of the trend."""
    standard_error: float | None = None
    """With the items as the sample; None where it is not known."""
    items: int = 0
    provenance: str = ""
    conditions: str = ""
    """Two points of a series can be set side by side where these are equal, and they are of one machine."""
    node: str = ""
    """The machine that measured it, where the figure depends on the machine and the record names it."""


def comparable(first: TrendPoint, second: TrendPoint) -> bool:
    """Return whether two points may be compared: same conditions and machine. An unnamed machine matches any other."""
    return first.conditions == second.conditions and (first.node == second.node or not (first.node and second.node))


@dataclass(frozen=True)
class Change:
    """A change of one series."""

    date: datetime.date
    """Of the first night after it."""
    run: str
    before: float
    """The level until then, in the unit of the trend."""
    after: float
    """Of the nights from then on that were the first to show it."""
    shift: float
    """Of accuracy the difference (-0.02: 2 points lower), of others the share by which it is higher."""
    limit: float
    """The change beyond which those nights were, as `shift`."""
    nights: int
    """Those nights."""
    shown: datetime.date | None = None
    """The night that was the first to show it. None: not known."""


@dataclass(frozen=True)
class Trend:
    """One series."""

    system: str
    domain: str
    """Empty: all together."""
    metric: str
    unit: str
    """``share``, ``s``, ``J`` or ``tokens``."""
    points: tuple[TrendPoint, ...]
    """One for every calendar date from the first night to the last."""
    changes: tuple[Change, ...]
    """In order."""
    machine: str = ""
    """Of a history with several, where the metric depends on it: the one whose nights these are; others have no run."""
