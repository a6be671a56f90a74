"""The made-up run that the report's bench is fed is a run like any other."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.made_up.large_run import make_run
from tests.made_up.large_systems import SYSTEMS, TASKS
from wattbench.meters.sampling.trace import read_trace
from wattbench.records import RunRecords, read_run
from wattbench.records.tables.run_tables import items_parquet, windows_parquet
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html import report


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecords:
    return read_run(make_run(tmp_path_factory.mktemp("made-up"), 2000))


def test_its_tables_are_those_of_the_writer(run: RunRecords) -> None:
    assert pq.read_schema(run.layout.items_table) == pq.read_schema(io.BytesIO(items_parquet([])))
    assert pq.read_schema(run.layout.windows_table) == pq.read_schema(io.BytesIO(windows_parquet([])))
    assert pq.read_table(run.layout.windows_table).equals(pq.read_table(io.BytesIO(windows_parquet(run.windows()))))


def test_as_many_rows_as_asked_for_and_the_same_documents_for_everyone(run: RunRecords) -> None:
    items = pd.read_parquet(run.layout.items_table)
    assert abs(len(items) - 2000) < len(SYSTEMS) * len(TASKS)
    assert items["system"].nunique() == len(SYSTEMS)
    assert len(items["task"].unique()) == len(TASKS)
    for _, own in items.groupby("task"):
        answered = own.groupby("system")["doc_hash"].agg(lambda hashes: tuple(sorted(hashes)))
        assert answered.nunique() == 1


def test_items_sum_to_their_windows(run: RunRecords) -> None:
    items = pd.read_parquet(run.layout.items_table)
    sums = items.groupby("window")[["energy_j", "energy_above_idle_j"]].sum()
    windows = {window.window: window for window in run.windows() if window.purpose == "measured"}
    assert set(sums.index) == set(windows)
    for name, own in sums.iterrows():
        assert own["energy_j"] == pytest.approx(windows[str(name)].total_j)
        assert own["energy_above_idle_j"] == pytest.approx(windows[str(name)].above_idle_j)


def test_answers_lie_within_their_windows_one_after_the_other(run: RunRecords) -> None:
    items = pd.read_parquet(run.layout.items_table)
    windows = {window.window: window for window in run.windows()}
    assert (items["started_s"].to_numpy()[1:] > items["finished_s"].to_numpy()[:-1]).all()
    for answer in items.iloc[:: len(items) // 50].itertuples():
        window = windows[answer.window]
        assert window.started_s <= answer.started_s < answer.finished_s <= window.finished_s
        assert len(answer.token_s) == answer.output_tokens
        assert answer.token_s[0] == pytest.approx(answer.first_token_s)
        assert answer.token_s[-1] == pytest.approx(answer.finished_s)


def test_a_trace_lies_behind_every_cell(run: RunRecords) -> None:
    for system in SYSTEMS:
        for task, _ in TASKS:
            trace = read_trace(run.layout.trace(system.name, task))
            at_s = [reading.at_s for meter, reading in trace.readings if meter == "nvml"]
            windows = [w for w in run.windows() if (w.system, w.task) == (system.name, task)]
            assert at_s[0] <= windows[0].started_s
            assert at_s[-1] >= windows[-1].finished_s
            assert np.diff(at_s) == pytest.approx(1.0)


def test_the_same_size_gives_the_same_run(run: RunRecords, tmp_path: Path) -> None:
    again = read_run(make_run(tmp_path, 2000))
    assert again.layout.items_table.read_bytes() == run.layout.items_table.read_bytes()


@pytest.mark.slow
def test_it_has_a_report_with_all_that_it_holds(run: RunRecords) -> None:
    analysis = analyse(run)
    assert not analysis.frames.differences
    assert all(verdict.valid for verdict in analysis.judged.values())
    page = report(run)
    for section in (
        "what-if",
        "comparison",
        "routing",
        "distillation",
        "lifecycle",
        "latency",
        "energy",
        "power",
        "items",
    ):
        assert f'id="{section}"' in page
