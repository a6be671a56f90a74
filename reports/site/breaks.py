"""Where a series begins anew, and because of what: a word for it, from the records of the nights on either side."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from harness.errors import UserError
from harness.records import read_run
from reports.gate.metrics import METRICS
from reports.history import History, Point, Trend
from reports.history.conditions import Conditions
from reports.units import listed

UNKNOWN = "conditions"
"""In place of a word, where a record is gone."""

_WORDS = {"device": "machine", "power_limit": "power limit"}
"""Parts that people call otherwise."""


@dataclass(frozen=True)
class Break:
    """A night from which on a series is another one."""

    place: int
    date: datetime.date
    run: str
    word: str
    """What is another one: ``machine``, ``tasks and meter``."""


@dataclass(frozen=True)
class Breaks:
    """Finds them, and reads each record that it needs once."""

    history: History
    _read: dict[str, Conditions | None] = field(default_factory=dict)

    def of(self, trend: Trend) -> tuple[Break, ...]:
        """The breaks of a series, oldest first."""
        return tuple(self._of(trend))

    def _of(self, trend: Trend) -> Iterator[Break]:
        measured = [(place, point) for place, point in enumerate(trend.points) if point.value is not None]
        for (_, before), (place, after) in pairwise(measured):
            if before.conditions != after.conditions:
                assert after.run is not None  # it has a figure
                yield Break(place, after.date, after.run, self._word(trend, before, after))

    def _word(self, trend: Trend, before: Point, after: Point) -> str:
        sides = [
            own.parts(METRICS[trend.metric].figure, trend.system, trend.domain, point.items, point.provenance)
            for point in (before, after)
            if (own := self._conditions(point.run)) is not None
        ]
        if len(sides) < 2:
            return UNKNOWN
        first, second = sides
        apart = [_WORDS.get(name, name) for name in first if first[name].facts != second[name].facts]
        return listed(apart) or UNKNOWN

    def _conditions(self, run: str | None) -> Conditions | None:
        if run is None:
            return None
        if run not in self._read:
            try:
                self._read[run] = Conditions(read_run(self.history.night(run).root).header)
            except UserError:
                self._read[run] = None
        return self._read[run]
