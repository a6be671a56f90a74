"""Load both systems of a gate, and load them again while it runs, where that is cheap.

Two loads of one system can differ for as long as they last: where its memory came to lie, which graphs were compiled,
at which clock a server settled. Such a difference would pass for one of the systems. Repeating at the level where the
variation arises, here the loading, is what Kalibera and Jones recommend (Rigorous benchmarking in reasonable time, ISMM
2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.progress import Progress
from wattbench.scenarios.interleaved.gate import Gate
from wattbench.scenarios.interleaved.schedule import load_order
from wattbench.scenarios.residents import Residents

CHEAP_SHARE = 0.1
"""Of what the gate has run so far: loading both takes less."""
CHEAP_S = 3.0
"""Or at most so long."""


@dataclass
class Loads:
    """Keeps both systems of a gate loaded, and counts how often they were."""

    residents: Residents
    gate: Gate
    progress: Progress
    number: int
    """Of the next loading."""
    points: Sequence[int]
    """The pairs before which both are due to be loaded again."""
    _stay: bool = False
    """Loading is not cheap, so that they stay loaded: how loads differ is known from many of equal size, or not."""
    _began_s: float = field(default_factory=now_s)
    _took_s: float = 0.0
    """How long the last loading took."""

    def load(self) -> None:
        """Load both systems, in a random order."""
        self.residents.release_all()
        order = [self.gate.sides[side].name for side in load_order(self.gate.seed, self.number)]
        self._took_s = sum(self.residents.get(name).load_s for name in order)
        self.number += 1

    def load_again_before(self, pair: int) -> None:
        """Load both systems again before a pair if that is due; with ``reloads: auto``, only if loading is cheap."""
        if self._stay or pair not in self.points:
            return
        if self.gate.policy.reloads == "auto":
            ran_s = now_s() - self._began_s
            took = f"loading both took {self._took_s:.1f} s, and the gate has run for {ran_s:.0f} s"
            if self._took_s > max(CHEAP_S, CHEAP_SHARE * ran_s):
                self._stay = True
                self.progress.note(f"both systems stay loaded: {took} (reloads: auto)")
                return
            self.progress.note(f"both systems are loaded again: {took} (reloads: auto)")
        self.load()
