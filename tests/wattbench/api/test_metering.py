"""Joules of one's own code."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import wattbench
from tests.made_up.meters import PlayedMeter
from wattbench.meters import MeterError, Reading, Sensor
from wattbench.records import WindowRow

Play = Callable[..., None]


def waits_for_a_meter(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that meters real time."""
    return pytest.mark.alone(pytest.mark.slow(test))


WORK_S = 0.1
"""A hundred steps of the made-up sensor, and more than a busy machine holds a reading up."""


@waits_for_a_meter
def test_a_window_has_the_joules_of_its_block(play: Play, hundred_watts: PlayedMeter) -> None:
    play(hundred_watts)
    with wattbench.metering() as m, m.window("sum") as w:
        time.sleep(WORK_S)
    assert w.joules == pytest.approx(100 * w.seconds, rel=0.05)
    assert w.valid
    assert w.reasons == ()
    assert w.provenance == "rapl"
    assert w.components["cpu"].joules == w.joules
    assert w.components["cpu"].provenance == "rapl"
    assert repr(w).startswith("<window 'sum': ")
    assert "J (rapl)" in repr(w)
    assert m.provenance == {"cpu": "rapl"}
    assert repr(m) == "<meters of cpu (rapl)>"
    assert not hundred_watts.is_open


@waits_for_a_meter
def test_reading_a_figure_before_the_block_has_ended_is_an_error(play: Play, hundred_watts: PlayedMeter) -> None:
    play(hundred_watts)
    with wattbench.metering() as m, m.window("sum") as w:
        for figure in ("joules", "seconds", "valid", "reasons", "provenance", "components"):
            with pytest.raises(wattbench.UserError, match="window 'sum' has not ended: read its figures after"):
                getattr(w, figure)
        assert repr(w) == "<window 'sum': open>"
        time.sleep(WORK_S)
    assert w.joules is not None


@waits_for_a_meter
def test_windows_may_be_nested_and_each_counts_what_the_machine_draws(play: Play, hundred_watts: PlayedMeter) -> None:
    play(hundred_watts)
    with wattbench.metering() as m, m.window("outer") as outer:
        with m.window("first") as first:
            time.sleep(WORK_S)
        with m.window("second") as second:
            time.sleep(WORK_S)
    assert first.valid
    assert second.valid
    assert outer.joules is not None
    assert first.joules is not None
    assert second.joules is not None
    assert outer.joules >= 0.9 * (first.joules + second.joules)


def test_windows_may_be_open_in_several_threads(play: Play, hundred_watts: PlayedMeter) -> None:
    play(hundred_watts)
    windows: list[wattbench.Window] = []
    together = threading.Barrier(3)

    with wattbench.metering() as m:

        def work() -> None:
            with m.window("work") as w:
                together.wait()  # all three are open now
            windows.append(w)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(windows) == 3
    assert all(w.seconds > 0 for w in windows)


def test_a_window_that_cannot_be_believed_has_no_joules(play: Play) -> None:
    def fail(_: float) -> Reading:
        raise MeterError("the driver hangs")

    play(PlayedMeter(fail, component="gpu0", provenance="counter"))
    with wattbench.metering() as m, m.window("inference") as w:
        pass
    assert not w.valid
    assert w.joules is None
    assert w.provenance == ""
    assert w.components == {}
    assert "gpu0: could not be read (the driver hangs)" in w.reasons
    assert repr(w).startswith("<window 'inference': not valid, ")


def test_a_window_too_short_for_its_sensor_has_no_joules_of_any_component(play: Play) -> None:
    slow = PlayedMeter(lambda at_s: Reading(at_s, {"cpu": 100.0 * at_s}))
    slow.step_s = {"cpu": 60.0}
    play(slow)
    with wattbench.metering() as m, m.window() as w:
        pass
    assert m.shortest_window_s == 600.0
    assert w.joules is None
    assert w.components["cpu"].joules is None
    assert any("is too short for a sensor that advances every 60 s" in reason for reason in w.reasons)


