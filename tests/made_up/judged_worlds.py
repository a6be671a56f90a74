"""Many judged runs whose truth is known, each written, labelled, read and decided as any run is: about .2 s each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from tests.made_up.judged_runs import FakeJudge, add_labels
from tests.made_up.records import call_on
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision import Decision, decide

TASK = "letters"


@dataclass(frozen=True)
class JudgedWorld:
    """Systems whose answers a judge scores and people label. They have no joules: accuracy alone decides."""

    skills: tuple[float, ...]
    """Of the systems `s0`, `s1` and so on; with the same one they are alike. See `truth`."""
    judge: FakeJudge
    labels: int
    """Of each system."""
    items: int = 300
    blocks: int = 8

    @property
    def truth(self) -> Sequence[float]:
        """Return how often each system is right over all items that there could be."""
        return [accuracy_of(skill) for skill in self.skills]

    @property
    def best(self) -> str:
        """Return the system that is right most often."""
        return f"s{int(np.argmax(self.truth))}"

    def runs(self, folder: Path, number: int) -> Iterator[tuple[Analysis, Decision]]:
        """Yield a number of runs of this world, analysed and decided."""
        systems = tuple(
            FakeSystem(f"s{place}", accuracy=skill, energy_j=None) for place, skill in enumerate(self.skills)
        )
        for draw in range(number):
            judges = {TASK: replace(self.judge, seed=draw)}
            fake = FakeRun(
                systems, tasks=((TASK, "writing"),), items=self.items, blocks=self.blocks, draw=draw, judges=judges
            )
            root = write_run(folder, fake)
            add_labels(root, self.labels, seed=draw)
            analysis = analyse(read_run(root))
            yield analysis, call_on(decide, analysis)
            shutil.rmtree(root)


@lru_cache
def accuracy_of(skill: float) -> float:
    """Return how often a made-up system is right: `tests.made_up.runs` draws it of two even variables."""
    hardness, luck = np.random.default_rng(0).random((2, 1_000_000))
    return float((0.7 * hardness + 0.3 * luck < skill).mean())
