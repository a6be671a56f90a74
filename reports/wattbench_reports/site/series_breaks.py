"""Find where a new series starts and what changed, from the records of the nights on either side."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from wattbench.errors import UserError
from wattbench.records import RunHeader, read_run
from wattbench_reports.formatting.units import listed
from wattbench_reports.history import History, Trend, TrendPoint
from wattbench_reports.history.model import comparable
from wattbench_reports.history.series_key import Conditions
from wattbench_reports.metrics.registry import METRICS
from wattbench_reports.tables.header_record import HeaderRecord

UNKNOWN = "conditions"
"""The word for what changed, where a record no longer exists."""

_PACKAGES = "packages"
_MACHINE = "machine"


@dataclass(frozen=True)
class Break:
    """The first night of a new series."""

    day: int
    date: datetime.date
    run: str
    word: str
    """What changed: ``machine``, ``tasks and meter``."""


@dataclass(frozen=True)
class _RunPair:
    """The conditions of two runs, and those of the first with one part replaced by the second's."""

    first: Conditions
    changed: Mapping[str, Conditions]
    """The first run with one part replaced, by the word for the part."""

    @classmethod
    def of(cls, first: RunHeader, second: RunHeader) -> _RunPair:
        old, new = first.environment, second.environment
        packages = {_PACKAGES: new.get(_PACKAGES)}
        changed = {
            "tasks": replace(first, cells=second.cells),
            _MACHINE: replace(first, environment={**new, _PACKAGES: old.get(_PACKAGES)}),
            "settings": replace(first, suite=second.suite),
            # What a model makes of seconds and load changes with its package.
            "meter": replace(first, meters=second.meters, environment={**old, **packages}),
        }
        return cls(
            Conditions(HeaderRecord.of(first)),
            {word: Conditions(HeaderRecord.of(header)) for word, header in changed.items()},
        )

    def apart(self, trend: Trend, before: TrendPoint, after: TrendPoint) -> list[str]:
        """Return the words for the conditions that differ between two points of a trend."""
        figure = METRICS[trend.metric].figure
        conditions_before = self.first.of(figure, trend.system, trend.domain, before.items, before.provenance)
        words = []
        for word, conditions in self.changed.items():
            items = after.items if word == "tasks" else before.items
            provenance = after.provenance if word == "meter" else before.provenance
            if conditions.of(figure, trend.system, trend.domain, items, provenance) != conditions_before:
                words.append(word)
        return words


@dataclass(frozen=True)
class Breaks:
    """Finds the breaks, reading each record once."""

    history: History
    _read: dict[tuple[str | None, str | None], _RunPair | None] = field(default_factory=dict)

    def of(self, trend: Trend) -> tuple[Break, ...]:
        """Return the breaks of a series, oldest first."""
        return tuple(self._of(trend))

    def _of(self, trend: Trend) -> Iterator[Break]:
        measured = [(day, point) for day, point in enumerate(trend.points) if point.value is not None]
        for (_, before), (day, after) in pairwise(measured):
            if not comparable(before, after):
                assert after.run is not None  # it has a figure
                yield Break(day, after.date, after.run, self._word(trend, before, after))

    def _word(self, trend: Trend, before: TrendPoint, after: TrendPoint) -> str:
        sides = self._sides(before.run, after.run)
        words = [] if sides is None else sides.apart(trend, before, after)
        if before.node and after.node and before.node != after.node and _MACHINE not in words:
            words.append(_MACHINE)
        return listed(words) or UNKNOWN

    def _sides(self, first: str | None, second: str | None) -> _RunPair | None:
        if (first, second) not in self._read:
            headers = [self._header(run) for run in (first, second)]
            readable = [header for header in headers if header is not None]
            self._read[first, second] = _RunPair.of(*readable) if len(readable) == 2 else None
        return self._read[first, second]

    def _header(self, run: str | None) -> RunHeader | None:
        try:
            return None if run is None else read_run(self.history.night(run).root).header
        except UserError:
            return None
