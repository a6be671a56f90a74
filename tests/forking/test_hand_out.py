"""Which file a worker is handed next."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.forking.hand_out import HandOut, hand_out, units_of


def items(*nodeids: str) -> list[pytest.Item]:
    """Stand for collected tests."""
    return [SimpleNamespace(nodeid=each) for each in nodeids]  # type: ignore[misc]


@given(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=4), st.lists(st.integers(0, 9), min_size=30))
def test_every_unit_is_handed_out_once_whoever_asks(shared: int, dealt: list[int], asking: list[int]) -> None:
    places = iter(range(100))
    units = HandOut([[next(places)] for _ in range(shared)], [[[next(places)] for _ in range(n)] for n in dealt])
    assert len(units) == shared + sum(dealt)
    handed = [unit for worker in asking if (unit := units.next_unit(worker))]
    assert sorted(handed) == [[place] for place in range(shared + sum(dealt))]
    assert not units


def test_what_all_may_run_comes_first_then_the_own_share_then_the_end_of_the_longest() -> None:
    units = HandOut([[0]], [[[1], [2]], [[3]], [[4], [5], [6]]])
    assert [units.next_unit(1) for _ in range(5)] == [[0], [3], [6], [2], [5]]
    assert units.next_unit(3) == [1], "the worker that replaces the first has its share"
    assert [units.next_unit(0), units.next_unit(2)] == [[4], []]


def test_what_a_worker_gives_back_comes_first() -> None:
    units = HandOut([[0]], [[[1]]])
    units.give_back([7, 8])
    units.give_back([])
    assert [units.next_unit(0) for _ in range(4)] == [[7, 8], [0], [1], []]


def test_a_file_is_a_unit_and_so_is_a_folder_whose_files_share_something() -> None:
    collected = items("tests/b.py::t1", "tests/browser/test_a.py::t", "tests/b.py::t2[x::y]", "tests/browser/c.py::t")
    assert units_of(collected) == {"tests/b.py": [0, 2], "tests/browser": [1, 3]}


def test_files_that_are_dealt_go_to_their_owners_in_the_order_of_the_collection() -> None:
    collected = items("a.py::test", "slow.py::test", "b.py::test", "c.py::test", "a.py::test_2")
    units = hand_out(collected, 2, owners_of=lambda _: {"a.py": 0, "b.py": 1, "c.py": 1, "d.py": 0})
    assert [units.next_unit(worker) for worker in (0, 1, 0, 1, 0)] == [[1], [2], [0, 4], [3], []]
