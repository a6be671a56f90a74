"""Rounds: every document once, every task its share, who begins drawn."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from harness.gating.schedule import not_begun, plan_rounds
from harness.records import BASELINE, CANDIDATE, SIDES

TASKS = st.dictionaries(st.sampled_from(["sums", "text", "logic", "time"]), st.integers(1, 60), min_size=1)


@given(TASKS, st.integers(1, 9), st.integers(0, 99))
def test_every_document_is_in_one_block_of_its_task(items, block, seed) -> None:
    rounds = plan_rounds(items, block=block, seed=seed)
    blocks = [each for own in rounds for each in own.blocks]
    asked = Counter((each.task, doc_id) for each in blocks for doc_id in each.doc_ids)
    assert asked == Counter((task, doc_id) for task, number in items.items() for doc_id in range(number))
    assert all(1 <= len(each.doc_ids) <= block for each in blocks)
    assert all(len(each.blocks) == 2 for each in rounds[:-1])
    assert sum(own.items for own in rounds) == sum(items.values())


@given(TASKS, st.integers(1, 9))
def test_at_any_time_each_task_has_had_its_share_of_blocks(items, block) -> None:
    order = [each.task for own in plan_rounds(items, block=block, seed=1) for each in own.blocks]
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


def test_the_seed_draws_the_documents_and_who_begins() -> None:
    plans = [plan_rounds({"sums": 400}, block=4, seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
    begins = Counter(own.first for own in plans[0])
    assert set(begins) == set(SIDES)
    assert min(begins.values()) > 10  # of 50; fewer of a fair coin happen once in ten thousand seeds
    assert plans[0][0].blocks[0].doc_ids != tuple(range(4))


def test_another_task_leaves_the_documents_of_the_first_as_they_were() -> None:
    def of_sums(items: dict[str, int]) -> list[tuple[int, ...]]:
        blocks = [each for own in plan_rounds(items, block=4, seed=1) for each in own.blocks]
        return [each.doc_ids for each in blocks if each.task == "sums"]

    assert of_sums({"sums": 20}) == of_sums({"sums": 20, "text": 30})


def test_the_second_block_begins_with_the_other_side() -> None:
    for own in plan_rounds({"sums": 80}, block=4, seed=5):
        assert own.order(0) == ((BASELINE, CANDIDATE) if own.first == BASELINE else (CANDIDATE, BASELINE))
        assert own.order(1) == own.order(0)[::-1]


def test_a_round_of_which_anything_was_asked_is_not_begun_again() -> None:
    rounds = plan_rounds({"sums": 40}, block=4, seed=5)
    torn = rounds[2].blocks[1]
    assert not_begun(rounds, set()) == rounds
    assert not_begun(rounds, {("sums", torn.doc_ids[0])}) == [*rounds[:2], *rounds[3:]]
    assert not_begun(rounds, {("text", torn.doc_ids[0])}) == rounds
