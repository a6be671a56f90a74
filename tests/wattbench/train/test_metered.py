"""The joules of a build: window after window, whatever becomes of the process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from wattbench.meters import Metering
from wattbench.records import Purpose
from wattbench.train.metered import BuildMeter


def test_windows_follow_each_other(steady: Any, tmp_path: Path) -> None:
    with Metering([steady]) as metering:
        with BuildMeter(metering, tmp_path, "tuned") as meter:
            time.sleep(0.05)
            meter.mark()
            time.sleep(0.05)
            assert len(meter.windows) == 1  # the open one is not among them
        first, second = meter.windows
    assert (first.window, second.window) == ("t0001", "t0002")
    assert (first.system, first.task, first.purpose) == ("tuned", None, Purpose.TRAINING)
    for window in (first, second):
        assert window.valid, window.reasons
        assert window.energy_j["cpu"] == pytest.approx(100.0 * window.duration_s, rel=0.1)
    assert first.finished_s <= second.started_s


def test_a_window_that_a_kill_left_open_is_closed_from_its_trace(steady: Any, tmp_path: Path) -> None:
    with Metering([steady]) as metering:
        killed = BuildMeter(metering, tmp_path, "tuned")
        killed.__enter__()
        time.sleep(0.05)
        killed.mark()
        time.sleep(0.15)
        metering.trace_to(None)  # the process is gone: nothing closes its window
    with (tmp_path / "power.csv").open("a") as file:
        file.write("1700000000.1,pla")  # in the middle of a line
    with (tmp_path / "windows.jsonl").open("a") as file:
        file.write('{"window": "t0002", "ru')

    with Metering([steady]) as metering:
        meter = BuildMeter(metering, tmp_path, "tuned")
        assert [window.window for window in meter.windows] == ["t0001", "t0002"]
        recovered = meter.windows[1]
        assert recovered.energy_j["cpu"] == pytest.approx(100.0 * recovered.duration_s, rel=0.1)
        assert recovered.duration_s > 0.1
        assert recovered.reasons[-2].startswith("interrupted")
        with meter:
            time.sleep(0.05)
    assert [window.window for window in meter.windows] == ["t0001", "t0002", "t0003"]

    with Metering([steady]) as metering:  # once closed, it stays as it is
        assert BuildMeter(metering, tmp_path, "tuned").windows == meter.windows


def dies(meter: BuildMeter) -> None:
    with meter:
        time.sleep(0.05)
        raise RuntimeError("killed")


def test_an_error_closes_the_window(steady: Any, tmp_path: Path) -> None:
    with Metering([steady]) as metering:
        meter = BuildMeter(metering, tmp_path, "tuned")
        with pytest.raises(RuntimeError, match="killed"):
            dies(meter)
        assert [window.valid for window in meter.windows] == [True]