@waits_for_a_meter
def test_a_window_whose_code_raised_has_no_joules(play: Play, hundred_watts: PlayedMeter) -> None:
    play(hundred_watts)
    with wattbench.metering() as m:
        with pytest.raises(ZeroDivisionError), m.window("broken") as w:
            raise ZeroDivisionError
        with m.window("next") as following:
            time.sleep(WORK_S)
    assert w.joules is None
    assert w.reasons[0] == "the code in it raised ZeroDivisionError"
    assert following.valid


@waits_for_a_meter
def test_a_component_without_a_sensor_is_named(play: Play, hundred_watts: PlayedMeter) -> None:
    gpu = Sensor(
        meter="nvml", component="gpu0", what="a GPU", readable=False, used=False, why_not="no permission to read it"
    )
    play(hundred_watts, sensors=(gpu,))
    with wattbench.metering() as m, m.window("sum") as w:
        time.sleep(WORK_S)
    assert m.unmeasured == {"gpu0": "no permission to read it"}
    assert w.valid
    assert w.reasons == ("gpu0: not measured (no permission to read it)",)


def test_nothing_is_written_unless_a_record_is_asked_for(
    play: Play, hundred_watts: PlayedMeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    play(hundred_watts)
    with wattbench.metering() as m, m.window("sum"):
        pass
    assert list((tmp_path / "here").iterdir()) == []


@waits_for_a_meter
def test_a_record_is_appended_to(play: Play, hundred_watts: PlayedMeter, tmp_path: Path) -> None:
    play(hundred_watts)
    for _ in range(2):
        with wattbench.metering(record=tmp_path / "energy") as m:
            with m.window("first") as w:
                time.sleep(WORK_S)
            with m.window("second"):
                pass
    lines = [json.loads(line) for line in (tmp_path / "energy" / "windows.jsonl").read_text().splitlines()]
    rows = [WindowRow.from_json(line) for line in lines]
    assert [row.system for row in rows] == ["first", "second"] * 2
    assert len({(row.run, row.window) for row in rows}) == 4
    assert rows[2].total_j == w.joules
    trace = (tmp_path / "energy" / "power.csv").read_text().splitlines()
    assert trace[0].startswith("at_s,meter,component,energy_j,power_w")
    assert len(trace) > 8  # two readings per window at least


def test_a_record_that_cannot_be_written_is_an_error(play: Play, hundred_watts: PlayedMeter, tmp_path: Path) -> None:
    play(hundred_watts)
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "windows.jsonl").mkdir(parents=True)
    for record, message in (
        ("file", r"power\.csv: cannot be written"),
        ("folder", "windows.jsonl: it is a folder, not a file"),
    ):
        with pytest.raises(wattbench.UserError, match=message), wattbench.metering(record=tmp_path / record):
            pass
    assert not hundred_watts.is_open


def test_only_one_measurement_at_a_time(play: Play, hundred_watts: PlayedMeter) -> None:
    play(hundred_watts)
    with (
        wattbench.metering(),
        pytest.raises(wattbench.UserError, match="another measurement in this process is measuring on this machine"),
        wattbench.metering(),
    ):
        pass
    with wattbench.metering():
        """The lock is free again."""


@pytest.mark.parametrize(
    ("meters", "message"),
    [
        (["nvlm"], "metering: meters.0: no meter 'nvlm' is known here; did you mean 'nvml'"),
        ([{"use": "replay"}], "metering: meters.0.trace: missing; this key is required"),
        ([{"use": "replay", "trace": "none.csv"}], "none.csv"),
        ([3], "metering: meters.0: .*a mapping with `use"),
        ([], "metering: meters: "),
        ("nvml", "metering: meters: "),
        (["codecarbon", "codecarbon"], "both measure cpu"),
    ],
)
def test_a_wrong_list_of_meters_is_a_user_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meters: list[object], message: str
) -> None:
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(wattbench.UserError, match=message), wattbench.metering(meters):  # type: ignore[arg-type]
        pass


def test_meters_are_chosen_as_a_suite_chooses_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{step / 100},gpu0,{step}" for step in range(6000))
    Path("trace.csv").write_text(f"at_s,component,energy_j\n{rows}\n")
    with wattbench.metering([{"use": "replay", "trace": "trace.csv", "repeat": True}]) as m:
        assert m.provenance == {"gpu0": "replayed"}
