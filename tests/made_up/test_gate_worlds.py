"""The made-up worlds of a gate are as they say: their truth is in the rounds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.gate_worlds import World, play
from tests.made_up.noisy_machine import Noise
from wattbench.scenarios.interleaved.schedule import plan_rounds

EVEN = Noise(request_sd=0.0)


def _rounds(world: World, joules: bool = True, seed: int = 1):
    return play(world, plan_rounds(world.tasks, seed=seed, block=8, joules=joules), np.random.default_rng(seed))


def _log_ratios(rounds) -> np.ndarray:
    return np.concatenate([np.log(each.seconds[:, 1] / each.seconds[:, 0]) for each in rounds])


def test_what_the_candidate_differs_by_is_in_the_rounds() -> None:
    rounds = _rounds(World(EVEN, slower=0.10, joules=0.20, shifts=(0.15, -0.25)))
    assert _log_ratios(rounds) == pytest.approx(np.log(1.10))
    joules = np.array([each.energy_j for each in rounds if each.energy_j is not None])
    assert np.exp(np.log(joules[:, 1] / joules[:, 0]).mean()) == pytest.approx(1.20, abs=0.01)
    for task, shift in (("task 0", 0.15), ("task 1", -0.25)):
        scores = np.concatenate([each.correct[np.array(each.tasks) == task] for each in rounds])
        assert (scores[:, 1] - scores[:, 0]).mean() == pytest.approx(shift, abs=0.05)
        assert scores[:, 0].mean() == pytest.approx(0.5, abs=0.06)


def test_what_the_order_does_cancels_within_a_pair() -> None:
    rounds = _rounds(World(EVEN, second_turn=-0.30))
    for first, second in zip(rounds[::2], rounds[1::2], strict=True):
        assert first.pair == second.pair
        sizes = [np.median(np.log(each.seconds[:, 1] / each.seconds[:, 0])) for each in (first, second)]
        assert sorted(sizes) == pytest.approx([np.log(0.7), -np.log(0.7)])


@pytest.mark.parametrize("longer", [(0.2, 1.5), (0.02, 6.0)])
def test_longer_answers_to_some_items_are_as_much_longer_on_average(longer: tuple[float, float]) -> None:
    ratios = np.exp(np.concatenate([_log_ratios(_rounds(World(EVEN, longer=longer), seed=seed)) for seed in range(8)]))
    assert ratios.mean() == pytest.approx(1.10, abs=0.02)
    assert {round(float(x), 6) for x in ratios} == {1.0, longer[1]}
