"""Rounds: every document once, every task its share, who is first drawn."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from wattbench.records import SIDES
from wattbench.scenarios.interleaved.schedule import not_begun, plan_rounds

TASKS = st.dictionaries(st.sampled_from(["sums", "text", "logic", "time"]), st.integers(1, 60), min_size=1)


@given(TASKS, st.integers(1, 9), st.integers(0, 99))
def test_every_document_is_in_one_round_of_its_task(items, block, seed) -> None:
    rounds = plan_rounds(items, block=block, seed=seed)
    asked = Counter((each.task, doc_id) for each in rounds for doc_id in each.doc_ids)
    assert asked == Counter((task, doc_id) for task, number in items.items() for doc_id in range(number))
    assert len(rounds) == sum(-(-number // block) for number in items.values())
    assert all(1 <= each.items <= block for each in rounds)


@given(TASKS, st.integers(1, 9))
def test_at_any_time_each_task_has_had_its_share_of_rounds(items, block) -> None:
    order = [each.task for each in plan_rounds(items, block=block, seed=1)]
    own = Counter(order)
    # Every task is begun before any is asked a second time.
    assert len(set(order[: len(items)])) == len(items)
    for end in range(1, len(order) + 1):
        so_far = Counter(order[:end])
        shares = [so_far[task] / own[task] for task in items]
        assert all(share - min(shares) <= 1 / own[task] + 1e-9 for task, share in zip(items, shares, strict=True))


@given(TASKS, st.integers(1, 9), st.integers(1, 100))
def test_a_cap_cuts_the_plan_and_changes_nothing_before_it(items, block, most) -> None:
    whole, cut = (plan_rounds(items, block=block, seed=3, most=limit) for limit in (None, most))
    assert sum(own.items for own in cut) == min(most, sum(items.values()))
    assert cut[:-1] == whole[: len(cut) - 1]
    assert cut[-1].first == whole[len(cut) - 1].first


def test_the_seed_draws_the_documents_and_who_is_first() -> None:
    plans = [plan_rounds({"sums": 400}, block=4, seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
    assert plans[0][0].doc_ids != tuple(range(4))


def test_each_round_has_a_coin_of_its_own() -> None:
    firsts = [each.first for each in plan_rounds({"sums": 1600}, block=4, seed=1)]
    # Of 400 coins, and of 399 pairs of neighbours: further off than 40 a fair coin is once in fifteen thousand seeds.
    assert abs(firsts.count(SIDES[0]) - 200) < 40
    assert abs(sum(one == other for one, other in itertools.pairwise(firsts)) - 200) < 40
    for each in plan_rounds({"sums": 80}, block=4, seed=5):
        assert each.order[0] == each.first
        assert set(each.order) == set(SIDES)


def test_another_task_leaves_the_documents_of_the_first_as_they_were() -> None:
    def of_sums(items: dict[str, int]) -> list[tuple[int, ...]]:
        return [each.doc_ids for each in plan_rounds(items, block=4, seed=1) if each.task == "sums"]

    assert of_sums({"sums": 20}) == of_sums({"sums": 20, "text": 30})


def test_a_round_of_which_anything_was_asked_is_not_begun_again() -> None:
    rounds = plan_rounds({"sums": 40}, block=4, seed=5)
    torn = rounds[2]
    assert not_begun(rounds, set()) == rounds
    assert not_begun(rounds, {("sums", torn.doc_ids[-1])}) == [*rounds[:2], *rounds[3:]]
    assert not_begun(rounds, {("text", torn.doc_ids[0])}) == rounds
