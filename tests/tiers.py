"""Which tests are fast enough for every save, which run alone, and a guard that keeps the fast ones fast.

A test that has none of the markers in SLOW gets the marker `unit`; if it took too long when last measured
(`tests/seconds.py`), it gets `long` instead. While a test of either runs, an audit hook notes what it must not do: open
a connection, load PyTorch, or sleep.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Container, Iterable, Iterator
from operator import itemgetter
from pathlib import Path

import pytest

from tests import seconds

LONG = "long"
SLOW = (
    "browser", "cluster", "driver", "e2e", LONG, "model", "package", "server", "shipped", "simulation", "sockets",
    "torch", "waits",
)  # fmt: skip
BY_FOLDER = {
    "browser": "browser",
    "e2e": "e2e",
    "wattbench/systems/local": "torch",
    "wattbench/train": "torch",
}
"""Folder under tests/ to the marker that every test in it gets."""
BY_FIXTURE = {
    "driver": ("driver",),
    "hasty": ("timed",),  # a client whose requests must end soon
    "lm_eval_folder": ("sockets", "torch"),  # made by lm-eval itself
    "project": ("timed", "waits"),
    "scripted": ("sockets",),
    "smol_gguf": ("model",),
    "tiny_folder": ("torch",),
}
"""Fixture to the markers that every test that uses it gets."""
WAITING = ("e2e", "waits")
"""Markers of tests that take longer than they use a processor: they wait for windows to be long enough."""
MOST_SLEEP_S = 0.05
_MARKED_AS_A_WHOLE = re.compile(rf"^pytestmark = .*\bmark\.({'|'.join(SLOW)})\b", re.MULTILINE)

_noted: dict[str, float] = {}
"""What the running test did that a unit test must not do: how often or, of sleeping, for how many seconds."""
_sleep = time.sleep


def _note(what: str, amount: float = 1.0) -> None:
    _noted[what] = _noted.get(what, 0.0) + amount


def _noting_sleep(seconds: float, /) -> None:
    if threading.current_thread() is threading.main_thread():
        _note("sleeps", seconds)
    _sleep(seconds)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.bind", "socket.connect"):
        _note("opens a socket")
    elif event == "import" and arguments[0] == "torch":
        _note("loads torch")


def broken_rules() -> list[str]:
    """What the running test has done that a unit test must not do."""
    slept_s = _noted.get("sleeps", 0.0)
    return [
        *(["opens a socket (marker: sockets)"] if "opens a socket" in _noted else []),
        *(["loads torch (marker: torch)"] if "loads torch" in _noted else []),
        *([f"sleeps for {slept_s:.2f} s (marker: waits)"] if slept_s > MOST_SLEEP_S else []),
    ]


def pytest_configure() -> None:
    """Watch from here on; an audit hook stays until the process ends."""
    import urllib3  # noqa: F401 - binds a socket when first imported, which lm-eval does

    time.sleep = _noting_sleep
    sys.addaudithook(_audit)


def pytest_unconfigure() -> None:
    """Give `time.sleep` back."""
    time.sleep = _sleep


def is_in_slow_folder(path: Path, tests: Path) -> bool:
    """Return whether every test of a folder or file below `tests` has a slower marker by where it is."""
    return any(path.is_relative_to(tests / folder) for folder in BY_FOLDER)


def has_no_unit_test(path: Path) -> bool:
    """Return whether a folder or test file has slower tests alone, by where it is or by a marker of the whole file."""
    if is_in_slow_folder(path, Path(__file__).parent):
        return True
    return path.match("test_*.py") and path.is_file() and _MARKED_AS_A_WHOLE.search(path.read_text("utf-8")) is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what has no unit test where those alone are asked for: importing it may load PyTorch."""
    return True if config.option.markexpr == "unit" and has_no_unit_test(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder and fixture, then each test without a marker of SLOW as `unit` or `long`; put slow files first.

    Workers are handed file after file in this order: a long file that came last would leave the others idle, and so
    would several workers that wait at the same time.
    """
    root = Path(__file__).parent
    by_path = {
        path: [name for folder, name in BY_FOLDER.items() if path.is_relative_to(root / folder)]
        for path in {item.path for item in items}
    }
    for item in items:
        names = {mark.name for mark in item.iter_markers()}
        fixtures = BY_FIXTURE.keys() & getattr(item, "fixturenames", ())
        added = {*by_path[item.path], *(name for fixture in fixtures for name in BY_FIXTURE[fixture])}
        if not (names | added).intersection(SLOW):
            added.add(LONG if seconds.test_of(item.nodeid) in seconds.long_tests() else "unit")
        for name in sorted(added):
            item.add_marker(name)
    slow_files = dict.fromkeys(item.path for item in items if item.get_closest_marker("unit") is None)
    waiting = {item.path for item in items if any(map(item.get_closest_marker, WAITING))}
    places = {path: place for place, path in enumerate(spread(slow_files, waiting))}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def spread(files: Iterable[Path], some: Container[Path]) -> list[Path]:
    """Return files with some of them spread evenly among the others, and else in their order."""
    groups: dict[bool, list[Path]] = {True: [], False: []}
    for path in files:
        groups[path in some].append(path)
    placed = [((place + 0.5) / len(group), path) for group in groups.values() for place, path in enumerate(group)]
    return [path for _, path in sorted(placed, key=itemgetter(0))]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Begin to watch a test."""
    _noted.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test of the tiers `unit` and `long` that does what those of slower tiers may do."""
    result = yield
    if any(map(item.get_closest_marker, ("unit", LONG))) and (broken := broken_rules()):
        pytest.fail(f"a unit test {' and '.join(broken)}", pytrace=False)
    return result
