"""A clock that was set between the sessions of a run is said."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.rows import ANSWER, HEADER
from wattbench import clock
from wattbench.measure import clock_changes as module
from wattbench.measure.clock_changes import clock_changes
from wattbench.records import RunRecords, RunWriter, read_run

BOOT = {"boot": "b", "offset_s": 1000.0}
CELLS = [{"system": "s", "task": "t"}]


@pytest.fixture
def begun(tmp_path: Path) -> Callable[..., RunRecords]:
    """A run whose header has this clock, with one answer."""

    def make(was: dict[str, Any] | None, finished_s: float) -> RunRecords:
        header = replace(HEADER, environment={} if was is None else {"clock": was}, cells=CELLS)
        with RunWriter.create(tmp_path / "run", header) as writer:
            writer.append_answer("s", "t", replace(ANSWER, finished_s=finished_s))
        return read_run(tmp_path / "run")

    return make


@pytest.mark.parametrize(
    ("offset_s", "expected"),
    [
        (1000.4, None),
        (4600.0, "the clock was set forward by 3,600 s since the run began"),
        (400.0, "the clock was set back by 600 s since the run began"),
    ],
)
def test_in_one_boot_it_is_known_to_the_second(
    begun: Callable[..., RunRecords], monkeypatch: pytest.MonkeyPatch, offset_s: float, expected: str | None
) -> None:
    monkeypatch.setattr(module, "clock_of_boot", lambda: BOOT | {"offset_s": offset_s})
    said = clock_changes(begun(BOOT, time.time() - 60))
    assert [expected in sentence for sentence in said] == ([] if expected is None else [True])


@pytest.mark.parametrize("was", [None, {}, BOOT, {"boot": "now", "offset_s": "x"}])
def test_after_a_restart_a_stamp_that_is_yet_to_come_shows_it(
    begun: Callable[..., RunRecords], monkeypatch: pytest.MonkeyPatch, was: dict[str, Any] | None
) -> None:
    monkeypatch.setattr(module, "clock_of_boot", lambda: {"boot": "now", "offset_s": 0.0})
    [said] = clock_changes(begun(was, time.time() + 3600))
    assert "the clock was set back: the run has a stamp of 20" in said


def test_a_clock_that_was_left_alone_is_not_mentioned(begun: Callable[..., RunRecords]) -> None:
    here = clock.clock_of_boot()
    assert here is None or abs(here["offset_s"] - (time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))) < 1.0
    assert clock_changes(begun(here, time.time() - 60)) == []
