"""Readings that come late: kept in order, and placed at a window's edges once those behind them have come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wattbench.clock import now_s
from wattbench.meters.base import LaggingMeter, Reading
from wattbench.meters.windows.integral import Point

POLL_S = 0.1
"""Time between two looks at what a lagging meter has told. One is a look at a list: it costs next to nothing."""


class Feed:
    """What a lagging meter has told, as the sampler needs it."""

    def __init__(self, meter: LaggingMeter) -> None:
        self.meter = meter
        self.due_s = 0.0
        """When it is worth asking again, seconds since the epoch."""
        self._told_s = float("-inf")
        self._latest: Reading | None = None

    def opening(self) -> list[Reading]:
        """The last reading there is when a window opens: what came before, between windows, is nobody's."""
        self.news()
        return [] if self._latest is None else [self._latest]

    def news(self) -> list[Reading]:
        """What has come since it was last asked."""
        try:
            readings = self.meter.take()
        except Exception as error:  # a third party's meter may raise anything; the others must go on
            readings = [Reading(now_s(), gaps=dict.fromkeys(self.meter.provenance, repr(error)))]
        self.due_s = now_s() + POLL_S
        for reading in readings:
            if reading.energy_j or reading.power_w:
                self._latest = reading
                self._told_s = max(self._told_s, reading.at_s)
        return readings

    def behind(self, finished_s: float) -> bool:
        """Whether its reading of this moment is still to come, and may."""
        return self._told_s < finished_s and now_s() - finished_s < self.meter.lag_s

    def edges(self, readings: Sequence[Reading], started_s: float, finished_s: float) -> list[Reading]:
        """Counts at a window's edges, on the line between the readings around each: a step's error at most a quarter.

        Where an edge has no reading on one of its sides there is none: the window then says so.
        """
        placed = []
        for component in self.meter.provenance:
            points = sorted((r.at_s, r.energy_j[component]) for r in readings if component in r.energy_j)
            for at_s in (started_s, finished_s):
                count_j = _on_line(points, at_s)
                if count_j is not None:
                    placed.append(Reading(at_s, {component: count_j}))
        return placed


def _on_line(points: Iterable[Point], at_s: float) -> float | None:
    before: Point | None = None
    for point in points:
        if point[0] >= at_s:
            if before is None or point[0] == at_s:
                return point[1] if point[0] == at_s else None
            return before[1] + (point[1] - before[1]) * (at_s - before[0]) / (point[0] - before[0])
        before = point
    return None
