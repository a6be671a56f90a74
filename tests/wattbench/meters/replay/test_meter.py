"""A recording, played: on the run's clock, with its gaps and its end, and nothing made up in between."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import ReplaySettings
from wattbench.errors import UserError
from wattbench.meters import Reading
from wattbench.meters.replay import meter as replay
from wattbench.meters.replay.meter import ReplayMeter
from wattbench.meters.replay.recording import read_recording
from wattbench.meters.sampling.trace import TraceWriter

PLAIN = "at_s,component,power_w,energy_j\n" + "".join(f"{100 + i},gpu0,{50 + i},{1000 + 60 * i}\n" for i in range(6))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that a test sets: seconds since the meter was opened, at 5000."""

    class Clock:
        at_s = 0.0

    monkeypatch.setattr(replay, "now_s", lambda: 5000.0 + Clock.at_s)
    return Clock


def play(path: Path, **settings: Any) -> ReplayMeter:
    meter = ReplayMeter.from_settings(ReplaySettings(use="replay", trace=path, **settings))
    meter.open()
    return meter


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(text)
    return path


def at(meter: ReplayMeter, clock: Any, at_s: float) -> Reading:
    clock.at_s = at_s
    return meter.read()


def test_the_recordings_clock_is_mapped_to_the_run(tmp_path: Path, clock: Any) -> None:
    meter = play(written(tmp_path, PLAIN))
    assert meter.provenance == {"gpu0": "replayed"}
    assert meter.step_s == {"gpu0": 1.0}
    assert meter.reads == {"gpu0": "energy and power, recorded"}
    reading = at(meter, clock, 2.5)
    assert reading.at_s == 5002.5
    assert reading.energy_j == {"gpu0": pytest.approx(1150.0)}
    assert reading.power_w == {"gpu0": pytest.approx(52.5)}


def test_after_its_end_there_is_a_gap_with_its_reason(tmp_path: Path, clock: Any) -> None:
    reading = at(play(written(tmp_path, PLAIN)), clock, 5.01)
    assert (reading.energy_j, reading.power_w) == ({}, {})
    assert reading.gaps == {"gpu0": "the recording ended after 5.00 s"}


def test_repeated_its_counts_go_on(tmp_path: Path, clock: Any) -> None:
    meter = play(written(tmp_path, PLAIN), repeat=True)
    assert at(meter, clock, 11.0).energy_j == {"gpu0": pytest.approx(1000.0 + 660.0)}
    assert at(meter, clock, 11.0).power_w == {"gpu0": pytest.approx(51.0)}


def test_played_faster_watts_stay_and_joules_follow(tmp_path: Path, clock: Any) -> None:
    meter = play(written(tmp_path, PLAIN), speed=2.0)
    assert meter.step_s == {"gpu0": 0.5}
    a, b = at(meter, clock, 0.5), at(meter, clock, 1.5)
    assert b.energy_j["gpu0"] - a.energy_j["gpu0"] == pytest.approx(60.0)  # 60 W for a second
    assert b.power_w["gpu0"] == pytest.approx(53.0)


