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


def test_a_gate_asks_every_item_once_with_tasks_and_domains() -> None:
    world = World(domains=4)
    rounds = _rounds(world)
    assert sum(each.items for each in rounds) == world.items == 1200
    assert all(len(each.tasks) == len(each.domains) == each.items for each in rounds)
    assert {name for each in rounds for name in each.domains} == {f"domain {number}" for number in range(4)}
    assert {task: world.domain(task) for task in ("task 0", "task 1", "task 2", "task 7")} == {
        "task 0": "domain 0", "task 1": "domain 0", "task 2": "domain 1", "task 7": "domain 3",
    }  # fmt: skip


def test_what_the_candidate_differs_by_is_in_the_rounds() -> None:
    rounds = _rounds(World(EVEN, slower=0.10, joules=0.20, shifts=(0.15, -0.25)))
    assert _log_ratios(rounds) == pytest.approx(np.log(1.10))
    joules = np.array([each.energy_j for each in rounds if each.energy_j is not None])
    assert np.exp(np.log(joules[:, 1] / joules[:, 0]).mean()) == pytest.approx(1.20, abs=0.01)
    for task, shift in (("task 0", 0.15), ("task 1", -0.25)):
        scores = np.concatenate([each.correct[np.array(each.tasks) == task] for each in rounds])
        assert (scores[:, 1] - scores[:, 0]).mean() == pytest.approx(shift, abs=0.05)
        assert scores[:, 0].mean() == pytest.approx(0.5, abs=0.06)


def test_equal_systems_disagree_on_one_item_in_ten() -> None:
    scores = np.concatenate([each.correct for each in _rounds(World())])
    assert (scores[:, 0] != scores[:, 1]).mean() == pytest.approx(0.1, abs=0.03)


def test_what_the_order_does_cancels_within_a_pair() -> None:
    rounds = _rounds(World(EVEN, second_turn=-0.30))
    for first, second in zip(rounds[::2], rounds[1::2], strict=True):
        assert first.pair == second.pair
        sizes = [np.median(np.log(each.seconds[:, 1] / each.seconds[:, 0])) for each in (first, second)]
        assert sorted(sizes) == pytest.approx([np.log(0.7), -np.log(0.7)])


def test_instances_are_drawn_anew_at_each_load() -> None:
    rounds = _rounds(World(EVEN, instances_sd=0.01))
    by_load = [
        {round(float(x), 9) for x in _log_ratios([one for one in rounds if one.load == load])} for load in range(16)
    ]
    assert [len(each) for each in by_load] == [1] * 16
    assert len(set.union(*by_load)) == 16
    assert {each.load for each in _rounds(World(EVEN, cheap_loads=False))} == {0}
    loads = [each.load for each in rounds]
    assert loads == sorted(loads)


def test_a_burst_hits_both_systems_of_a_round() -> None:
    """Time passes as it is asked: neighbouring requests share what the machine does, distant ones do not."""
    slow = _rounds(World(Noise(request_sd=0.0, burst_slowdown=4.0, burst_s=200.0, between_bursts_s=400.0)))
    still = _rounds(World(EVEN))
    slower = [np.log(a.seconds / b.seconds).mean(axis=0) for a, b in zip(slow, still, strict=True) if a.items > 1]
    both = np.array(slower)
    assert np.corrcoef(both.T)[0, 1] > 0.9
    assert both.std() > 0.3


def test_short_rounds_have_no_joules() -> None:
    assert all((each.energy_j is None) == (each.items == 1) for each in _rounds(World()))
    assert all(each.energy_j is None for each in _rounds(World(), joules=False))


@pytest.mark.parametrize("longer", [(0.2, 1.5), (0.02, 6.0)])
def test_longer_answers_to_some_items_are_as_much_longer_on_average(longer: tuple[float, float]) -> None:
    ratios = np.exp(np.concatenate([_log_ratios(_rounds(World(EVEN, longer=longer), seed=seed)) for seed in range(8)]))
    assert ratios.mean() == pytest.approx(1.10, abs=0.02)
    assert {round(float(x), 6) for x in ratios} == {1.0, longer[1]}


def test_answers_of_their_own_are_as_long_and_as_often_right_on_average() -> None:
    rounds = [each for seed in range(4) for each in _rounds(World(EVEN, lengths_sd=0.7, independent=True), seed=seed)]
    ratios = _log_ratios(rounds)
    assert np.exp(ratios).mean() == pytest.approx(1.0, abs=0.05)
    assert ratios.std() == pytest.approx(0.7, abs=0.03)
    scores = np.concatenate([each.correct for each in rounds])
    assert (scores[:, 0] != scores[:, 1]).mean() == pytest.approx(0.5, abs=0.03)


def test_each_system_wanders_by_itself() -> None:
    rounds = [each for each in _rounds(World(EVEN, wander_sd=0.05, items=4800)) if each.items > 1]
    ratios = np.array([_log_ratios([each]).mean() for each in rounds])
    assert ratios.std() == pytest.approx(0.05 * 2**0.5, rel=0.3)
    assert np.corrcoef(ratios[1:], ratios[:-1])[0, 1] > 0.5


def test_a_job_of_every_minute_slows_both() -> None:
    rounds = _rounds(World(Noise(request_sd=0.0, cron_every_s=60.0, cron_s=10.0)), seed=2)
    still = _rounds(World(EVEN), seed=2)
    slower = sum(each.seconds.sum() for each in rounds) / sum(each.seconds.sum() for each in still)
    assert slower == pytest.approx(1 + 10 / 60, rel=0.06)
