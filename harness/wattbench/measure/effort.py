"""Choose how long windows and idle last, how many blocks there may be, and whether disturbed ones are asked again.

That follows from what can be learned here. Timing needs no window. A model by CPU seconds needs ten ticks of the
kernel, and is not spoiled by other work. A sensor needs many of its steps, and a machine that does nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.config import Measure
from wattbench.meters import holds_other_work
from wattbench.meters.base import MODELLED
from wattbench.meters.contention.signals import SHORTEST_S

AGAIN = 0.5
"""Blocks that are asked again take at most this share of what the blocks take by themselves."""
NORMAL_SHARE, NORMAL_S = 2.0, 120.0
"""What `normal` promises: the answering time this many times, and seconds on top."""
AROUND_S = 45.0
"""Of these seconds, what is kept for all but the blocks: timing the systems, idle, scoring, tables. On two cores with
400 items of three systems it is 10 to 20 s."""
QUICK_S = 20.0
"""What windows and switches of `quick` may add to the answering time."""
LEAST = 5
"""With fewer blocks a spread cannot be estimated well: at 95% Student's t is 2.78 for 5 blocks, 4.30 for 3, 12.7 for 2
(a normal quantile is 1.96)."""
MOST = 32
"""Student's t for 32 blocks is 2.04: more narrow an interval by less than 4%, and cost a switch of each system each."""
MOST_WITH_LOOKS = 64
"""Of a run that stops asking systems (`measure.stop`): it decides at levels of 1 in 10,000 when a part of its blocks is
done. At a quarter of 64 blocks Student's t is 4.9 there, and at a quarter of 32, 7.1, which takes twice the items."""
_WINDOW_S = {"quick": SHORTEST_S, "normal": 2 * SHORTEST_S, "thorough": 5.0}
"""The shortest window with a sensor: in a shorter one nothing is known of other work. A choice: longer ones make a
sensor's step matter less."""
_IDLE_S = {"quick": 2.0, "normal": 5.0, "thorough": 10.0}
MODELLED_IDLE_S = 1.0
"""A model's rest is a constant: idle shows what loaded systems use of the processor, as servers that poll do."""


@dataclass(frozen=True)
class Effort:
    """How much time a run spends on intervals and joules."""

    name: str
    min_window_s: float
    """Items are asked again until a window lasts as long."""
    watched_s: float
    """Blocks are dealt so that windows last as long where items fill them: then other work is noticed."""
    idle_s: float
    most_blocks: int
    asks_again: bool
    """Whether a block is asked again because of other work: only where that spoils joules that a sensor counts."""

    def most_asking_s(self, answering_s: float) -> float:
        """Return the most seconds that all blocks together may take, without blocks that are repeated.

        Args:
            answering_s: how long answering each item once takes all systems.
        """
        if self.name == "thorough":
            return math.inf
        if self.name == "quick":
            return answering_s + QUICK_S
        again = 1.0 + (AGAIN if self.asks_again else 0.0)
        return (NORMAL_SHARE * answering_s + NORMAL_S - AROUND_S) / again

    def in_words(self, provenance: Mapping[str, str]) -> str:
        """Return one line that names the effort, the metered components, and the lengths of idle and windows.

        Args:
            provenance: component to how its joules come about.
        """
        if not provenance:
            return f"effort {self.name}: accuracy and latency alone"
        metered = ", ".join(f"{component} {how}" for component, how in provenance.items())
        again = "blocks that other work spoils are asked again" if self.asks_again else "no block is asked again"
        windows = f"idle {self.idle_s:g} s, windows of at least {self.min_window_s:g} s"
        return f"effort {self.name}: {metered}; {windows}, {again}"


def effort_of(measure: Measure, provenance: Mapping[str, str], shortest_window_s: float = 0.0) -> Effort:
    """Return the effort of a run, chosen by its settings and its meters.

    Args:
        measure: the suite's settings.
        provenance: component to how its joules come about; empty: none are metered.
        shortest_window_s: what the sensors need.
    """
    sensor = any(how != MODELLED for how in provenance.values())
    automatic_window_s = _WINDOW_S[measure.effort] if sensor else 0.0
    automatic_idle_s = _IDLE_S[measure.effort] if sensor else MODELLED_IDLE_S if provenance else 0.0
    min_window_s = automatic_window_s if measure.min_window_s == "auto" else measure.least_window_s
    idle_s = automatic_idle_s if measure.idle_s == "auto" else measure.idle_s
    min_window_s = max(min_window_s, shortest_window_s)
    return Effort(
        name=measure.effort,
        min_window_s=min_window_s,
        watched_s=max(min_window_s, SHORTEST_S),
        idle_s=max(idle_s, shortest_window_s) if idle_s and provenance else 0.0,
        most_blocks=LEAST if measure.effort == "quick" else MOST_WITH_LOOKS if measure.stop else MOST,
        asks_again=measure.effort != "quick" and any(holds_other_work(c, how) for c, how in provenance.items()),
    )
