"""Which tests are slow or run alone by where they are or what they use, and a guard that keeps all others fast.

A test that is neither `slow` nor `alone` fails if it opens a socket, loads PyTorch or sleeps.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SLOW_FOLDERS = ("browser", "e2e", "wattbench/systems/local", "wattbench/train")
"""Below tests/: a browser, commands, PyTorch."""
BY_FIXTURE = {
    "driver": ("slow",),
    "hasty": ("alone",),  # a client whose requests must end soon
    "lm_eval_folder": ("slow",),
    "project": ("slow", "alone"),
    "scripted": ("slow",),
    "smol_gguf": ("slow",),
    "tiny_folder": ("slow",),
}
"""Fixture to the markers that every test that uses it gets."""
MOST_SLEEP_S = 0.05

_done: dict[str, float] = {}
"""What the running test did: how often or, of sleeping, for how many seconds."""
_sleep = time.sleep


def _note(action: str, amount: float = 1.0) -> None:
    _done[action] = _done.get(action, 0.0) + amount


def _noting_sleep(seconds: float, /) -> None:
    if threading.current_thread() is threading.main_thread():
        _note("sleeps", seconds)
    _sleep(seconds)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.bind", "socket.connect"):
        _note("opens a socket")
    elif event == "import" and arguments[0] == "torch":
        _note("loads torch")


def pytest_configure() -> None:
    """Watch from here on; an audit hook stays until the process ends."""
    import urllib3  # noqa: F401 - binds a socket when first imported, which lm-eval does

    time.sleep = _noting_sleep
    sys.addaudithook(_audit)


def pytest_unconfigure() -> None:
    """Give `time.sleep` back."""
    time.sleep = _sleep


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by folder and fixture."""
    root = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(root / folder) for folder in SLOW_FOLDERS):
            item.add_marker("slow")
        for fixture in BY_FIXTURE.keys() & getattr(item, "fixturenames", ()):
            for name in BY_FIXTURE[fixture]:
                item.add_marker(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Begin to watch a test."""
    _done.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test without a marker that does what only a slow one may do."""
    result = yield
    if _done.get("sleeps", MOST_SLEEP_S) <= MOST_SLEEP_S:
        _done.pop("sleeps", None)
    if _done and not any(map(item.get_closest_marker, ("slow", "alone"))):
        pytest.fail(f"{' and '.join(_done)}: mark it slow", pytrace=False)
    return result
