"""Simulate many runs of each kind, and keep their figures: shares with their errors, and the first runs to repeat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.calibration.judge import SESSIONS, Verdict, verdict
from benchmarks.shares import Share, share
from tests.made_up.noisy_machine import NOISES
from tests.made_up.noisy_runs import ALIKE, SYSTEMS

FIGURES = Path(__file__).with_name("figures.json")
ITEMS = (64, 512)
BLOCKS, TODAY = 8, 1
"""Of a run in blocks, and of one that asks system after system."""
FIRST = 2
"""So many runs of each kind are recorded by themselves: a test simulates them again."""
OUTCOMES = {"called_different": len(ALIKE), "other_items": SYSTEMS, "another_run": SYSTEMS, "leader_lost": 1}
"""Share to how many outcomes a run has of it."""

Map = Callable[[Callable[[int], Verdict], Iterable[int]], Iterable[Verdict]]


@dataclass(frozen=True)
class Kind:
    """The figures of many runs of one kind. Those of `Verdict`, over all runs."""

    noise: str
    items: int
    blocks: int
    runs: int
    called_different: Share
    other_items: Share
    another_run: Share
    leader_lost: Share
    log_width: float
    """Mean over the runs."""
    first: tuple[Verdict, ...]


@dataclass(frozen=True)
class Calibration:
    """All kinds, and what made them."""

    version: str
    sessions: int
    kinds: tuple[Kind, ...]

    def kind(self, noise: str, items: int, blocks: int) -> Kind:
        """Return one of the kinds."""
        return next(each for each in self.kinds if (each.noise, each.items, each.blocks) == (noise, items, blocks))


def calibration(runs: dict[int, int], each: Map = map, note: Callable[[str], None] = lambda line: None) -> Calibration:
    """Simulate all kinds.

    Args:
        runs: items to how many runs of so many items.
        each: how runs are spread over processes, as `map`.
        note: is called with a line for every kind that is done.
    """
    kinds: list[Kind] = []
    for items, number in runs.items():
        for noise in NOISES:
            for blocks in (BLOCKS, TODAY):
                verdicts = list(each(partial(verdict, noise, items, blocks), range(number)))
                kinds.append(_kind(noise, items, blocks, verdicts))
                note(f"{noise}, {items} items, {blocks} blocks: {number} runs")
    return Calibration(version("wattbench"), SESSIONS, tuple(kinds))


def _kind(noise: str, items: int, blocks: int, verdicts: Sequence[Verdict]) -> Kind:
    shares = {name: share([getattr(each, name) for each in verdicts], of) for name, of in OUTCOMES.items()}
    width = round(float(np.mean([each.log_width for each in verdicts])), 6)
    return Kind(noise, items, blocks, len(verdicts), **shares, log_width=width, first=tuple(verdicts[:FIRST]))


def as_json(figures: Calibration) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> Calibration:
    """Read what `tox -e calibration` recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    kinds = [
        Kind(
            **kind
            | {name: Share(**kind[name]) for name in OUTCOMES}
            | {"first": tuple(Verdict(**each) for each in kind["first"])}
        )
        for kind in recorded["kinds"]
    ]
    return Calibration(recorded["version"], recorded["sessions"], tuple(kinds))
