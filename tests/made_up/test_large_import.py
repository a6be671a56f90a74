"""The made-up import that benches are fed is as an import writes it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.made_up.large_import import SYSTEMS, TASKS, make_import
from wattbench.api.verify import verify
from wattbench.records import read_run
from wattbench.records.tables.run_tables import items_parquet
from wattbench_reports.comparison.analysis import analyse


def test_a_run_of_many_rows_is_verified_by_its_digests_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["wattbench.api.verify"], "MOST_ROWS", 399)
    path = make_import(tmp_path, 400)
    found = verify(path)
    assert [(check.name, check.made) for check in found.checks] == [
        ("digests", True), ("journal", False), ("lines", True), ("invariants", False),
    ]  # fmt: skip
    said = "invariants, tables, joules and scores: 400 rows, and at most 399 are checked and recomputed"
    assert found.checks[-1].said == found.cannot_know[-1] == said
    table = path / "items.parquet"
    table.write_bytes(table.read_bytes()[:-100] + bytes(100))
    assert not verify(path).ok


@pytest.mark.slow
def test_it_is_verified_and_compared(tmp_path: Path) -> None:
    path = make_import(tmp_path, 400)
    run = read_run(path)
    assert pq.read_schema(run.layout.items_table) == pq.read_schema(io.BytesIO(items_parquet([])))
    assert verify(path).ok
    analysis = analyse(run)
    assert len(analysis.measured.frames.items) == 400
    assert len(analysis.measured.systems) == SYSTEMS
    assert len(analysis.measured.frames.items["task"].cat.categories) == len(TASKS)
    assert analysis.paid.money is not None
