"""Hourly intensities: what a file may look like, what is wrong with it, and the mean over any span."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from wattbench_reports.metrics.carbon import HourlyFileError, HourlyIntensity, read_hourly
from wattbench_reports.metrics.carbon.hourly_intensity import utc

START = datetime(2026, 1, 2, 3, tzinfo=UTC)
START_S = int(START.timestamp())

ELECTRICITY_MAPS = """\
Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle),Data source
2026-01-02 03:00:00,France,France,FR,12.5,31.2,"opendata, reseaux"
2026-01-02 04:00:00,France,France,FR,20.5,58.4,"opendata, reseaux"
"""  # noqa: E501 - as it is exported
ENTSOE = """\
"MTU (UTC)","Area","g_per_kwh"
"02/01/2026 03:00:00 - 02/01/2026 03:15:00","BZN|FR","30"
"02/01/2026 03:15:00 - 02/01/2026 03:30:00","BZN|FR","40"
"02/01/2026 03:30 - 02/01/2026 03:45","BZN|FR","50"
"02/01/2026 03:45 - 02/01/2026 04:00","BZN|FR","60"
"""


@pytest.fixture
def read(tmp_path: Path):
    def make(text: str | bytes) -> HourlyIntensity:
        path = tmp_path / "grid.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_hourly(path)

    return make


@pytest.fixture
def refusal(read, tmp_path: Path):
    def make(text: str | bytes) -> str:
        with pytest.raises(HourlyFileError) as error:
            read(text)
        return str(error.value).replace(str(tmp_path), "DIR")

    return make


def mean(hours: HourlyIntensity, start_s: float, end_s: float) -> float:
    (value,) = hours.mean_g_per_kwh(np.array([start_s]), np.array([end_s]))
    return float(value)


def plain(*rows: str) -> str:
    return "\n".join(["time,g_per_kwh", *rows]) + "\n"


def test_electricity_maps_by_its_life_cycle_column(read) -> None:
    hours = read(ELECTRICITY_MAPS)
    assert hours.column == "Carbon intensity gCO₂eq/kWh (Life cycle)"
    assert hours.slot_g_per_kwh.tolist() == [31.2, 58.4]
    assert hours.starts_s.tolist() == [START_S, START_S + 3600]
    assert hours.describe() == (
        "31.2 to 58.4 g CO2e per kWh, hour by hour from 2026-01-02 03:00 to 05:00 UTC (grid.csv, column 'Carbon "
        "intensity gCO₂eq/kWh (Life cycle)')"
    )


def test_entsoe_intervals_of_a_quarter_of_an_hour(read) -> None:
    hours = read(ENTSOE)
    assert hours.step_s == 900
    assert mean(hours, START_S, START_S + 3600) == pytest.approx(45)
    assert "by 15 minutes from 2026-01-02 03:00 to 04:00 UTC" in hours.describe()


@pytest.mark.parametrize(
    "text",
    [
        plain("2026-01-02T03:00Z,10", "2026-01-02T04:00Z,20"),
        plain("2026-01-02T04:00:00+00:00,20", "2026-01-02T04:00+01:00,10"),  # in any order, in any zone
        plain("2026-01-02 03:00Z,10", "", " , ", "2026-01-02 04:00Z , 20 "),
        "g_per_kwh,Time (UTC)\n10,2026-01-02 03:00\n20,2026-01-02T04:00:00\n",
        "\ufefftime;g_per_kwh;note\r\n2026-01-02T03:00Z;10;a,b,c\r\n2026-01-02T04:00Z;20;\r\n",
        'time,note,g_per_kwh\n2026-01-02T03:00Z,"two\nlines",10\n2026-01-02T04:00Z,,20\n',
    ],
)
def test_the_same_hours_however_they_are_written(read, text: str) -> None:
    hours = read(text)
    assert (hours.starts_s.tolist(), hours.slot_g_per_kwh.tolist()) == ([START_S, START_S + 3600], [10, 20])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "DIR/grid.csv:1: no column for a time and an intensity in grams per kWh. Found: nothing. Wanted: 'time'"),
        ("time,carbon_intensity\n", "no column for an intensity in grams per kWh. Found: 'time', 'carbon_intensity'"),
        ("zeit,g_per_kwh\n", "DIR/grid.csv:1: no column for a time. Found: 'zeit', 'g_per_kwh'"),
        ("MTU (CET/CEST),g_per_kwh\n", "no column for a time. Found: 'MTU (CET/CEST)'"),
        ("time,g_per_kwh\n", "the file holds no hours, only its header"),
        (plain("2026-01-02T03:00Z,"), "the column 'g_per_kwh' is empty"),
        (plain("2026-01-02T03:00,10"), "DIR/grid.csv:2: column 'time': '2026-01-02T03:00' has no zone. Write it as"),
        (plain("2026-01-02T03:00Z,10", "3 a.m.,20"), "DIR/grid.csv:3: column 'time': '3 a.m.' is not a time; write it"),
        (plain("2026-01-02T03:00Z,12,5"), None),  # a third field is another column, not an error
        (plain("2026-01-02T03:00Z,ten"), "DIR/grid.csv:2: column 'g_per_kwh': 'ten' is not a number; write grams as"),
        ("time;g_per_kwh\n2026-01-02T03:00Z;12,5\n", "'12,5' is not a number; write grams as 123.4"),
        (plain("2026-01-02T03:00Z,-1"), "DIR/grid.csv:2: column 'g_per_kwh': -1 is no intensity of a grid in grams"),
        (plain("2026-01-02T03:00Z,nan"), "nan is no intensity of a grid"),
        (plain("2026-01-02T03:00Z,480000"), "480000 is no intensity of a grid in grams per kWh (0 to 5,000)"),
        (plain("2026-01-02T03:00Z,1", "2026-01-02T04:00+01:00,2"), "'2026-01-02T04:00+01:00' is on line 2 already"),
        (plain("2026-01-02T03:00Z,1", "2026-01-02T04:00Z"), "DIR/grid.csv:3: only 1 of 2 columns; is the file cut off"),
        (
            plain("2026-01-02T03:00Z,1", "2026-01-02T04:00Z,1", "2026-01-02T05:30Z,1"),
            "DIR/grid.csv:4: this row does not lie on the file's grid of 60 minutes",
        ),
        (b"time,g_per_kwh\n2026-01-02T03:00Z,1\n\xff\xfe", "DIR/grid.csv:3: not UTF-8 text; save the file as UTF-8"),
        (plain("x" * 200_000), "DIR/grid.csv:2: not valid CSV"),
    ],
)
def test_what_is_wrong_is_said_with_line_column_and_remedy(read, refusal, text: str | bytes, said: str | None) -> None:
    if said is None:
        read(text)
    else:
        assert said in refusal(text)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(HourlyFileError, match="no such file"):
        read_hourly(tmp_path / "none.csv")
    with pytest.raises(HourlyFileError, match="it is a folder"):
        read_hourly(tmp_path)


def test_hours_of_a_zone_that_is_half_an_hour_off(read) -> None:
    hours = read(plain("2026-01-02T08:00+05:30,10", "2026-01-02T09:00+05:30,20"))
    assert hours.starts_s.tolist() == [START_S - 1800, START_S + 1800]
    assert mean(hours, START_S, START_S + 3600) == pytest.approx(15)
    assert math.isnan(mean(hours, START_S, START_S + 5401))
    assert hours.first_missing_s(np.array([START_S + 0.0]), np.array([START_S + 5401.0])) == START_S + 5400


def test_what_the_file_lacks_is_not_known_and_named(read) -> None:
    hours = read(plain("2026-01-02T03:00Z,10", "2026-01-02T04:00Z,", "2026-01-02T05:00Z,30"))
    assert mean(hours, START_S, START_S + 3600) == 10
    assert math.isnan(mean(hours, START_S + 3599, START_S + 3601))
    assert math.isnan(mean(hours, START_S - 1, START_S + 1))
    spans = np.array([[START_S + 7200.0, START_S + 20_000], [START_S + 10.0, START_S + 9000]])
    first_s = hours.first_missing_s(spans[:, 0], spans[:, 1])
    assert first_s is not None
    assert utc(first_s) == "2026-01-02 04:00 UTC"
    assert hours.first_missing_s(np.array([START_S + 0.0]), np.array([START_S + 60.0])) is None


def test_a_span_that_is_none_has_no_intensity(read) -> None:
    hours = read(plain("2026-01-02T03:00Z,10"))
    spans = [(START_S + 2, START_S + 1), (math.nan, START_S), (START_S, math.inf), (-1e300, 1e300)]
    started, finished = (np.array(side) for side in zip(*spans, strict=True))
    assert np.isnan(hours.mean_g_per_kwh(started, finished)).all()
    assert mean(hours, START_S + 5, START_S + 5) == 10


def test_only_the_hours_of_the_run_are_described(read) -> None:
    hours = read(plain(*(f"{(START + timedelta(hours=hour)).isoformat()},{hour}" for hour in range(48))))
    ran = hours.within(START_S + 2 * 3600 + 5, START_S + 4 * 3600 - 5)
    assert ran.slot_g_per_kwh.tolist() == [2, 3]
    assert ran.describe().startswith("2 to 3 g CO2e per kWh, hour by hour from 2026-01-02 05:00 to 07:00 UTC")
    assert ran.as_data()["slots"] == 2
    other_year = hours.within(START_S + 1e8, START_S + 1e8 + 60)
    assert other_year.describe() == (
        "no intensity for the hours of this run (grid.csv, column 'g_per_kwh', which holds 2026-01-02 03:00 to "
        "2026-01-04 03:00 UTC)"
    )
    assert other_year.as_data()["from_utc"] is None


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    figures=st.lists(st.floats(0, 5000), min_size=1, max_size=30),
    step_min=st.sampled_from([5, 15, 30, 60]),
    spans=st.lists(st.tuples(st.floats(-4000, 12_000), st.floats(0, 12_000)), min_size=1, max_size=8),
)
def test_the_mean_is_what_adding_up_second_by_second_gives(
    read, figures: list[float], step_min: int, spans: list[tuple[float, float]]
) -> None:
    step_s = 60 * step_min
    rows = [f"{(START + timedelta(seconds=step_s * place)).isoformat()},{x!r}" for place, x in enumerate(figures)]
    hours = read(plain(*rows))
    step_s = hours.step_s  # of a single row: an hour
    started = START_S + np.array([start for start, _ in spans])
    finished = started + np.array([length for _, length in spans])
    got = hours.mean_g_per_kwh(started, finished)
    for place, (start_s, end_s) in enumerate(zip(started, finished, strict=True)):
        assume(end_s - start_s > 1e-3 or end_s == start_s)
        edges = [(START_S + step_s * k, START_S + step_s * (k + 1), x) for k, x in enumerate(figures)]
        if start_s < START_S or end_s > edges[-1][1]:
            assert math.isnan(got[place])
        elif end_s > start_s:
            whole = sum(max(0.0, min(end_s, high) - max(start_s, low)) * x for low, high, x in edges)
            assert got[place] == pytest.approx(whole / (end_s - start_s), rel=1e-6, abs=1e-6)
            assert min(figures) - 1e-9 <= got[place] <= max(figures) + 1e-6
