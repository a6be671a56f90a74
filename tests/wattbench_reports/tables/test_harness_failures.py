"""Attempts that are no answers are in no figure: not in one of a session, a night or an earlier look either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.attempts import attempt
from tests.made_up.rows import item, write_items
from wattbench_reports.history.night_metrics import summarised
from wattbench_reports.tables.harness_failures import harness_failures, has_harness_failures
from wattbench_reports.tables.run_tables import check_whole, load_frames
from wattbench_reports.tables.session_record import run_figures

BROKEN = {"failure": "no bwrap", "ended": "harness", "energy_j": 0.0}


@pytest.fixture
def run(tmp_path: Path):
    """Two agents at 6 tasks, of which one's harness failed at task 2, and in one of two attempts at task 3."""
    rows = [
        attempt(name, doc_id, repeat, True, **(BROKEN if (name, doc_id) == ("one", 2) else {}))[0]
        for name in ("one", "two") for doc_id in range(6) for repeat in range(2)
    ]  # fmt: skip
    rows[7] = attempt("one", 3, 1, False, **BROKEN)[0]
    cells = [
        {"system": name, "kind": "generalist", "task": "sums", "domain": "arithmetic", "items": 6}
        for name in ("one", "two")
    ]
    return write_items(tmp_path, rows, cells=cells)


def test_items_without_an_attempt_are_left_out_for_all(run) -> None:
    failures = harness_failures(run)
    assert failures is not None
    assert failures.items == {"sums": 1}
    assert failures.kept.sum() == 24 - 3 - 2
    assert {name: (each.attempts, each.failed, each.solved) for name, each in failures.systems.items()} == {
        "one": (12, 3, 9.0)
    }
    assert failures.systems["one"].bounds == (9 / 12, 1.0)
    assert has_harness_failures(run)


def test_a_run_without_its_lost_items_is_whole(run) -> None:
    frames = load_frames(run)
    check_whole(frames)
    assert frames.differences == ()
    assert len(frames.items) == 19
    assert not frames.failed().any()


def test_sessions_and_nights_leave_them_out(run) -> None:
    assert run_figures(run)["one"]["energy_j"] == pytest.approx(8.0)
    cells, broken = summarised({"night": run.layout.items_table})
    assert broken == {}
    overall = cells[(cells["system"] == "one") & (cells["domain"] == "")]
    assert overall["accuracy"].tolist() == [1.0]


def test_a_run_without_agents_keeps_everything(tmp_path: Path) -> None:
    plain = write_items(tmp_path, [item(number, 2.0 * number) for number in range(4)])
    assert harness_failures(plain) is None
    assert not has_harness_failures(plain)
