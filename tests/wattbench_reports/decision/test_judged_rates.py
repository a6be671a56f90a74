"""How often corrected scores mislead, over runs that are written, labelled, read and decided: the limits are 5%."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.judged_runs import FakeJudge
from tests.made_up.judged_worlds import TASK, JudgedWorld
from tests.made_up.noisy_runs import error

RUNS = 60
LIMIT = 0.05
FAVOURS = FakeJudge(right=0.85, wrong=0.3, favours={"s0": 0.1})

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("labels", "blocks"), [(20, 6), (60, 0)])
def test_alike_systems_are_rarely_told_apart_whom_the_judge_tells_apart(
    tmp_path: Path, labels: int, blocks: int
) -> None:
    world = JudgedWorld((0.6, 0.6), FAVOURS, labels, items=150, blocks=blocks)
    apart = preferred = 0
    for analysis, decision in world.runs(tmp_path, RUNS):
        gap = analysis.measured.pairs().accuracy("s0", "s1")
        assert gap is not None
        apart += gap.p_value < LIMIT
        assert decision.chosen in decision.best
        cells = analysis.measured.frames.judged_tasks.cells  # type: ignore[union-attr]
        preferred += (cells["s0", TASK].opinion or 0) > (cells["s1", TASK].opinion or 0)
    assert apart / RUNS <= LIMIT + error(LIMIT, RUNS)
    assert preferred / RUNS > 0.8


def test_a_judge_that_favours_the_worse_system_does_not_flip_the_choice(tmp_path: Path) -> None:
    world = JudgedWorld((0.6, 0.64), FAVOURS, labels=100, items=200, blocks=6)
    assert world.best == "s1"
    flipped = misled = 0
    for analysis, decision in world.runs(tmp_path, RUNS):
        flipped += world.best not in decision.best
        cells = analysis.measured.frames.judged_tasks.cells  # type: ignore[union-attr]
        misled += (cells["s0", TASK].opinion or 0) > (cells["s1", TASK].opinion or 0)
    assert flipped / RUNS <= LIMIT + error(LIMIT, RUNS)
    assert misled / RUNS > 0.6


def test_an_interval_of_corrected_scores_holds_the_truth(tmp_path: Path) -> None:
    world = JudgedWorld((0.5, 0.9), FakeJudge(right=0.9, wrong=0.4, unread=0.1), labels=30, items=150, blocks=6)
    held = 0
    for analysis, _ in world.runs(tmp_path, RUNS):
        for system, truth in zip(("s0", "s1"), world.truth, strict=True):
            accuracy = analysis.measured.systems[system].accuracy
            assert accuracy is not None
            held += accuracy.low <= truth <= accuracy.high
    assert held / (2 * RUNS) >= 1 - LIMIT - error(LIMIT, 2 * RUNS)