def test_a_trace_of_a_run_keeps_its_gaps_and_notes(tmp_path: Path, clock: Any) -> None:
    class Recorded:
        name = "nvml"
        step_s = {"gpu0": 0.1, "gpu1": 0.1}
        provenance = {"gpu0": "counter", "gpu1": "integrated"}

    meter: Any = Recorded()
    writer = TraceWriter(tmp_path / "t.csv")
    for i in range(20):
        broken = 8 <= i < 12
        writer.write(
            meter,
            Reading(
                1000 + i / 10,
                {} if broken else {"gpu0": 30.0 * i},
                {"gpu1": 70.0},
                {"gpu0": 50.0},
                frozenset({"gpu1: power-capped"}) if i == 15 else frozenset(),
                {"gpu0": "Timeout"} if broken else {},
            ),
        )
    writer.write(meter, Reading(1060.0, {"gpu0": 9000.0}, {"gpu1": 70.0}))
    writer.close()
    played = play(writer.path)
    assert at(played, clock, 0.5).energy_j == {"gpu0": pytest.approx(150.0)}
    broken_reading = at(played, clock, 0.95)
    assert broken_reading.gaps == {"gpu0": "Timeout"}
    assert set(broken_reading.power_w) == {"gpu1"}
    assert at(played, clock, 1.6).notes == {"gpu1: power-capped"}  # it was noted since the last reading
    assert at(played, clock, 1.7).notes == frozenset()
    late = at(played, clock, 30.0)
    assert late.gaps == dict.fromkeys(("gpu0", "gpu1"), "the recording has nothing for 58.10 s")
    only = play(writer.path, components=["gpu0"])
    assert at(only, clock, 1.6).notes == frozenset()
    assert set(only.provenance) == {"gpu0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at_s,component,power_w\n1,gpu0,x\n", "t.csv:2: power_w: 'x' is not a number"),
        ("at_s,component,power_w\n1,gpu0,-4\n", "t.csv:2: power_w: '-4' is not a valid meter reading"),
        ("at_s,component,power_w\n1,gpu0,nan\n", "t.csv:2: power_w: 'nan' is not a valid meter reading"),
        ("at_s,component,power_w\n1,gpu0,5\nsoon,gpu0,5\n", "t.csv:3: at_s: 'soon' is not a number"),
        ("at_s,component,power_w\n2,gpu0,5\n1,gpu0,5\n", "t.csv:3: at_s: not after"),
        ("at_s,component,power_w\n1,gpu0\n", "t.csv:2: it does not have as many fields"),
        ("at_s,component,power_w\n1,GPU <b>,5\n", "t.csv:2: component: 'GPU <b>' is not a valid name"),
        ("at_s,component,power_w\n1,gpu0,\n", "t.csv:2: neither power_w nor energy_j"),
        ("at_s,component,power_w\n1,gpu0,5\n", "only one reading of gpu0"),
        ("at_s,component,power_w\n", "no figure in it"),
        ("at_s,component,watts\n1,gpu0,5\n", "t.csv:1: not a power trace: unknown column 'watts'"),
        ("at_s,component\n1,gpu0\n", "t.csv:1: not a power trace: it needs"),
        ("", "t.csv:1: not a power trace"),
        (
            "at_s,meter,component,energy_j,power_w,temperature_c,notes,provenance,step_s\n1,nvml,gpu0,many,,,,counter,0.1\n",
            "t.csv:2: energy_j: 'many' is not a number",
        ),
    ],
)
def test_a_broken_trace_names_line_and_column(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_recording(written(tmp_path, text))
    assert said in str(caught.value)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_recording(tmp_path / "none.csv")
    with pytest.raises(UserError, match="no component 'gpu1' in it; did you mean 'gpu0'"):
        play(written(tmp_path, PLAIN), components=["gpu1"])


@given(st.text(max_size=300))
def test_any_text_is_a_recording_or_a_user_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for head in ("", "at_s,component,power_w\n"):
        path.write_text(head + text, encoding="utf-8", errors="surrogatepass")
        try:
            recording = read_recording(path)
        except UserError:
            continue
        for recorded in recording.values():
            assert all(a < b for a, b in itertools.pairwise(recorded.times_s))


def remarks_at(tmp_path: Path, clock: Any, speed: float, text: str, **settings: Any) -> list[str]:
    meter = play(written(tmp_path, text), speed=speed, **settings)
    readings = [at(meter, clock, 0.1 * step) for step in range(1, 12)]
    return list(meter.account(readings, 5000.1, 5001.1).remarks)


def test_another_speed_states_by_how_much_its_joules_differ(tmp_path: Path, clock: Any) -> None:
    """A wave of 1 s at 10 times its speed is read once in each period: at its peaks, never in its valleys."""
    wave = "at_s,component,power_w\n" + "".join(
        f"{step / 10},gpu0,{200 if step % 10 == 0 else 100}\n" for step in range(200)
    )
    (remark,) = remarks_at(tmp_path, clock, 10, wave)
    assert remark.startswith("gpu0: replayed at 10 times its speed, 10.0 recorded seconds: its joules differ by +")
    difference = float(re.search(r"by ([+-][0-9.]+)%", remark)[1])
    assert difference == pytest.approx(100 * (200 / 110 - 1), abs=0.2)
    assert remarks_at(tmp_path, clock, 1, wave) == []


def test_counts_at_another_speed_are_those_of_the_recording(tmp_path: Path, clock: Any) -> None:
    counted = "at_s,component,energy_j\n" + "".join(f"{step / 10},gpu0,{30 * step}\n" for step in range(200))
    (remark,) = remarks_at(tmp_path, clock, 2, counted)
    assert remark.endswith("its joules differ by +0.0% from those of the recording at this speed") or "-0.0%" in remark


def test_over_the_end_of_a_recording_the_error_is_not_known(tmp_path: Path, clock: Any) -> None:
    (remark,) = remarks_at(tmp_path, clock, 9, PLAIN, repeat=True)
    assert "is not known" in remark
