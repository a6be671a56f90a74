"""Which systems did the same work: the items that each two have in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records import LABELS, Part
from wattbench_reports.comparability.common_items import LEAST_SHARE, AskedTask, apart_pairs, overlaps
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import ACCURACY, JOULES, divides, groups

VERSION = Part((("sums version", "1"),))


def system(
    documents: Mapping[int, int], definition: Part = VERSION, numbered_by: str = "", task: str = "sums"
) -> Fingerprint:
    """A system that answered documents: their numbers to their contents."""
    contents = np.array(list(documents.values()), dtype=np.uint64)
    order = np.lexsort((np.array(list(documents)), contents))
    answered = np.array(list(documents), dtype=np.int64)[order], contents[order]
    asked = {task: AskedTask(definition, numbered_by, answered)}
    return Fingerprint("run", "s", dict.fromkeys(LABELS, Part()), asked)


def first(number: int) -> dict[int, int]:
    return {each: 1_000 + each for each in range(number)}


def test_one_missing_row_leaves_systems_comparable() -> None:
    prints = {"a": system(first(500)), "b": system(first(499))}
    assert groups(prints, ACCURACY) == (("a", "b"),)
    assert divides(prints) == ()
    shared = overlaps(prints).of("a", "b")
    assert (shared.first_items, shared.second_items, shared.common, shared.most) == (500, 499, 499, 500)


@pytest.mark.parametrize("documents", [{}, first(40), {9_000 + each: 9_000 + each for each in range(500)}])
def test_systems_with_too_few_items_in_common_are_apart(documents: dict[int, int]) -> None:
    prints = {"a": system(first(500)), "b": system(first(40) | documents)}
    assert groups(prints, ACCURACY) == groups(prints, JOULES) == (("a",), ("b",))
    assert [each.part for each in divides(prints)] == ["tasks"]
    assert groups(prints, ACCURACY, across=["tasks"]) == (("a", "b"),)
    assert apart_pairs(overlaps(prints), prints) == [("a", "b")]


def test_a_document_that_differs_under_its_number_keeps_systems_apart() -> None:
    changed = system(first(500) | {7: 5})
    assert not overlaps({"a": system(first(500)), "b": changed}).of("a", "b").same_work
    # Two imports number items by the order of their names: there a number names nothing.
    prints = {"a": system(first(500), numbered_by="one run"), "b": system(first(500) | {7: 5}, numbered_by="another")}
    assert overlaps(prints).of("a", "b").common == 499
    assert overlaps(prints).of("a", "b").same_work


def test_another_version_of_a_task_keeps_systems_apart() -> None:
    other = system(first(500), definition=Part((("sums version", "2"),)))
    assert groups({"a": system(first(500)), "b": other}, ACCURACY) == (("a",), ("b",))


def test_equal_contents_under_several_numbers_are_as_many_items() -> None:
    twice = {number: number // 2 for number in range(100)}
    shared = overlaps({"a": system(twice), "b": system({number: twice[number] for number in range(99)})}).of("a", "b")
    assert (shared.first_items, shared.common) == (100, 99)


SETS = st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=2, max_size=6)


@given(SETS, st.data())
def test_a_row_of_one_system_changes_nothing_between_others(sets: list[set[int]], data: st.DataObject) -> None:
    prints = {f"s{place}": system({each: each for each in chosen}) for place, chosen in enumerate(sets)}
    name = data.draw(st.sampled_from(sorted(prints)))
    row = data.draw(st.sampled_from(sorted(sets[int(name[1:])])))
    less = system({each: each for each in sets[int(name[1:])] - {row}} or {99: 99})
    before, after = overlaps(prints), overlaps({**prints, name: less})
    for one in prints:
        for other in prints:
            if name not in (one, other):
                assert before.of(one, other) == after.of(one, other)


@given(SETS, st.randoms())
def test_groups_are_of_systems_that_did_the_same_work_in_any_order(sets: list[set[int]], random) -> None:
    prints = {f"s{place}": system({each: each for each in chosen}) for place, chosen in enumerate(sets)}
    shared = overlaps(prints)
    for one, ours in zip(prints, sets, strict=True):
        for other, theirs in zip(prints, sets, strict=True):
            common, most = len(ours & theirs), max(len(ours), len(theirs))
            assert shared.of(one, other).common == common
            assert shared.of(one, other).same_work == (common > 0 and common >= LEAST_SHARE * most)
    divided = shared.groups()
    assert sorted(name for group in divided for name in group) == sorted(prints)
    assert all(shared.of(one, other).same_work for group in divided for one in group for other in group)
    names = list(prints)
    random.shuffle(names)
    again = overlaps({name: prints[name] for name in names}).groups()
    assert {frozenset(group) for group in again} == {frozenset(group) for group in divided}
