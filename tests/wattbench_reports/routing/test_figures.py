"""Means over items: their intervals hold the truth as often as promised, with blocks, under a mix, and for shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of
from wattbench_reports.routing.answers.item_answers import with_alike
from wattbench_reports.routing.figures import cluster_parts, item_figure
from wattbench_reports.stats import mean_interval, wilson_interval


def _values(items: int = 60) -> np.ndarray:
    return np.random.default_rng(3).gamma(2.0, size=items)


def test_without_blocks_it_is_the_interval_of_a_mean() -> None:
    values = _values()
    answers = answers_of(np.ones((60, 2)))
    expected = mean_interval(values, np.arange(60))
    found = item_figure(answers, values).interval()
    assert (found.estimate, found.low, found.high) == pytest.approx((expected.estimate, expected.low, expected.high))


def test_scores_of_single_items_have_wilsons_interval() -> None:
    values = (np.arange(200) < 150).astype(float)
    found, expected = item_figure(answers_of(np.ones((200, 2))), values).share(), wilson_interval(0.75, 200)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=2e-3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_items_that_all_agree_have_an_interval(value: float) -> None:
    figure = item_figure(answers_of(np.ones((20, 2))), np.full(20, value))
    assert figure.share().high - figure.share().low > 0.1


def test_under_a_mix_the_difference_between_domains_is_no_uncertainty() -> None:
    domain = ["a"] * 30 + ["b"] * 30
    values = np.repeat([0.0, 1.0], 30)
    mixed = answers_of(np.ones((60, 2)), domain=domain, shares={"a": 0.9, "b": 0.1})
    assert item_figure(mixed, values).estimate == pytest.approx(0.1)
    assert item_figure(mixed, values).se == pytest.approx(0.0, abs=1e-12)
    assert item_figure(answers_of(np.ones((60, 2)), domain=domain), values).se > 0.05


def test_some_of_the_items_have_a_mean_of_their_own() -> None:
    values = _values()
    few = np.arange(60) < 20
    alone, part = (
        item_figure(answers_of(np.ones((20, 2))), values[:20]),
        item_figure(answers_of(np.ones((60, 2))), values, few),
    )
    assert (part.estimate, part.se, part.df) == pytest.approx((alone.estimate, alone.se, alone.df))


def test_one_block_bounds_nothing() -> None:
    figure = item_figure(answers_of(np.ones((9, 2)), cluster=np.zeros(9)), _values(9))
    assert (figure.interval().low, figure.interval().high) == (-np.inf, np.inf)


@given(st.integers(2, 6), st.integers(0, 1000))
def test_parts_of_many_values_are_those_of_each(columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(24, columns))
    answers = answers_of(
        np.ones((24, 2)), domain=["a", "b", "c"] * 8, cluster=np.arange(24) % 4, shares={"a": 0.5, "b": 0.25, "c": 0.25}
    )
    both = cluster_parts(answers, values)
    assert both.sum(axis=0) == pytest.approx(0.0, abs=1e-12)
    for column in range(columns):
        assert both[:, column] == pytest.approx(item_figure(answers, values[:, column]).parts)


def test_blocks_that_share_their_speed_are_in_the_interval() -> None:
    rng = np.random.default_rng(5)
    block = np.arange(160) % 8
    hits = []
    for _ in range(400):
        values = rng.normal(size=160) + rng.normal(scale=1.0, size=8)[block]
        found = item_figure(answers_of(np.ones((160, 2)), cluster=block), values).interval()
        hits.append(found.low <= 0 <= found.high)
    assert 0.92 <= np.mean(hits) <= 0.98


def test_copies_of_a_request_are_one_cluster() -> None:
    values = _values(40).repeat(10)
    one, copies = answers_of(np.ones((40, 2))), with_alike(answers_of(np.ones((400, 2))), np.arange(400) // 10)
    assert item_figure(copies, values).se == pytest.approx(item_figure(one, values[::10]).se)
    assert item_figure(copies, values).df == 39


@pytest.mark.parametrize("copies", [1, 10])
def test_blocks_and_copies_are_both_in_the_interval(copies: int) -> None:
    """Copies are dealt over all blocks; both a block and a request have errors of their own."""
    rng = np.random.default_rng(8)
    hits, request = [], np.arange(400) // copies
    for _ in range(300):
        block = rng.permutation(np.arange(400) % 16)
        values = rng.normal(size=400) + rng.normal(size=400)[request] + 0.3 * rng.normal(size=16)[block]
        answers = with_alike(answers_of(np.ones((400, 2)), cluster=block), request)
        found = item_figure(answers, values).interval()
        hits.append(found.low <= 0 <= found.high)
    assert 0.92 <= np.mean(hits) <= 0.99


def test_what_reads_alike_in_no_two_items_changes_nothing_in_blocks() -> None:
    block, values = np.arange(60) % 6, _values()
    plain = answers_of(np.ones((60, 2)), cluster=block)
    assert item_figure(with_alike(plain, np.arange(60)), values).se == pytest.approx(item_figure(plain, values).se)
