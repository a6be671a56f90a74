"""Copies of a run with agents: with other scores, without its end, or with its complete blocks alone."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.agents import FakeAgentRun, write_agents
from tests.made_up.sharded_runs import Made, write_shard
from wattbench.api.verify import verify
from wattbench.measure.call_rows import call_rows
from wattbench.records import RunRecords, read_run
from wattbench.records.copies import copied_part, copy_to_retry, write_rescored
from wattbench.records.finish_record import read_finish

pytestmark = pytest.mark.slow

UTC = "2026-01-02T04:00:00+00:00"


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def run(tmp_path: Path) -> RunRecords:
    return read_run(write_agents(tmp_path / "runs", FakeAgentRun(items=3, repeats=2)))


def calls_of(run: RunRecords) -> pd.DataFrame:
    return pd.read_parquet(run.layout.calls_table)


def test_a_rescored_run_has_the_same_calls_and_joules_under_its_own_name(run: RunRecords, tmp_path: Path) -> None:
    scores = {
        ("careful", task): [replace(row, correct=1.0) for row in run.scores("careful", task) or []]
        for task in run.header.tasks
    }
    header = replace(run.header, run="20260103T030405Z-agents-def456")
    other = read_run(write_rescored(run, tmp_path / "runs", header, scores, UTC))
    assert other.calls() == run.calls()
    assert set(calls_of(other)["run"]) == {header.run}
    pd.testing.assert_frame_equal(calls_of(other).drop(columns="run"), calls_of(run).drop(columns="run"))
    before, after = (pd.read_parquet(each.layout.items_table) for each in (run, other))
    pd.testing.assert_series_equal(before["energy_j"], after["energy_j"])
    answered = after[(after["system"] == "careful") & after["failure"].isna()]
    assert set(answered["correct"]) == {1.0}
    assert read_finish(other.layout).calls == len(run.calls())
    found = verify(other.layout.root)
    assert found.ok, [problem for check in found.checks for problem in check.problems]


def test_a_copy_to_retry_keeps_the_calls_and_not_their_table(run: RunRecords, tmp_path: Path) -> None:
    header = replace(run.header, run="20260103T030405Z-agents-def456", journal=True)
    copy = read_run(copy_to_retry(run.layout, tmp_path / "runs", header))
    assert copy.calls() == run.calls()
    assert not copy.layout.calls_table.exists()
    assert copy.layout.calls.stat().st_ino != run.layout.calls.stat().st_ino  # calls are appended to it


@pytest.fixture
def stopped(tmp_path: Path) -> RunRecords:
    """A run of three blocks, of which the last is not complete."""
    made = Made(blocks=(0, 1, 2), shard=False, agent=True, finished=False)
    root = write_shard(tmp_path / "runs", made)
    records = read_run(root)
    lines = records.layout.blocks.read_text().splitlines(keepends=True)
    records.layout.blocks.write_text("".join(lines[:2]))
    return records


def test_the_part_of_a_stopped_run_has_the_calls_of_its_complete_blocks(stopped: RunRecords, tmp_path: Path) -> None:
    header = replace(stopped.header, run="20260103T030405Z-part-def456")
    with copied_part(stopped, tmp_path / "runs", header) as writer:
        part = read_run(writer.layout.root)
        kept = {row.window for row in part.windows() if row.system == "big" and row.block is not None}
        answers = [row for task in part.header.tasks for row in part.answers_of_all_attempts("big", task)]
        assert {row.session for row in answers} == {call.session for call in part.calls()}
        assert {row.window for row in answers} == kept
        assert 0 < len(part.calls()) < len(stopped.calls())
        assert {call.window for call in call_rows(part, part.windows())} == kept
