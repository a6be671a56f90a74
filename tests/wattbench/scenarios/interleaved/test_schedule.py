"""Rounds: every item once, in random order, in pairs of which each system is first in one."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records import SIDES
from wattbench.scenarios.interleaved.schedule import (
    GATE_SHORT_PAIRS,
    PlannedRound,
    load_order,
    pairs_of,
    plan_rounds,
    reload_points,
)

TASKS = st.dictionaries(st.sampled_from(["sums", "text", "logic", "time"]), st.integers(1, 60), min_size=1)
BLOCK = st.integers(1, 9)


def asked(rounds: list[PlannedRound]) -> list[tuple[str, int]]:
    return [item for each in rounds for item in each.items]


@given(TASKS, BLOCK, st.integers(1, 4), st.integers(0, 99))
def test_every_item_is_in_one_round(items, block, short, seed) -> None:
    rounds = plan_rounds(items, block=block, joules=True, short=short, seed=seed)
    every = [(task, doc_id) for task, number in items.items() for doc_id in range(number)]
    assert Counter(asked(rounds)) == Counter(every)
    assert all(1 <= len(each.items) <= max(short, block) for each in rounds)


@given(TASKS, BLOCK, st.booleans(), st.integers(1, 4), st.integers(0, 99))
def test_two_rounds_of_equal_size_are_a_pair_and_each_side_is_first_in_one(items, block, joules, short, seed) -> None:
    rounds = plan_rounds(items, block=block, joules=joules, short=short, seed=seed)
    pairs = list(pairs_of(rounds))
    assert [pair[0].pair for pair in pairs] == list(range(len(pairs)))
    for pair in pairs[:-1]:
        assert len(pair) == 2
    for pair in pairs:
        assert {each.first for each in pair} == set(SIDES) or (len(pair) == 1 and len(pair[0].items) == 1)
        assert len({(len(each.items), each.long) for each in pair}) == 1
        assert pair[0].long == (joules and pair[0].pair >= GATE_SHORT_PAIRS)
        assert len(pair[0].items) <= (short if pair[0].pair < GATE_SHORT_PAIRS else block)
    for each in rounds:
        assert (each.order[0], set(each.order)) == (each.first, set(SIDES))


@given(TASKS, BLOCK, st.integers(1, 100))
def test_a_cap_cuts_the_order_of_items_and_changes_none_before_it(items, block, most) -> None:
    whole, cut = (asked(plan_rounds(items, block=block, joules=True, seed=3, most=limit)) for limit in (None, most))
    assert cut == whole[:most]


@given(TASKS, BLOCK, st.booleans(), st.data())
def test_what_is_asked_after_an_interruption_is_the_rest_in_the_same_order(items, block, joules, data) -> None:
    whole = plan_rounds(items, block=block, joules=joules, seed=5)
    seen = set(asked(whole)[: data.draw(st.integers(0, len(asked(whole))))])
    begun = data.draw(st.integers(0, 20))
    rest = plan_rounds(items, block=block, joules=joules, seed=5, answered=seen, pairs=begun)
    assert asked(rest) == [item for item in asked(whole) if item not in seen]
    assert not rest or rest[0].pair == begun
    for each in rest:
        assert each.long == (joules and each.pair >= GATE_SHORT_PAIRS)


def test_the_seed_draws_the_order_of_items_and_the_coins() -> None:
    plans = [plan_rounds({"sums": 400}, block=4, joules=True, seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
    assert [each.first for each in plans[0]] != [each.first for each in plans[2]]
    assert asked(plans[0]) != sorted(asked(plans[0]))


def test_the_order_of_tasks_cannot_be_predicted() -> None:
    """Of 400 neighbours, as many are of one task as in a random order: half, within four standard deviations."""
    tasks = [task for task, _ in asked(plan_rounds({"sums": 200, "text": 201}, block=4, joules=True, seed=1))]
    alike = sum(one == other for one, other in itertools.pairwise(tasks))
    assert abs(alike - 200) < 4 * math.sqrt(400 / 4)


def test_each_pair_has_a_coin_of_its_own() -> None:
    firsts = [pair[0].first for pair in pairs_of(plan_rounds({"sums": 800}, block=1, joules=False, seed=1))]
    # Of 400 coins, and of 399 pairs of neighbours: further off than 40 a fair coin is once in fifteen thousand seeds.
    assert abs(firsts.count(SIDES[0]) - 200) < 40
    assert abs(sum(one == other for one, other in itertools.pairwise(firsts)) - 200) < 40


@pytest.mark.parametrize(
    ("items", "times", "asked", "expected"),
    [
        (320, 3, 0, [16, 21, 26]),  # twelve short pairs of two items, then long ones of sixteen
        (320, 0, 0, []),
        (160, 3, 160, [16]),  # resumed: one of the three is due in what is left
        (2, 3, 0, []),
    ],
)
def test_loads_are_spread_evenly_over_the_items(items: int, times: int, asked: int, expected: list[int]) -> None:
    plan = plan_rounds({"sums": items}, seed=1, block=8, joules=True)
    assert reload_points(plan, times, before=asked) == expected


def test_which_is_loaded_first_is_drawn_for_each_load() -> None:
    orders = [tuple(load_order(1, load)) for load in range(400)]
    assert orders == [tuple(load_order(1, load)) for load in range(400)]
    assert set(map(frozenset, orders)) == {frozenset(SIDES)}
    assert abs(orders.count(SIDES) - 200) < 40
