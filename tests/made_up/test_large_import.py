"""The made-up import that benches are fed is as an import writes it."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq

from tests.made_up.large_import import SYSTEMS, TASKS, make_import
from wattbench.api.verify import verify
from wattbench.records import read_run
from wattbench.records.tables import items_parquet
from wattbench_reports.comparison.analysis import analyse


def test_it_is_verified_and_compared(tmp_path: Path) -> None:
    path = make_import(tmp_path, 400)
    run = read_run(path)
    assert pq.read_schema(run.layout.items_table) == pq.read_schema(io.BytesIO(items_parquet([])))
    assert verify(path).ok
    analysis = analyse(run)
    assert len(analysis.frames.items) == 400
    assert len(analysis.measured) == SYSTEMS
    assert len(analysis.frames.items["task"].cat.categories) == len(TASKS)
    assert analysis.money is not None
