"""The tables of docs/methodology.md are those of the recorded figures, and the code still gives these."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.calibration import __main__ as command
from benchmarks.calibration.document import PLACE, tables, with_tables
from benchmarks.calibration.figures import (
    BLOCKS,
    FIRST,
    ITEMS,
    OUTCOMES,
    TODAY,
    as_json,
    calibration,
    read,
)
from benchmarks.calibration.judge import SESSIONS, Verdict, held, verdict
from benchmarks.shares import Share, share
from benchmarks.written_tables import DOCUMENT
from tests.made_up.noisy_machine import NOISES
from wattbench_reports.stats import Interval

RECORDED = read()


def test_the_page_has_the_recorded_figures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text, RECORDED) == text, "tox -e calibration writes docs/methodology.md and the figures together"


def test_every_machine_and_layout_is_recorded() -> None:
    kinds = [(kind.items, kind.noise, kind.blocks) for kind in RECORDED.kinds]
    assert kinds == [(items, noise, blocks) for items in ITEMS for noise in NOISES for blocks in (BLOCKS, TODAY)]
    assert all(kind.runs >= 250 and len(kind.first) == FIRST for kind in RECORDED.kinds), "recorded of a trial run"
    assert RECORDED.sessions == SESSIONS


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECORDED.kinds, ids=lambda kind: f"{kind.noise}, {kind.items}, {kind.blocks}")
def test_the_code_gives_the_recorded_runs(kind) -> None:
    for number, recorded in enumerate(kind.first):
        found = verdict(kind.noise, kind.items, kind.blocks, number)
        assert {name: getattr(found, name) for name in OUTCOMES} == {name: getattr(recorded, name) for name in OUTCOMES}
        # Another processor's logarithm may differ in its last digit.
        assert asdict(found) == pytest.approx(asdict(recorded), rel=1e-9)


def test_figures_are_means_over_runs_and_are_read_back(tmp_path: Path) -> None:
    wrong, right = (
        Verdict(0.25, 0.75, 0.5, 1.0, 0.2, 0.3, 0.01, 0.04),
        Verdict(0.0, 1.0, 1.0, 0.0, 0.4, 0.5, 0.3, 0.2),
    )
    found = calibration({64: 3}, each=lambda _, numbers: [right if number else wrong for number in numbers])
    kind = found.kind("bursts", 64, TODAY)
    shares = [kind.called_different, kind.other_items, kind.another_run, kind.leader_lost]
    assert [each.share for each in shares] == pytest.approx([0.25 / 3, 2.75 / 3, 2.5 / 3, 1 / 3], abs=1e-6)
    assert (kind.runs, kind.log_width, kind.first) == (3, pytest.approx(1 / 3, abs=1e-6), (wrong, right))
    (tmp_path / "figures.json").write_text(as_json(found))
    assert read(tmp_path / "figures.json") == found


@pytest.mark.slow
def test_the_command_writes_figures_and_page(tmp_path: Path, monkeypatch, capsys) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "page.md"
    page.write_text(f"before\n{PLACE.begin}{PLACE.end}after\n")
    monkeypatch.setattr(command, "FIGURES", figures)
    monkeypatch.setattr(command, "DOCUMENT", page)
    command.main(["--runs", "1", "1", "--processes", "1", "--print"])
    assert not figures.exists()
    printed = capsys.readouterr().out
    command.main(["--runs", "1", "1", "--processes", "2"])
    assert page.read_text() == f"before\n{PLACE.begin}{tables(read(figures))}{PLACE.end}after\n"
    assert printed.rstrip() == tables(read(figures)).rstrip(), "the number of processes changes no figure"


def test_a_figure_beyond_its_limit_is_bold() -> None:
    first = RECORDED.kinds[0]
    beyond = replace(first, called_different=Share(0.0601, 0.01), other_items=Share(0.9199, 0.01))
    within = replace(first, called_different=Share(0.06, 0.01), other_items=Share(0.92, 0.01))
    bold, plain = (tables(replace(RECORDED, kinds=(kind, *RECORDED.kinds[1:]))) for kind in (beyond, within))
    assert "| still | 64 | **6.0 ± 1.0%** |" in bold
    assert "| still | 64 | **92.0 ± 1.0%** |" in bold
    assert "| still | 64 | 6.0 ± 1.0% |" in plain
    assert "| still | 64 | 92.0 ± 1.0% |" in plain


def test_only_what_is_between_the_markers_is_replaced() -> None:
    written = with_tables(f"before\n{PLACE.begin}old\n{PLACE.end}after\n", RECORDED)
    assert written == f"before\n{PLACE.begin}{tables(RECORDED)}{PLACE.end}after\n"
    assert len(re.findall(r"^\| ", written, re.MULTILINE)) == 2 * (3 + len(ITEMS) * len(NOISES))


@given(st.lists(st.integers(0, 8), min_size=2, max_size=50))
def test_an_error_is_never_below_the_binomial_one(right: list[int]) -> None:
    found = share([each / 8 for each in right], 8)
    part = np.mean(right) / 8
    assert found.share == pytest.approx(part, abs=1e-6)
    assert found.error > 0
    assert found.error >= math.sqrt(part * (1 - part) / (8 * len(right))) * (1 - 1 / len(right))


def test_an_error_is_that_of_runs_where_outcomes_of_a_run_agree() -> None:
    assert share([0.0, 1.0] * 50, 8).error == pytest.approx(0.05, rel=0.01)


def test_an_interval_that_is_not_available_holds_nothing() -> None:
    assert held([None, Interval(1.0, 0.5, 2.0), Interval(1.0, 0.5, math.inf)], [1.0, 2.0, 9.0]) == pytest.approx(2 / 3)


def test_a_number_is_a_run() -> None:
    found = [verdict("bursts", 64, BLOCKS, number) for number in (3, 3, 4)]
    assert isinstance(found[0], Verdict)
    assert found[0] == found[1]
    assert found[0].log_width != found[2].log_width
