"""The made-up run that the report's bench is fed is a run like any other."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.made_up.large_run import make_run
from wattbench.records import RunRecords, read_run
from wattbench.records.tables.run_tables import items_parquet, windows_parquet


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecords:
    return read_run(make_run(tmp_path_factory.mktemp("made-up"), 2000))


def test_its_tables_are_those_of_the_writer(run: RunRecords) -> None:
    assert pq.read_schema(run.layout.items_table) == pq.read_schema(io.BytesIO(items_parquet([])))
    assert pq.read_schema(run.layout.windows_table) == pq.read_schema(io.BytesIO(windows_parquet([])))
    assert pq.read_table(run.layout.windows_table).equals(pq.read_table(io.BytesIO(windows_parquet(run.windows()))))


def test_items_sum_to_their_windows(run: RunRecords) -> None:
    items = pd.read_parquet(run.layout.items_table)
    sums = items.groupby("window")[["energy_j", "energy_above_idle_j"]].sum()
    windows = {window.window: window for window in run.windows() if window.purpose == "measured"}
    assert set(sums.index) == set(windows)
    for name, own in sums.iterrows():
        assert own["energy_j"] == pytest.approx(windows[str(name)].total_j)
        assert own["energy_above_idle_j"] == pytest.approx(windows[str(name)].above_idle_j)
