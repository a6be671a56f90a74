"""Place a stepped counter in time: joules between two of its steps, and how long its steps are."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wattbench.clock import now_s
from wattbench.meters.windows.integral import Point, integrate

POLL_S = 0.001
"""Pause between readings of a counter whose next step is awaited: 1% of a 100 ms step."""
STEPS_MEASURED = 4
"""Advances from which a counter's step is measured: of the three times between them, one may be caught late."""

CAUGHT_WITHIN_S = 0.01
"""A step seen after a longer pause happened at an unknown moment: the next one is awaited."""

Look = Callable[[str], float | None]
"""Joules of a component's counter now (or its watts), or None where that cannot be read."""


@dataclass(frozen=True)
class Step:
    """One step of a counter, seen as it happened."""

    at_s: float
    before_j: float
    after_j: float
    power: Sequence[Point] = ()
    """Instantaneous watts while it was awaited, if the device reports them."""
    seen_j: float | None = None
    """The count that was waited past, if it was not the one just before: an earlier step was not caught."""

    def energy_j(self, at_s: float, length_s: float) -> float:
        """Return the counter's joules at a moment within a step's length of this step.

        From the step, back or forth along the power that was read meanwhile; without such readings, taking power
        as even across the step. Before the step the figure stays between the counts that enclose it.
        """
        if self.power:
            line_j = self.after_j + integrate(self.power, self.at_s, at_s)
        else:
            line_j = self.after_j + (self.after_j - self.before_j) * (at_s - self.at_s) / length_s
        if at_s >= self.at_s:
            return max(self.after_j, line_j)
        return min(max(self.before_j if self.seen_j is None else self.seen_j, line_j), self.after_j)


def watch(
    look: Look, seen_j: Mapping[str, float], timeout_s: float, *, power: Look, since_s: float | None = None
) -> dict[str, Step]:
    """Read counters until each has advanced beyond its last known count, and return the steps.

    Args:
        look: reads one component's counter.
        seen_j: per component, the count to wait past.
        timeout_s: give up after so many seconds.
        power: reads one component's instantaneous watts, to be noted with its step.
        since_s: when those counts were seen; None for just now.

    Returns:
        The step of every component that was caught at one in time. It need not be the first after what was seen.
    """
    waiting = dict(seen_j)
    watts: dict[str, list[Point]] = {component: [] for component in seen_j}
    steps: dict[str, Step] = {}
    looked_s = dict.fromkeys(seen_j, now_s() if since_s is None else since_s)
    deadline_s = now_s() + timeout_s
    while waiting and now_s() < deadline_s:
        for component, before_j in list(waiting.items()):
            after_j, before_s = look(component), looked_s[component]
            looked_s[component] = now_s()
            if after_j is None or after_j < before_j:  # unreadable or reset: there is no step to place it by
                del waiting[component]
            elif after_j > before_j and looked_s[component] - before_s > CAUGHT_WITHIN_S:
                waiting[component] = after_j  # the thread was held up: who knows when it stepped, or how often
            elif after_j > before_j:
                halfway_s = (before_s + looked_s[component]) / 2.0
                steps[component] = Step(halfway_s, before_j, after_j, watts[component], seen_j[component])
                del waiting[component]
        for component, points in watts.items():  # also of those that have stepped: they are carried on to the last
            now_w = power(component)
            if now_w is not None:
                points.append((now_s(), now_w))
        if waiting:
            time.sleep(POLL_S)
    return steps


def measure_steps(look: Look, seen_j: Mapping[str, float], timeout_s: float) -> dict[str, float]:
    """Measure the seconds between successive steps of each counter.

    Returns:
        Seconds per component, to 10 ms. A counter that advanced once or twice in time gets what that shows
        at the least; one that never advanced is absent: it is stuck.
    """
    counts_j = dict(seen_j)
    looked_s = dict.fromkeys(seen_j, now_s())
    taken_s: dict[str, list[float]] = {component: [] for component in seen_j}
    deadline_s = now_s() + timeout_s
    while now_s() < deadline_s and any(len(times_s) < STEPS_MEASURED for times_s in taken_s.values()):
        for component, times_s in taken_s.items():
            count_j, before_s = look(component), looked_s[component]
            looked_s[component] = now_s()
            if count_j is not None and count_j > counts_j[component]:
                counts_j[component] = count_j
                times_s.append((before_s + looked_s[component]) / 2.0)
        time.sleep(POLL_S)
    lengths_s = {}
    for component, times_s in taken_s.items():
        if len(times_s) >= 2:
            apart_s = median(b - a for a, b in itertools.pairwise(times_s))
            lengths_s[component] = max(round(apart_s, 2), POLL_S)
        elif times_s:
            lengths_s[component] = timeout_s
    return lengths_s
