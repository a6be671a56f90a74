"""A wall meter's log, and a command: late, broken, stuck or gone, and never in anybody's way."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.clock import now_s
from wattbench.config import Command, CsvLog, ExternalSettings
from wattbench.meters import MeterError, Metering, Reading, external
from wattbench.meters.external import CommandSource, CsvLogSource, ExternalMeter


def log(path: Path, **settings: Any) -> CsvLog:
    return CsvLog(**{"path": path, "time": "t", "time_format": "epoch_s", "power": "w", **settings})


def source(path: Path, **settings: Any) -> CsvLogSource:
    return CsvLogSource(log(path, **settings), "wall")


def command(run: str, **settings: Any) -> CommandSource:
    return CommandSource(Command(**{"run": run, "pattern": r"(\d+)", "power_unit": "W", **settings}), "psu")


def python(code: str) -> str:
    return f'{sys.executable} -c "{code}"'


@pytest.mark.parametrize(
    ("settings", "stamp", "row", "energy_j", "power_w"),
    [
        ({}, "1000.5", "250", None, 250.0),
        ({"power_unit": "kW"}, "1000.5", "0.25", None, 250.0),
        ({"power_unit": "mW"}, "1000.5", "250000", None, 250.0),
        ({"power": None, "energy": "w"}, "1000.5", "0.001", 3600.0, None),
        ({"power": None, "energy": "w", "energy_unit": "Wh"}, "1000.5", "2", 7200.0, None),
        ({"power": None, "energy": "w", "energy_unit": "J"}, "1000.5", "2", 2.0, None),
        ({"time_format": "epoch_ms"}, "1000500", "250", None, 250.0),
        ({"time_format": "iso"}, "1970-01-01T00:16:40.5Z", "250", None, 250.0),
        ({"time_format": "iso", "timezone": "UTC"}, "1970-01-01 00:16:40.5", "250", None, 250.0),
        ({"time_format": "iso", "timezone": "Europe/Berlin"}, "1970-01-01 01:16:40.5", "250", None, 250.0),
        ({"time_format": "%d.%m.%Y %H:%M:%S.%f", "timezone": "UTC"}, "01.01.1970 00:16:40.5", "250", None, 250.0),
        ({"offset_s": 0.5}, "1000", "250", None, 250.0),
        ({"delimiter": ";", "decimal": ","}, "1000.5", "0,25", None, 0.25),
    ],
)
def test_units_clocks_and_dialects(
    tmp_path: Path, settings: dict[str, Any], stamp: str, row: str, energy_j: float | None, power_w: float | None
) -> None:
    path = tmp_path / "wall.csv"
    between = settings.get("delimiter", ",")
    path.write_text(f"t{between}w\n{stamp}{between}{row}\n")
    (reading,) = source(path, **settings).open()
    assert reading.gaps == {}
    assert reading.at_s == pytest.approx(1000.5)
    assert reading.energy_j == ({} if energy_j is None else {"wall": pytest.approx(energy_j)})
    assert reading.power_w == ({} if power_w is None else {"wall": pytest.approx(power_w)})


@pytest.mark.parametrize("settings", [{"timezone": "Europe/Berlin"}, {}])
@pytest.mark.parametrize("begins", ["2026-10-24T23:30Z", "2026-10-25T00:50Z", "2026-10-25T01:05Z", "2026-03-29T00:30Z"])
def test_the_hour_that_the_clock_repeats_or_skips_is_read_as_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: str, settings: dict[str, Any]
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    first_s = datetime.fromisoformat(begins).timestamp()
    path, now = tmp_path / "wall.csv", first_s
    monkeypatch.setattr(external, "now_s", lambda: now + 0.2)
    path.write_text("t,w\n")
    follows = source(path, time_format="%Y-%m-%d %H:%M:%S", **settings)
    follows._begin()
    try:
        for minute in range(150):
            now = first_s + 60.0 * minute
            with path.open("a") as file:
                file.write(f"{datetime.fromtimestamp(now, zone):%Y-%m-%d %H:%M:%S},300\n")
            assert [(r.at_s, dict(r.gaps)) for r in follows.look()] == [(now, {})]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_only_whole_lines_are_read_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "wall.csv"
    path.write_text("t,w\n1,10\n2,2")
    follows = source(path)
    assert [r.power_w["wall"] for r in follows.open()] == [10.0]
    assert follows.look() == []
    with path.open("a") as file:
        file.write("0\n3,30\n")
    assert [(r.at_s, r.power_w["wall"]) for r in follows.look()] == [(2.0, 20.0), (3.0, 30.0)]
    assert follows.look() == []


def test_of_a_long_log_only_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "TAIL_BYTES", 20)
    path = tmp_path / "wall.csv"
    path.write_text("t,w\n" + "".join(f"{i},{i}\n" for i in range(1, 1000)))
    assert [r.at_s for r in source(path).open()] == [999.0]


def test_a_rotated_log_is_followed_into_its_new_file(tmp_path: Path) -> None:
    path = tmp_path / "wall.csv"
    path.write_text("t,w\n1,10\n")
    follows = source(path)
    follows.open()
    path.rename(tmp_path / "wall.1.csv")
    with pytest.raises(MeterError, match="has disappeared"):
        follows.look()
    path.write_text("w,t\n20,2\n")
    assert [(r.at_s, r.power_w["wall"]) for r in follows.look()] == [(2.0, 20.0)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2,ten", "could not convert"),
        ("2,nan", "not a valid meter reading"),
        ("2,-5", "not a valid meter reading"),
        ("2", "it has 1 fields"),
        ("soon,5", "could not convert"),
        ("1,5", "not after that of the previous row"),
        ("{in_ten_minutes:.3f},5", "in the future; set timezone or offset_s"),
        ("{in_two_hours:.0f},5", "in the future; set timezone or offset_s"),
        ('2,"5', "cannot be read"),
    ],
)
def test_a_row_that_is_none_is_a_gap_with_its_reason(tmp_path: Path, row: str, why: str) -> None:
    path = tmp_path / "wall.csv"
    path.write_text("t,w\n1,10\n")
    follows = source(path)
    follows.open()
    with path.open("a") as file:
        now_s = time.time()
        file.write(row.format(in_ten_minutes=now_s + 600, in_two_hours=now_s + 7200) + "\n3,30\n")
    gap, whole = follows.look()
    assert why in gap.gaps["wall"]
    assert (gap.energy_j, gap.power_w) == ({}, {})
    assert whole.power_w == {"wall": 30.0}


@given(st.binary(max_size=200))
def test_whatever_a_log_holds_it_is_readings_or_gaps(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    path.write_bytes(b"t,w\n1,1\n" + junk)
    follows = source(path)
    for reading in (*follows.open(), *follows.look()):
        assert bool(reading.gaps) != bool(reading.power_w)
    follows.close()


@pytest.mark.parametrize(
    ("settings", "text", "why"),
    [({}, None, "no such file"), ({"power": "watt"}, "t,watts\n", "no column 'watt'; did you mean 'watts'")],
)
def test_a_log_that_cannot_be_followed_is_said_at_once(
    tmp_path: Path, settings: dict[str, Any], text: str | None, why: str
) -> None:
    path = tmp_path / "wall.csv"
    if text is not None:
        path.write_text(text)
    meter = ExternalMeter(ExternalSettings(use="external", component="wall", csv=log(path, **settings)))
    with pytest.raises(MeterError, match=why):
        meter.open()


@pytest.mark.parametrize(
    ("printed", "settings", "expected"),
    [
        ("Instantaneous power reading:   213 Watts", {"pattern": r"reading:\s+(\d+)"}, {"power_w": {"psu": 213.0}}),
        ("213", {"pattern": r"\d+", "power_unit": "kW"}, {"power_w": {"psu": 213_000.0}}),
        ("1.5", {"pattern": r"[\d.]+", "power_unit": None, "energy_unit": "Wh"}, {"energy_j": {"psu": 5400.0}}),
        ("{'o': [{'w': 7.5}]}", {"pattern": None, "json_path": "o.0.w"}, {"power_w": {"psu": 7.5}}),
    ],
)
def test_a_command_prints_a_figure(printed: str, settings: dict[str, Any], expected: dict[str, Any]) -> None:
    printed = printed.replace("'", chr(34))
    before_s = now_s()
    (reading,) = CommandSource(
        Command(**{"run": "printf " + repr(printed), "pattern": "x", "power_unit": "W", **settings}), "psu"
    ).look()
    assert before_s <= reading.at_s <= now_s()
    assert (reading.energy_j, reading.power_w) == (expected.get("energy_j", {}), expected.get("power_w", {}))


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("run", "settings", "why"),
    [
        ("/nowhere/ipmitool dcmi", {}, "cannot be started"),
        (python("import sys; sys.exit('no such device')"), {}, r"failed \(exit 1\): no such device"),
        ("echo nothing", {}, "printed nothing at"),
        ("echo nothing", {"pattern": None, "json_path": "a.b"}, "printed nothing at 'a.b'"),
        ("echo [true]", {"pattern": None, "json_path": "0"}, "printed nothing at '0'"),
        ("echo many", {"pattern": "(many)"}, "printed 'many' where a number should be"),
        ("echo -5", {"pattern": r"(-\d+)"}, "not a valid meter reading"),
        ("sleep 30", {"timeout_s": 0.2}, "took longer than 0.2 s"),
        (python("import subprocess; subprocess.run(['sleep', '30'])"), {"timeout_s": 0.3}, "took longer than 0.3 s"),
        ("echo $HOME; rm -rf /", {"pattern": r"^\d"}, "printed nothing at"),  # no shell
    ],
)
def test_a_command_that_fails_says_why(run: str, settings: dict[str, Any], why: str) -> None:
    began_s = time.monotonic()
    with pytest.raises(MeterError, match=why):
        command(run, **settings).look()
    assert time.monotonic() - began_s < 20  # it was not waited for


@pytest.fixture
def wall_log(tmp_path: Path) -> Iterator[Any]:
    """A log that gets a row of 100 W every 0.1 s, half a second late, until it is told to stop."""
    path, stop = tmp_path / "wall.csv", threading.Event()
    first_s = now_s()

    def write() -> None:
        number = 1
        while not stop.wait(max(0.0, first_s + number * 0.1 + 0.5 - now_s())):
            at_s = first_s + number * 0.1
            with path.open("a") as file:
                file.write(f"{datetime.fromtimestamp(at_s, UTC).isoformat()},100,{100.0 * (at_s - first_s)}\n")
            number += 1

    path.write_text(f"t,w,j\n{datetime.fromtimestamp(first_s, UTC).isoformat()},100,0\n")
    thread = threading.Thread(target=write)
    thread.start()
    path_and_stop = type("Log", (), {"path": path, "stop": stop})
    yield path_and_stop
    stop.set()
    thread.join()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("columns", "provenance"), [({"energy": "j", "energy_unit": "J"}, "counter"), ({"energy": None}, "integrated")]
)
def test_a_log_that_lags_is_matched_by_its_own_stamps(
    wall_log: Any, label: Any, tmp_path: Path, columns: dict[str, Any], provenance: str
) -> None:
    settings = ExternalSettings(
        use="external", component="wall", csv=log(wall_log.path, time_format="iso", **columns), every_s=0.1, lag_s=10
    )
    with Metering([ExternalMeter(settings)]) as metering:
        metering.trace_to(tmp_path / "trace.csv")
        window = metering.open(label)
        time.sleep(1.5)
        row = window.close()
    assert row.provenance == {"wall": provenance}, row.reasons
    assert row.energy_j["wall"] == pytest.approx(100.0 * row.duration_s, rel=0.01)
    assert not any("lost" in reason or "not be read" in reason for reason in row.reasons)


@pytest.mark.slow
@pytest.mark.alone
def test_a_log_that_stops_is_a_lost_meter_and_stops_nobody_else(wall_log: Any, label: Any, steady: Any) -> None:
    settings = ExternalSettings(
        use="external", component="wall", csv=log(wall_log.path, time_format="iso"), every_s=0.1, lag_s=0.6
    )
    with Metering([steady, ExternalMeter(settings)]) as metering:
        window = metering.open(label)
        time.sleep(0.7)
        wall_log.stop.set()
        time.sleep(1.5)
        row = window.close()
    assert not row.valid
    assert set(row.energy_j) == {"cpu"}
    (reason,) = [reason for reason in row.reasons if reason.startswith("wall")]
    assert "meter lost" in reason
    assert "its latest reading is" in reason


@pytest.mark.slow
@pytest.mark.alone
def test_a_command_that_hangs_blocks_nobody(label: Any, steady: Any, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    script = tmp_path / "meter.py"
    script.write_text(
        f"import pathlib, time\nif pathlib.Path({str(flag)!r}).exists(): time.sleep(60)\nprint('200 W')\n"
    )
    settings = ExternalSettings(
        use="external", component="psu", every_s=0.1,
        command=Command(run=f"{sys.executable} {script}", pattern=r"(\d+) W", power_unit="W", timeout_s=5),
    )  # fmt: skip
    meter = ExternalMeter(settings)
    with Metering([steady, meter]) as metering:
        assert metering.provenance == {"cpu": "rapl", "psu": "integrated"}
        window = metering.open(label)
        flag.touch()
        time.sleep(1.0)
        row = window.close()
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 4  # closing ended the command
    assert row.energy_j["cpu"] == pytest.approx(100.0 * row.duration_s, rel=0.1)
    assert any(reason.startswith("psu: ") for reason in row.reasons)
    assert not row.valid
    assert isinstance(meter.read(), Reading)


@pytest.mark.parametrize(("behind_s", "named"), [(0.5, False), (5.0, False), (6.5, True), (3600.0, True)])
def test_a_log_whose_clock_is_behind_is_named_though_rows_keep_coming(
    tmp_path: Path, behind_s: float, named: bool
) -> None:
    settings = ExternalSettings(use="external", component="wall", csv=log(tmp_path / "w.csv"), every_s=1.0, lag_s=5.0)
    meter = ExternalMeter(settings)
    rows = [Reading(now_s() - behind_s - age_s, power_w={"wall": 100.0}) for age_s in (30.0, 1.0, 0.0)]
    late = meter.late(rows)
    assert [reading.gaps["wall"].startswith("its newest reading came") for reading in late] == [True] * named
    assert meter.late([]) == []
    assert meter.late([Reading(now_s(), gaps={"wall": "no number"})]) == []


@pytest.mark.parametrize(("ahead_s", "refused"), [(0.4, False), (0.7, True), (1.9, True)])
def test_a_log_whose_clock_is_ahead_is_named(tmp_path: Path, ahead_s: float, refused: bool) -> None:
    path = tmp_path / "wall.csv"
    path.write_text(f"t,w\n{now_s() + ahead_s:.3f},100\n")
    (reading,) = source(path).open()
    assert ("in the future" in reading.gaps.get("wall", "")) is refused


@pytest.mark.parametrize(
    "figure", ["disabled", "na", "12,5", "1.234,5", "nan", "-5", "1e999", "0x12", "--", "9" * 400, "\x1b[31m5"]
)
def test_what_a_board_says_in_place_of_a_figure_is_none(tmp_path: Path, figure: str) -> None:
    (printed := tmp_path / "printed").write_text(f"Instantaneous power reading: {figure} Watts")
    with pytest.raises(MeterError):
        command(f"cat {printed}", pattern=r"reading:\s+(\S+) Watts").look()


WATTS = '{"PowerControl": [{"PowerConsumedWatts": %s}]}'


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", '"x"', "<html>", "[" * 100_000, '{"PowerControl": null}', '{"PowerControl": []}',
     *(WATTS % value for value in ("null", "true", '"disabled"', "NaN", "1e400", "-3", '{"Reading": 5}', "[]"))],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_figure(tmp_path: Path, answer: str) -> None:
    (printed := tmp_path / "printed").write_text(answer)
    with pytest.raises(MeterError):
        command(f"cat {printed}", pattern=None, json_path="PowerControl.0.PowerConsumedWatts").look()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of other processes are Linux's")
def test_a_command_that_prints_without_end_fills_no_disk() -> None:
    with pytest.raises(MeterError, match="failed"):
        command("yes 123456789", timeout_s=60).look()
