"""Intervals of joules for each request and each correct answer: by block, by draws, and what no spread shows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from wattbench_reports.metrics.domain_sums import Basis, basis
from wattbench_reports.metrics.ratio_intervals import block_ratios, drawn_errors, intervals, items_worth, lone_share
from wattbench_reports.stats import Interval, block_ratio
from wattbench_reports.stats.student import MOST_DF, t_probability, t_quantile
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels

JOULES = {"energy_j": 1.0}


def made_table(rng: np.random.Generator, sizes: tuple[int, ...], accuracy: float = 0.6, blocks: int = 0) -> ItemTable:
    """Two systems over domains of some sizes, in a number of blocks; joules with a long tail."""
    domains = Labels.of(np.repeat([f"d{place}" for place in range(len(sizes))], sizes))
    n = len(domains)
    correct = (rng.random((n, 2)) < accuracy).astype(float)
    energy = rng.gamma(2.0, 2.0, size=(n, 2)) * (1.5 - 0.5 * correct)
    one = np.ones((n, 2))
    number = None if not blocks else np.repeat((rng.permutation(n) % blocks)[:, None], 2, axis=1)
    return ItemTable(("a", "b"), domains, domains, one, correct, one, correct, energy, number)


def first(base: Basis, shares: np.ndarray | None = None, *, per_correct: bool = True) -> Interval:
    interval = intervals(base, JOULES, shares, per_correct=per_correct)[0]
    assert interval is not None
    return interval


def test_by_block_it_is_the_ratio_of_the_blocks_sums() -> None:
    table = made_table(np.random.default_rng(2), (40, 40), blocks=8)
    found = intervals(basis(table), JOULES, None, per_correct=True)
    sums = [
        np.array([array[table.blocks[:, 0] == block].sum(axis=0) for block in range(8)])
        for array in (table.energy_j, table.metered_correct)
    ]
    for interval, top, bottom in zip(found, *(each.T for each in sums), strict=True):
        ratio = block_ratio(top, bottom)
        expected = ratio.interval()
        assert (interval.estimate, interval.low, interval.high) == pytest.approx(
            (expected.estimate, expected.low, expected.high)
        )


def test_a_slow_block_widens_an_interval_by_block_alone() -> None:
    table = made_table(np.random.default_rng(3), (60, 60), blocks=8)
    slow = replace(table, energy_j=table.energy_j * np.where(table.blocks == 2, 3.0, 1.0))
    width = [math.log(each.high / each.low) for each in (first(basis(table)), first(basis(slow)))]
    assert width[1] > 2 * width[0]
    by_item = [
        math.log(each.high / each.low) for each in (first(basis(replace(each, blocks=None))) for each in (table, slow))
    ]
    assert by_item[1] < 1.7 * by_item[0], "items alone hardly see it"


def test_a_mix_weighs_the_domains_of_each_block() -> None:
    table = made_table(np.random.default_rng(4), (40, 20), blocks=5)
    base, shares = basis(table), np.array([0.1, 0.9])
    ratio = block_ratios(base, JOULES, shares, per_correct=True)[0]
    weight = np.where(table.domains.are("d0"), 0.1 / 40, 0.9 / 20)
    expected = (weight * table.energy_j[:, 0]).sum() / (weight * table.correct[:, 0]).sum()
    assert ratio.estimate == pytest.approx(expected)
    assert ratio.df == 4


def test_one_block_is_no_block() -> None:
    table = made_table(np.random.default_rng(5), (30, 30), blocks=1)
    assert basis(table).blocks is None
    assert first(basis(table)) == first(basis(replace(table, blocks=None)))


def test_without_blocks_it_is_never_narrower_than_students_t() -> None:
    table = made_table(np.random.default_rng(6), (15, 15))
    base = basis(table)
    half = t_quantile(29) * float(drawn_errors(base, JOULES, None, per_correct=True)[:, 0].std())
    interval = first(base)
    assert interval.low <= interval.estimate / math.exp(half) * (1 + 1e-12)
    assert interval.high >= interval.estimate * math.exp(half) * (1 - 1e-12)


def test_few_items_with_most_of_the_joules_are_marked_and_then_unbounded() -> None:
    table = made_table(np.random.default_rng(7), (100,))
    for largest, worth, few, bounded in (
        (1.0, 100, False, True),
        (12.0, 33, False, True),
        (20.0, 19, True, True),
        (1e4, 3, True, False),
    ):
        energy = np.ones((100, 2))
        energy[:3] = largest
        base = basis(replace(table, energy_j=energy))
        interval = first(base)
        assert items_worth(base, None)[0] == pytest.approx((97 + 3 * largest) ** 2 / (97 + 3 * largest**2))
        assert items_worth(base, None)[0] == pytest.approx(worth, abs=2)
        assert interval.few is few
        assert math.isfinite(interval.high) is bounded


@pytest.mark.parametrize("blocks", [0, 6])
def test_a_domain_of_one_item_leaves_nothing_known(blocks: int) -> None:
    base = basis(made_table(np.random.default_rng(8), (60, 1), blocks=blocks))
    unknown = first(base, np.array([0.5, 0.5]))
    assert (unknown.low, unknown.high) == (0.0, math.inf)
    left_out = first(base, np.array([1.0, 0.0]))
    assert math.isfinite(left_out.high)
    assert lone_share(base, np.array([0.995, 0.005]))[0] == pytest.approx(0.005)
    assert math.isfinite(first(base, np.array([0.995, 0.005])).high)


@pytest.mark.parametrize("blocks", [0, 6])
def test_a_domain_without_a_right_answer_counts_half_of_one(blocks: int) -> None:
    table = made_table(np.random.default_rng(9), (40, 4), accuracy=0.7, blocks=blocks)
    wrong = table.correct.copy()
    wrong[table.domains.are("d1")] = 0.0
    shares = np.array([0.5, 0.5])
    base = basis(replace(table, correct=wrong, metered_correct=wrong))
    right = 0.5 * wrong[table.domains.are("d0"), 0].mean()
    # 0.5 / 4 / 2 more in the denominator of the lower bound.
    low = first(base, shares).low
    assert low <= first(base, shares).estimate * right / (right + 0.0625)


def test_without_joules_or_right_answers_there_is_none() -> None:
    table = made_table(np.random.default_rng(10), (20, 20), blocks=4)
    nothing = np.zeros_like(table.energy_j)
    assert intervals(basis(replace(table, metered_correct=nothing)), JOULES, None, per_correct=True) == [None, None]
    bare = replace(table, energy_j=nothing, metered=nothing, metered_correct=nothing)
    assert intervals(basis(bare), JOULES, None, per_correct=False) == [None, None]


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [0, 8])
def test_a_heavy_tail_is_covered(blocks: int) -> None:
    """40 and 20 items of two domains whose joules have a log-sd of 0.7, of 1, and of 1.5: marked in every run."""
    for spread, least in ((0.7, 0.92), (1.0, 0.88), (1.5, 0.84)):
        rng, shares, hits, marked, runs = np.random.default_rng(12), np.array([0.7, 0.3]), 0, 0, 300
        truth = math.exp(spread**2 / 2) / 0.6
        for _ in range(runs):
            table = made_table(rng, (40, 20), blocks=blocks)
            heavy = basis(replace(table, energy_j=np.exp(spread * rng.standard_normal(table.energy_j.shape))))
            interval = first(heavy, shares)
            hits += interval.low <= truth <= interval.high
            marked += interval.few
        assert hits / runs > least
        assert spread < 1.5 or marked == runs


@pytest.mark.parametrize("df", [1, 2, 3, 7, 8, 31, 200])
def test_students_t_is_capped_and_its_own_inverse(df: int) -> None:
    assert t_probability(t_quantile(df), df) == pytest.approx(0.975)
    assert t_quantile(10_000) == t_quantile(MOST_DF)
