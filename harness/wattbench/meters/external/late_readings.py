"""Take late readings in order, and place them at a window's edges once the readings after those have come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from wattbench.clock import now_s
from wattbench.meters.base import LaggingMeter, Reading
from wattbench.meters.windows.integral import on_line

POLL_S = 0.1
"""Time between two calls of a lagging meter. A call only looks at a list: it costs almost nothing."""


class Feed:
    """The readings of a lagging meter, in the form that the sampler needs."""

    def __init__(self, meter: LaggingMeter) -> None:
        self.meter = meter
        self.due_s = 0.0
        """When to call it again, seconds since the epoch."""
        self._latest: dict[tuple[str, str], Reading] = {}
        """The last reading of each component's count and power."""
        self._counted: set[str] = set()

    def opening(self) -> list[Reading]:
        """Return the last reading of each component, for a window that opens now."""
        self.news()
        latest = {id(reading): reading for reading in self._latest.values()}
        return sorted(latest.values(), key=lambda reading: reading.at_s)

    def news(self) -> list[Reading]:
        """Return the meter's readings since the last call."""
        try:
            readings = self.meter.take()
        except Exception as error:  # a third party's meter may raise anything; the others must go on
            readings = [Reading(now_s(), gaps=dict.fromkeys(self.meter.provenance, repr(error)))]
        self.due_s = now_s() + POLL_S
        for reading in readings:
            self._latest.update({("energy", component): reading for component in reading.energy_j})
            self._latest.update({("power", component): reading for component in reading.power_w})
            self._counted |= reading.energy_j.keys()
        return readings

    def behind(self, finished_s: float) -> bool:
        """Return whether the meter's reading of a moment is still expected."""
        return now_s() - finished_s < self.meter.lag_s and any(
            self._latest_s(component) < finished_s for component in self.meter.provenance
        )

    def _latest_s(self, component: str) -> float:
        """Return when a component's count was last read; without counts, when its power was."""
        reading = self._latest.get(("energy" if component in self._counted else "power", component))
        return -math.inf if reading is None else reading.at_s


def counts_at_edges(
    components: Iterable[str], readings: Sequence[Reading], started_s: float, finished_s: float
) -> list[Reading]:
    """Return counts at a window's edges, interpolated between the readings around each edge.

    An edge without a reading on one of its sides has no count: the window then reports it.
    """
    placed = []
    for component in components:
        points = sorted((r.at_s, r.energy_j[component]) for r in readings if component in r.energy_j)
        placed += [
            Reading(at_s, {component: on_line(points, at_s)})
            for at_s in (started_s, finished_s)
            if points and points[0][0] <= at_s <= points[-1][0]
        ]
    return placed
