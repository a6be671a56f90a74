"""Modelled joules next to other work may be too many: their lower bound says so, and nothing else moves."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.metrics.other_work import LONGER, TOO_MANY, other_work_sums
from wattbench_reports.tables.run_tables import load_frames

BLOCKS = 6
RUN = FakeRun(
    systems=(
        FakeSystem("modelled", accuracy=0.6, energy_j=8.0, provenance="modelled"),
        FakeSystem("measured", accuracy=0.7, energy_j=12.0, provenance="counter"),
    ),
    blocks=BLOCKS,
    carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.0},
    workload={"price_per_kwh": 0.25, "currency": "EUR"},
)


def analysed(root: Path, busy_blocks: int) -> Analysis:
    return analyse(read_run(write_run(root, dataclasses.replace(RUN, busy_blocks=busy_blocks))))


@pytest.fixture(scope="module")
def by_busy_blocks(tmp_path_factory: pytest.TempPathFactory) -> list[Analysis]:
    root = tmp_path_factory.mktemp("busy")
    return [analysed(root / str(number), number) for number in range(BLOCKS + 1)]


def test_the_lower_bound_alone_moves_by_what_other_work_may_have_added(by_busy_blocks: list[Analysis]) -> None:
    quiet, busy = by_busy_blocks[0], by_busy_blocks[BLOCKS]
    for figure in ("j_per_request", "j_per_correct"):
        before, after = (getattr(each.measured.systems["modelled"], figure) for each in (quiet, busy))
        assert (after.estimate, after.high) == (before.estimate, before.high)
        assert after.low == pytest.approx(before.low / (1 + LONGER))
        assert getattr(busy.measured.systems["measured"], figure) == getattr(quiet.measured.systems["measured"], figure)
    money_before, money_after = (each.comparison.money.systems["modelled"].per_request for each in (quiet, busy))
    assert money_after.low == pytest.approx(money_before.low / (1 + LONGER))
    assert money_after.high == money_before.high


def test_a_window_too_short_to_tell_is_as_the_others_of_its_block(tmp_path: Path) -> None:
    both = dataclasses.replace(
        RUN, systems=tuple(dataclasses.replace(each, provenance="modelled") for each in RUN.systems)
    )
    run = read_run(write_run(tmp_path, dataclasses.replace(both, busy_blocks=1)))
    frames = load_frames(run)
    whole = other_work_sums(frames)[TOO_MANY]
    frames.windows.loc[frames.windows["system"] == "modelled", "contended"] = 0
    assert (other_work_sums(frames)[TOO_MANY] == whole).all()
    frames.windows["contended"] = 0
    assert other_work_sums(frames) == {}


def test_a_quiet_run_carries_nothing_for_it(by_busy_blocks: list[Analysis]) -> None:
    assert TOO_MANY not in by_busy_blocks[0].measured.basis.totals
    assert TOO_MANY in by_busy_blocks[1].measured.basis.totals


@given(fewer=st.integers(0, BLOCKS), more=st.integers(0, BLOCKS))
def test_more_of_it_never_narrows(by_busy_blocks: list[Analysis], fewer: int, more: int) -> None:
    first, second = (
        by_busy_blocks[number].measured.systems["modelled"].j_per_request for number in sorted((fewer, more))
    )
    assert second.low <= first.low * (1 + 1e-12)
    assert second.high == first.high
