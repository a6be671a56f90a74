"""Decide which file a worker runs next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import pytest

from tests import shares

Unit = list[int]
"""The places of tests, in the session's list, that one worker runs one after another."""


class HandOut:
    """Hand out each unit once: first those that any worker may run, then those of the worker's own share.

    A worker whose share is used up takes the last unit of the longest share, so that all end at nearly the same time
    and neighbours, which use the same made-up runs, mostly stay together.
    """

    def __init__(self, shared: Iterable[Unit], dealt: Sequence[Iterable[Unit]]) -> None:
        self._shared = deque(shared)
        self._dealt = [deque(share) for share in dealt]

    def __len__(self) -> int:
        return len(self._shared) + sum(map(len, self._dealt))

    def next_unit(self, worker: int) -> Unit:
        """Return the next unit of a worker; an empty one if nothing is left."""
        if self._shared:
            return self._shared.popleft()
        own = self._dealt[worker % len(self._dealt)]
        if own:
            return own.popleft()
        longest = max(self._dealt, key=len)
        return longest.pop() if longest else []

    def give_back(self, unit: Unit) -> None:
        """Put first what a worker that died has not run."""
        if unit:
            self._shared.appendleft(unit)


def units_of(items: Sequence[pytest.Item]) -> dict[str, Unit]:
    """Return the units by their files or folders (`tests/shares.py`), in the order of their first tests."""
    units: dict[str, Unit] = {}
    for place, item in enumerate(items):
        units.setdefault(shares.scope_of(item.nodeid), []).append(place)
    return units


def hand_out(
    items: Sequence[pytest.Item], workers: int, owners_of: Callable[[int], dict[str, int]] = shares.owners
) -> HandOut:
    """Deal the files of fast tests over workers, and let the other files be taken by whichever worker is free."""
    owners = owners_of(workers)
    units = units_of(items)
    dealt = [[unit for scope, unit in units.items() if owners.get(scope) == worker] for worker in range(workers)]
    return HandOut((unit for scope, unit in units.items() if scope not in owners), dealt)
