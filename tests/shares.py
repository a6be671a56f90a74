"""Deal files of fast tests over workers before they collect, so that each imports and collects its own share alone.

xdist's workers each collect everything: with three of them two thirds of that work is wasted. Here a file that seems to
have fast tests alone is collected by one worker, as are the folders of TOGETHER; all other files are collected by all
workers, and handed to whichever is free. What a worker has collected decides, not the guess by which files are dealt: a
wrong guess costs a moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.report import report_collection_diff
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tests.tiers import BY_FIXTURE, SLOW, is_in_slow_folder

ROOT = Path(__file__).parents[1]
TOGETHER = {"tests/browser": 0, "tests/wattbench/systems/local": 1, "tests/wattbench/train": 1}
"""Folders whose files run in one worker, and its number, modulo that of workers.

They share a browser and its pages, or packages that take seconds to load.
"""
LARGE_BYTES = 14_000
"""A larger file is not dealt: whichever worker is free takes it, so that shares need not take equally long."""
ALMOST_DONE = 2
"""A worker gets its next file when it has so many tests left: it has to know the next one while it runs another."""
_SLOWER = re.compile(rf"mark\.({'|'.join((*SLOW, 'serial', 'timed'))})\b|[(, \"']({'|'.join(BY_FIXTURE)})[,:)\"']")


def scope_of(nodeid: str) -> str:
    """Return what a worker is handed as a whole: the folder of a test if it is one of TOGETHER, else its file."""
    path = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if path.startswith(f"{folder}/")), path)


def is_fast(path: Path, root: Path) -> bool:
    """Return whether a test file seems to have nothing but unit tests that may run beside others."""
    return not is_in_slow_folder(path, root / "tests") and _SLOWER.search(path.read_text("utf-8")) is None


def fast_files(root: Path) -> dict[str, int]:
    """Return the files that are dealt, and the bytes of each."""
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in (root / "tests").rglob("test_*.py")
        if path.stat().st_size <= LARGE_BYTES and is_fast(path, root)
    }


def deal(sizes: Mapping[str, int], workers: int) -> dict[str, int]:
    """Return the worker of each file: neighbours have the same, as they share made-up runs."""
    whole, before, owners = sum(sizes.values()), 0, {}
    for file, size in sorted(sizes.items()):
        owners[file] = min(workers - 1, workers * (2 * before + size) // (2 * whole)) if whole else 0
        before += size
    return owners


def is_of_another_worker(path: Path, config: pytest.Config) -> bool:
    """Return whether another worker collects this; one that replaces a worker that crashed collects everything."""
    given = getattr(config, "workerinput", None)
    if given is None or not path.is_relative_to(ROOT):
        return False
    number, count = int(given["workerid"].removeprefix("gw")), int(given["workercount"])
    if number >= count:
        return False
    place = path.relative_to(ROOT).as_posix()
    together = next((owner % count for folder, owner in TOGETHER.items() if f"{place}/".startswith(f"{folder}/")), None)
    return (_owners(count).get(place, number) if together is None else together) != number


@cache
def _owners(workers: int) -> dict[str, int]:
    return deal(fast_files(ROOT), workers)


class SharesScheduling(LoadFileScheduling):
    """Hand whole files, and some folders, to workers that have collected them: what one alone has comes first."""

    def __init__(self, config: pytest.Config, log: Any, when_collected: Callable[[int], None] = lambda _: None) -> None:
        super().__init__(config, log)
        self._when_collected = when_collected
        self._places: dict[WorkerController, dict[str, int]] = {}
        self._scopes: dict[WorkerController, dict[str, list[str]]] = {}

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Note what a worker has collected, which need not be what others have."""
        self.registered_collections[node] = list(collection)
        self._places[node] = {nodeid: place for place, nodeid in enumerate(collection)}
        scopes: dict[str, list[str]] = {}
        for nodeid in collection:
            scopes.setdefault(scope_of(nodeid), []).append(nodeid)
        self._scopes[node] = scopes

    def schedule(self) -> None:
        """Queue what was collected at the first call; hand files to workers that have none."""
        if self.collection is None:
            if not self._is_agreed():
                return
            self.workqueue.update((scope, dict.fromkeys(ids, False)) for scope, ids in self._in_order())
            self.collection = [nodeid for unit in self.workqueue.values() for nodeid in unit]
            self._when_collected(len(self.collection))
        for node in self.nodes:
            self._reschedule(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Mark a test as complete; drop a file that is, as the parent counts through all there is."""
        super().mark_test_complete(node, item_index, duration)
        scope = scope_of(self.registered_collections[node][item_index])
        if all(self.assigned_work[node].get(scope, {}).values()):
            self.assigned_work[node].pop(scope, None)

    def _is_agreed(self) -> bool:
        """Compare what several workers have collected of the same file; report differences as xdist does."""
        first: dict[str, tuple[WorkerController, list[str]]] = {}
        messages = {}
        for node, scopes in self._scopes.items():
            for scope, ids in scopes.items():
                other, expected = first.setdefault(scope, (node, ids))
                if ids != expected:
                    messages[node] = report_collection_diff(expected, ids, other.gateway.id, node.gateway.id)
        for node, message in messages.items():
            report = pytest.CollectReport(nodeid=node.gateway.id, outcome="failed", longrepr=message, result=[])
            self.config.hook.pytest_collectreport(report=report)
        return not messages

    def _in_order(self) -> list[tuple[str, list[str]]]:
        """Return what is to be run: first what one of several workers alone has collected."""
        holders: dict[str, int] = {}
        units: dict[str, list[str]] = {}
        for scopes in self._scopes.values():
            units |= scopes
            for scope in scopes:
                holders[scope] = holders.get(scope, 0) + 1
        return sorted(units.items(), key=lambda unit: holders[unit[0]] == len(self._scopes))

    def _reschedule(self, node: WorkerController) -> None:
        """Give a worker that is almost done the next file that it has collected; let it end if there is none."""
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) <= ALMOST_DONE:
            scope = next((scope for scope in self.workqueue if scope in self._scopes.get(node, {})), None)
            if scope is None:
                node.shutdown()
                return
            unit = self.workqueue.pop(scope)
            self.assigned_work[node][scope] = unit
            node.send_runtest_some([self._places[node][nodeid] for nodeid, completed in unit.items() if not completed])
