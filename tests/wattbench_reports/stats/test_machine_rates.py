"""How often comparisons over machines are right, on made-up machines whose speed strays.

A machine is a session of `tests.made_up.noisy_machine` with items of its own: `NOISES` are those of the other rates,
and were fixed before any of these was seen. Sessions of 5% and 15% are machines that differ by so much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.made_up.noisy_machine import NOISES, Noise
from tests.made_up.noisy_runs import ALIKE, answers_to, error, run, seeded, true_j_per_correct
from wattbench_reports.stats import (
    another_run,
    block_ratio,
    node_effects,
    pair_over_nodes,
    paired_block_ratios,
    variance_on_another_node,
)
from wattbench_reports.stats.node_differences import alike_on_all

NODES, BLOCKS, ITEMS = 4, 4, 64
RUNS = 80
FIRST, SECOND = (list(column) for column in zip(*ALIKE, strict=True))
UNLIKE = Noise(drift_sd=0.03, own_session_sd=0.05)
"""Systems differ on each machine by an amount of their own."""


@dataclass(frozen=True)
class OnMachines:
    """One run. Sums are of shape (blocks, systems)."""

    joules: NDArray[np.float64]
    correct: NDArray[np.float64]
    node: NDArray[np.int64]
    length_s: float

    @property
    def logs(self) -> NDArray[np.float64]:
        """The logarithm of joules per request: every block has as many."""
        return np.log(self.joules)


def on_machines(
    rng: np.random.Generator,
    noise: Noise,
    nodes: int = NODES,
    blocks: int = BLOCKS,
    items: int = ITEMS,
    log_sd: float = 0.5,
) -> OnMachines:
    """Ask as many items on each machine, in blocks; `log_sd` is how much longer one item takes than another."""
    runs = [run(rng, noise, answers_to(rng, items, log_sd), blocks=blocks, deals=20) for _ in range(nodes)]
    return OnMachines(
        np.concatenate([each.joules for each in runs]),
        np.concatenate([each.correct for each in runs]),
        np.repeat(np.arange(nodes), blocks),
        runs[0].length_s,
    )


def own_variances(logs: NDArray[np.float64], node: NDArray[np.int64]) -> float:
    """The z value of the mean by inverse variance, with a variance of its own for each machine."""
    of_node = [logs[node == each] for each in np.unique(node)]
    weights = np.array([len(each) / each.var(ddof=1) for each in of_node])
    middle = weights @ [each.mean() for each in of_node] / weights.sum()
    return float(abs(middle) * math.sqrt(weights.sum()))


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES)
def test_alike_systems_are_told_apart_no_more_often_than_promised(noise: str) -> None:
    rng, apart, not_alike = seeded(noise, 1), [], []
    for _ in range(RUNS):
        each = on_machines(rng, NOISES[noise])
        pairs = paired_block_ratios(
            (each.joules[:, FIRST], each.correct[:, FIRST]), (each.joules[:, SECOND], each.correct[:, SECOND])
        )
        apart += [pair is not None and pair.p_value < 0.05 for pair in pairs]
        p_values = [alike_on_all(each.logs[:, one] - each.logs[:, other], each.node) for one, other in ALIKE]
        not_alike += [p_value is not None and p_value < 0.05 for p_value in p_values]
    assert np.mean(apart) <= 0.06 + error(0.06, len(apart))
    assert np.mean(not_alike) <= 0.06 + error(0.06, len(not_alike))


@pytest.mark.slow
def test_by_a_variance_of_its_own_for_each_machine_they_are_told_apart_far_too_often() -> None:
    rng, by_machine, by_block = np.random.default_rng(5), [], []
    for _ in range(RUNS):
        each = on_machines(rng, NOISES["still"], nodes=8, blocks=2, items=16)
        for one, other in ALIKE:
            logs = each.logs[:, one] - each.logs[:, other]
            by_machine.append(own_variances(logs, each.node) > 1.96)
            these = pair_over_nodes(logs, each.node).these
            by_block.append(not these.low <= 1 <= these.high)
    assert np.mean(by_machine) > 0.5
    assert np.mean(by_block) <= 0.06 + error(0.06, len(by_block))


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [2, 4, 8])
def test_the_interval_of_another_machine_holds_a_difference_there(nodes: int) -> None:
    rng, held, found = np.random.default_rng([7, nodes]), [], []
    for _ in range(RUNS):
        each = on_machines(rng, UNLIKE, nodes)
        for one, other in ALIKE:
            pair = pair_over_nodes(each.logs[:, one] - each.logs[:, other], each.node)
            there = math.exp(UNLIKE.own_session_sd * math.sqrt(2) * rng.normal())
            held.append(pair.another.low <= there <= pair.another.high)
            found.append(pair.p_value is not None and pair.p_value < 0.05)
    assert np.mean(held) >= 0.95 - error(0.95, RUNS)
    assert np.mean(found) > 0.07  # 5% by chance: it has some power


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["still", "bursts", "sessions of 5%", "sessions of 15%"])
def test_the_interval_of_another_machine_holds_a_system_s_joules_there(noise: str) -> None:
    rng, held = seeded(noise, 9), []
    for _ in range(RUNS):
        each = on_machines(rng, NOISES[noise])
        truth = true_j_per_correct(NOISES[noise], each.length_s)
        sd = NOISES[noise].session_sd
        there = math.exp(sd * rng.normal() - sd**2 / 2)
        for system, true_j in enumerate(truth.tolist()):
            ratio = block_ratio(each.joules[:, system], each.correct[:, system])
            sums = np.bincount(each.node, weights=each.joules[:, system])
            spread = variance_on_another_node(np.log(sums))
            assert ratio is not None
            assert spread is not None
            interval = another_run(ratio, spread)
            held.append(interval.low <= there * true_j <= interval.high)
    assert np.mean(held) >= 0.92 - error(0.92, RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["still", "drift over 30 s", "bursts", "warming"])
@pytest.mark.parametrize(("nodes", "blocks"), [(4, 4), (8, 4)])
def test_of_machines_that_are_alike_none_is_named(noise: str, nodes: int, blocks: int) -> None:
    rng, named = seeded(noise, nodes, blocks), 0
    for _ in range(RUNS):
        each = on_machines(rng, NOISES[noise], nodes, blocks)
        named += any(effect.unusual for effect in node_effects(each.logs.mean(axis=1), each.node))
    assert named / RUNS <= 0.06 + error(0.06, RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.02, 0.05])
def test_of_many_machines_that_differ_a_little_few_are_named(sd: float) -> None:
    rng, named = np.random.default_rng([17, round(100 * sd)]), 0
    node = np.repeat(np.arange(16), 16)
    for _ in range(RUNS):
        effects = node_effects(0.03 * rng.normal(size=len(node)) + (sd * rng.normal(size=16))[node], node)
        named += any(effect.unusual for effect in effects)
    assert named / RUNS <= 0.08 + error(0.08, RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [2, 4, 8])
def test_a_machine_that_is_much_slower_is_named(nodes: int) -> None:
    rng, named, others, held = np.random.default_rng([13, nodes]), 0, 0, 0
    for _ in range(RUNS):
        each = on_machines(rng, NOISES["still"], nodes, blocks=4, items=256, log_sd=0.2)
        logs = each.logs.mean(axis=1) + np.where(each.node == 1, math.log(1.1), 0)
        effects = node_effects(logs, each.node)
        named += effects[1].unusual
        others += any(effect.unusual for place, effect in enumerate(effects) if place != 1)
        held += effects[1].ratio.low <= 1.1 <= effects[1].ratio.high
    assert named / RUNS > 0.8
    assert others / RUNS <= 0.06 + error(0.06, RUNS)
    assert held / RUNS >= 0.95 - error(0.95, RUNS)


def test_two_machines_are_compared_as_by_student() -> None:
    rng = np.random.default_rng(1)
    values, node = rng.normal(size=10), np.repeat([0, 1], 5)
    first, second = node_effects(values, node)
    expected = stats.ttest_ind(values[:5], values[5:])
    interval = expected.confidence_interval(0.95)
    assert first.ratio.low == pytest.approx(math.exp(interval.low))
    assert first.ratio.high == pytest.approx(math.exp(interval.high))
    assert second.ratio.estimate == pytest.approx(1 / first.ratio.estimate)
    assert first.p_value == pytest.approx(min(1, 2 * expected.pvalue))  # Holm, over both


def test_with_two_machines_the_test_is_welch_s() -> None:
    # Brown and Forsythe's F is then Welch's t squared, and Mehrotra's degrees of freedom are 1 and Welch's.
    rng = np.random.default_rng(2)
    values, node = rng.normal(size=9), np.repeat([0, 1], [3, 6])
    assert alike_on_all(values, node) == pytest.approx(stats.ttest_ind(values[:3], values[3:], equal_var=False).pvalue)


def test_a_machine_with_one_block_has_no_part_in_the_test() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=9)
    assert alike_on_all(values, np.array([0, 0, 0, 0, 1, 1, 1, 1, 2])) == alike_on_all(values[:8], np.repeat([0, 1], 4))
    assert alike_on_all(values, np.arange(9)) is None
    assert alike_on_all(values, np.array([0, 0, 0, 0, 0, 1, 2, 3, 4])) is None


def test_what_differs_by_rounding_alone_is_alike() -> None:
    node = np.repeat([0, 1, 2], 3)
    assert alike_on_all(np.full(9, 0.3) + 1e-15 * np.arange(9), node) == 1.0
    assert alike_on_all(0.1 * node, node) == 0.0


def test_another_machine_is_the_interval_of_one_more_figure() -> None:
    logs, node = np.array([0.1, 0.3, 0.2, 0.4, 0.6, 0.8]), np.repeat([0, 1, 2], 2)
    pair = pair_over_nodes(logs, node)
    means = logs.reshape(3, 2).mean(axis=1)
    half = stats.t.ppf(0.975, 2) * means.std(ddof=1) * math.sqrt(1 + 1 / 3)
    assert math.log(pair.another.high) == pytest.approx(means.mean() + half)
    assert pair.spread == pytest.approx(math.exp(means.max() - means.min()))
    assert pair.nodes == pytest.approx(np.exp(means))


def test_where_each_machine_asked_one_block_none_is_named() -> None:
    effects = node_effects(np.array([0.0, 0.01, -0.01, 0.02, 0.5]), np.arange(5))
    assert not any(effect.unusual for effect in effects)
    assert {(effect.ratio.low, effect.ratio.high, effect.p_value) for effect in effects} == {(0.0, math.inf, None)}
    assert node_effects(np.zeros(3), np.zeros(3, dtype=np.int64)) == []


def test_half_of_the_others_may_be_slow() -> None:
    rng = np.random.default_rng(4)
    node = np.repeat(np.arange(5), 8)
    effects = node_effects(0.01 * rng.normal(size=40) + np.where(node < 2, 0.2, 0), node)
    assert [effect.unusual for effect in effects] == [True, True, False, False, False]
