"""The tables of docs/methodology.md are those of the recorded figures, and the code still gives these."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nights import __main__ as command
from benchmarks.nights.document import BEGIN, DOCUMENT, END, LEAST_FOUND, MOST_ALARMED, tables, with_tables
from benchmarks.nights.figures import FURTHER, SETTINGS, STEPS, NightFigures, Steps, Years, as_json, read
from benchmarks.nights.judge import Planted, YearVerdict, panel_of, planted_creep, planted_step, year_verdict
from tests.made_up.noisy_nights import DOMAINS, METRICS, NIGHTS, SYSTEMS, WORLDS, year

RECORDED = read()


def test_the_page_has_the_recorded_figures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text, RECORDED) == text, "tox -e calibration writes docs/methodology.md and the figures together"


def test_every_world_is_recorded() -> None:
    assert [(each.world, each.noise, each.systems) for each in RECORDED.years] == [*SETTINGS, *FURTHER]
    assert {each.world: each.within for each in RECORDED.steps} == STEPS
    promised = [each.years for each in RECORDED.years[: len(SETTINGS)]]
    assert {len(part) for part in (*promised, *(each.planted for each in RECORDED.steps), RECORDED.creeps)} == {40}


def test_the_promises_hold_in_what_is_recorded() -> None:
    for each in RECORDED.years[: len(SETTINGS)]:
        assert each.alarmed <= MOST_ALARMED * len(each.years), each.world
    for steps in RECORDED.steps:
        if steps.world in ("alike .3", "alike .8"):
            assert steps.found >= LEAST_FOUND * len(steps.planted), steps.world
    assert sum(set(each.shapes) in ({"creep"}, {"creep", "hinge"}) for each in RECORDED.creeps) >= 36
    assert not any("step" in each.shapes for each in RECORDED.creeps)


@pytest.mark.simulation
@pytest.mark.parametrize("setting", [("alike .8", 0.01, 6), ("busy spells", 0.01, 2)], ids=str)
def test_the_code_gives_the_recorded_years(setting: tuple[str, float, int]) -> None:
    [recorded] = [each for each in RECORDED.years if (each.world, each.noise, each.systems) == setting]
    assert year_verdict(*setting, number=0) == recorded.years[0]


@pytest.mark.simulation
def test_the_code_gives_the_recorded_changes() -> None:
    for steps in RECORDED.steps:
        assert planted_step(steps.world, 1) == steps.planted[1]
    assert planted_creep(1) == RECORDED.creeps[1]


def figures_of(alarmed: int, found: int) -> NightFigures:
    years = tuple(YearVerdict(100 if number < alarmed else None, None) for number in range(40))
    planted = tuple(Planted(2 if number < found else 20, ("step",)) for number in range(40))
    return NightFigures("0", (Years("still", 0.01, 6, years),), (Steps("still", 3, planted),), planted)


def test_a_figure_beyond_its_limit_is_bold() -> None:
    within, beyond = (tables(figures_of(*numbers)) for numbers in ((2, 36), (3, 35)))
    assert "| 2 of 40 |" in within
    assert "| 36 of 40 |" in within
    assert "| **3 of 40** |" in beyond
    assert "| **35 of 40** |" in beyond
    assert "| **0 of 40** |" in within  # a creep called a step


def test_figures_are_read_back(tmp_path: Path) -> None:
    figures = figures_of(1, 39)
    (tmp_path / "figures.json").write_text(as_json(figures))
    assert read(tmp_path / "figures.json") == figures


def test_the_command_writes_figures_and_page(tmp_path: Path, monkeypatch, capsys) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    monkeypatch.setattr(command, "FIGURES", figures)
    monkeypatch.setattr(command, "DOCUMENT", page)
    monkeypatch.setattr(command, "simulated", lambda number, note: figures_of(number, 40))
    command.main(["--years", "3", "--print"])
    assert not figures.exists()
    printed = capsys.readouterr().out
    command.main(["--years", "3"])
    assert page.read_text() == f"before\n{BEGIN}{tables(read(figures))}{END}after\n"
    assert printed.rstrip() == tables(figures_of(3, 40)).rstrip()


def test_either_kind_of_alarm_counts_once() -> None:
    years = (YearVerdict(1, 2), YearVerdict(None, 3), YearVerdict(None, None))
    assert replace(figures_of(0, 0).years[0], years=years).alarmed == 2


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_has_its_noise_and_no_change(world: str) -> None:
    figures = year(world, np.random.default_rng(3))
    assert figures.shape == (METRICS, SYSTEMS, DOMAINS, NIGHTS)
    own = figures - np.median(figures, axis=(1, 2), keepdims=True)
    assert 0.007 < np.median(own.std(axis=-1)) < 0.02
    halves = figures[..., : NIGHTS // 2].mean(axis=-1) - figures[..., NIGHTS // 2 :].mean(axis=-1)
    assert np.abs(halves).max() < 0.02
    assert panel_of(figures[0]).values.shape == (SYSTEMS * (DOMAINS + 1), NIGHTS)
