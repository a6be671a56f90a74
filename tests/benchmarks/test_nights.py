"""The tables of nights are those of the recorded figures, and the code still gives these."""

from __future__ import annotations

import pytest

from benchmarks.nights.document import MOST_ALARMED, OWN_NOISE, tables
from benchmarks.nights.figures import SETTINGS, read
from benchmarks.nights.machines import NIGHTS, SIZES, read_machines, tried
from benchmarks.nights.years import false_alarms
from benchmarks.written_tables import stale

RECORDED = read()


def test_the_tables_have_the_recorded_figures() -> None:
    assert stale(tables(RECORDED)) == [], "tox -e calibration writes the tables and the figures together"


def test_every_world_is_recorded() -> None:
    assert [(each.world, each.noise, each.systems) for each in RECORDED.years] == list(SETTINGS)
    assert {(each.size, each.night) for each in RECORDED.machines.steps} == {(s, n) for s in SIZES for n in NIGHTS}


def test_false_alarms_keep_their_rate_where_it_is_promised() -> None:
    for each in RECORDED.years:
        promised = each.world in OWN_NOISE or (each.world in ("spells on all", "spells on half") and each.systems == 6)
        if promised:
            assert each.alarmed <= MOST_ALARMED * each.years, each
    machines = RECORDED.machines
    assert machines.alarmed <= MOST_ALARMED * machines.years


def test_planted_steps_on_real_machines_are_found() -> None:
    for each in RECORDED.machines.steps:
        if each.size >= 0.58 and each.night >= 8:
            assert each.alarmed >= 0.95 * each.series, each
            assert each.passed == 0, each
        if each.size == 0.20 and each.night >= 15:
            assert each.alarmed >= 0.90 * each.series, each
    assert RECORDED.machines.creeps_named >= 0.8 * RECORDED.machines.creeps


def test_two_nights_as_records_keep_their_rates() -> None:
    unchanged, at_margin, slower, _ = RECORDED.records
    assert unchanged.failed <= 0.05 * unchanged.gates
    assert at_margin.passed <= 0.125 * at_margin.gates
    assert slower.failed >= 0.80 * slower.gates


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting", [("constant", 0.01, 6), ("spells on one", 0.03, 2), ("unlike weeks", 0.03, 3)], ids=str
)
def test_the_code_gives_the_recorded_years(setting: tuple[str, float, int]) -> None:
    [recorded] = [each for each in RECORDED.years if (each.world, each.noise, each.systems) == setting]
    assert tuple(false_alarms(*setting, number=0)) == recorded.first


@pytest.mark.slow
def test_the_sample_of_machines_raises_no_alarm_and_large_steps_do() -> None:
    few = [each for each in read_machines() if len(each.days) > NIGHTS[-1]][:1]
    figures = tried(few)
    assert figures.alarms == 0
    assert all(each.alarmed == each.series and not each.passed for each in figures.steps if each.size >= 0.58)
