"""Decide whether two systems did the same work, from the items that they have in common.

Two systems did the same work where the tasks that both answered are set and scored alike, no document differs under the
same number, and at least `LEAST_SHARE` of the items of each were answered by the other. Whether two systems did depends
on these two alone: what a third one lacks changes nothing.

Why a share. Paired comparisons are made over the common items whatever the share is. Figures that are printed, and that
requirements are held against, are over all items of a system, as they may not move with who else is compared. With a
share s in common, an accuracy over all items differs from that over the common ones by (1 - s) times the difference
between the common items and the others: at s = 0.9 by 1 point where the others are 10 points harder, and by 10 points
at the very worst, if all of them were wrong and all common ones right. Below, a choice by printed figures could be one
between items and not between systems.

Several systems. What two of three share may be enough where what the third shares is not. Systems are divided so that
any two of one group did the same work: the one that did the same as most others begins a group, and each further one
joins if it did the same work as all in it. Ties go by the number of items, then by name, so that the order of the
systems changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.asked_items import AskedTask
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.tables.streamed.text_numbers import joined

LEAST_SHARE = 0.9
"""Of the items of either system: with fewer in common they are not ranked by figures over all items of each."""


@dataclass(frozen=True)
class Overlap:
    """The items that two systems have in common."""

    first_items: int
    """That the first answered."""
    second_items: int
    common: int
    same_tasks: bool
    """The tasks that both answered are set and scored alike, and no document differs under the same number."""

    @property
    def most(self) -> int:
        """Return the number of items of the system that answered more."""
        return max(self.first_items, self.second_items)

    @property
    def same_work(self) -> bool:
        """Return whether the two systems did the same work, so that they are ranked against each other."""
        return self.same_tasks and self.common > 0 and self.common >= LEAST_SHARE * self.most


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The items that each two of some systems have in common."""

    names: tuple[str, ...]
    items: NDArray[np.int64]
    """Shape (systems,): the items that each answered."""
    common: NDArray[np.int64]
    """Shape (systems, systems)."""
    same_tasks: NDArray[np.bool_]
    """Shape (systems, systems): as `Overlap.same_tasks`."""

    def of(self, first: str, second: str) -> Overlap:
        """Return the overlap of items between two systems."""
        one, other = self.names.index(first), self.names.index(second)
        items = int(self.items[one]), int(self.items[other])
        return Overlap(*items, int(self.common[one, other]), bool(self.same_tasks[one, other]))

    @property
    def same_work(self) -> NDArray[np.bool_]:
        """Return which pairs of systems did the same work, shape (systems, systems): as `Overlap.same_work`."""
        most = np.maximum(self.items[:, None], self.items[None, :])
        return np.asarray(self.same_tasks & (self.common > 0) & (self.common >= LEAST_SHARE * most))

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Divide the systems so that any two of a group did the same work; in the order of their first members."""
        alike = self.same_work
        left = sorted(range(len(self.names)), key=lambda each: self.names[each])
        divided: list[list[int]] = []
        while left:
            group: list[int] = []
            for each in sorted(left, key=lambda one: (-int(alike[one, left].sum()), -int(self.items[one]))):
                if not group or alike[each, group].all():
                    group.append(each)
            divided.append(sorted(group))
            left = [each for each in left if each not in group]
        return tuple(tuple(self.names[each] for each in group) for group in sorted(divided))


def overlaps(prints: Mapping[str, Fingerprint]) -> Overlaps:
    """Count the items that each two systems have in common.

    Systems of which no items are known have done the same work where their part ``tasks`` is equal.

    Args:
        prints: name to fingerprint.
    """
    names = tuple(prints)
    work = [prints[name].by_task for name in names]
    size = len(names)
    items, common = np.zeros(size, dtype=np.int64), np.zeros((size, size), dtype=np.int64)
    alike = np.ones((size, size), dtype=np.bool_)
    for task in dict.fromkeys(task for each in work for task in each):
        holders = [number for number in range(size) if task in work[number]]
        of_task = [work[number][task] for number in holders]
        at = np.ix_(holders, holders)
        shared = _shared([each.items for each in of_task], of_task)
        items[holders] += np.diag(shared)
        common[at] += shared
        alike[at] &= _set_alike(of_task)
    for number in (number for number in range(size) if not work[number]):
        tasks = prints[names[number]].parts["tasks"]
        equal = np.array(
            [prints[name].parts["tasks"] == tasks and not each for name, each in zip(names, work, strict=True)]
        )
        alike[number], alike[:, number] = equal, equal
        items[number], common[number, equal], common[equal, number] = 1, 1, 1
    return Overlaps(names, items, common, alike)


def _set_alike(of_task: Sequence[AskedTask]) -> NDArray[np.bool_]:
    """Return a square mask of the pairs of systems with the same task, and equal documents under equal numbers."""
    size = len(of_task)
    parts = {each.definition: None for each in of_task}
    number = np.array([list(parts).index(each.definition) for each in of_task])
    alike = number[:, None] == number[None, :]
    sources = [each.numbered_by for each in of_task]
    same_numbers = np.array([[one == other for other in sources] for one in sources]).reshape(size, size)
    numbers = _shared([each.numbers.astype(np.uint64) for each in of_task], of_task)
    pairs = _shared([joined(each.contents, each.numbers.astype(np.uint64)) for each in of_task], of_task)
    return np.asarray(alike & ~(same_numbers & (numbers > pairs)))


def _shared(sets: Sequence[NDArray[np.uint64]], of_task: Sequence[AskedTask]) -> NDArray[np.int64]:
    """Count the items that each two sets have in common. Equal sets are compared once."""
    position: dict[int, int] = {}
    different: list[NDArray[np.uint64]] = []
    number = []
    for values, each in zip(sets, of_task, strict=True):
        if id(each.answered) not in position:
            position[id(each.answered)] = len(different)
            different.append(values)
        number.append(position[id(each.answered)])
    if len(different) == 1:
        return np.full((len(number), len(number)), len(np.unique(different[0])), dtype=np.int64)
    every = np.unique(np.concatenate(different))
    there = np.zeros((len(different), len(every)), dtype=np.float64)
    for row, values in zip(there, different, strict=True):
        row[np.searchsorted(every, values)] = 1.0
    counted = there @ there.T
    return np.rint(counted[np.ix_(number, number)]).astype(np.int64)


def apart_pairs(shared: Overlaps, names: Iterable[str]) -> list[tuple[str, str]]:
    """List the pairs of systems that did not do the same work, the pairs with most items in common first."""
    among = sorted(names)
    pairs = [(one, other) for position, one in enumerate(among) for other in among[position + 1 :]]
    apart = [pair for pair in pairs if not shared.of(*pair).same_work]
    return sorted(apart, key=lambda pair: -shared.of(*pair).common)
