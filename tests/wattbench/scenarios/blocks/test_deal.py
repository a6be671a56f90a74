"""The deal: every item once, all tasks in proportion, by the seed alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from wattbench.scenarios.blocks.turn import deal, order_of

TASKS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 30), min_size=1, max_size=5)
SEEDS = st.integers(0, 2**32 - 1)


@given(TASKS, st.data(), SEEDS)
def test_every_item_is_in_one_block_and_every_block_has_its_share_of_every_task(
    items: dict[str, int], data: st.DataObject, seed: int
) -> None:
    blocks = data.draw(st.integers(1, sum(items.values())))
    dealt = deal(items, blocks, seed)
    assert [block.number for block in dealt] == list(range(blocks))
    assert Counter(key for block in dealt for key in block.items) == Counter(
        (task, doc_id) for task, number in items.items() for doc_id in range(number)
    )
    sizes = [len(block.items) for block in dealt]
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1
    for task in items:
        of_task = [len(block.doc_ids.get(task, [])) for block in dealt]
        assert max(of_task) - min(of_task) <= 1


@given(TASKS, SEEDS)
def test_the_seed_alone_decides(items: dict[str, int], seed: int) -> None:
    blocks = min(3, sum(items.values()))
    assert deal(items, blocks, seed) == deal(items, blocks, seed)


def test_another_seed_deals_otherwise_and_first_blocks_are_not_favoured() -> None:
    items = {"a": 7, "b": 6}
    deals = [deal(items, 4, seed) for seed in range(200)]
    assert len({tuple(block.items for block in dealt) for dealt in deals}) > 190
    longer = Counter(block.number for dealt in deals for block in dealt if len(block.items) == 4)
    assert all(25 <= longer[number] <= 80 for number in range(4))  # 50 each: one block of 13 items in 4 is longer


@given(SEEDS, st.integers(0, 40), st.integers(0, 2))
def test_an_order_has_every_system_once(seed: int, block: int, attempt: int) -> None:
    order = order_of("abcde", seed, block, attempt)
    assert sorted(order) == list("abcde")
    assert order == order_of("abcde", seed, block, attempt)


def test_orders_are_drawn_anew_for_every_block_and_attempt() -> None:
    first = Counter(order_of("ab", 7, block, attempt)[0] for block in range(100) for attempt in range(2))
    assert 70 <= first["a"] <= 130
