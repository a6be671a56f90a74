"""A trace next to Poisson arrivals: what bursts cost, from records alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.load_runs import BURST, SERVICE_S, TRACE, write_load_run, write_traced_run
from wattbench.errors import UserError
from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS, read_run
from wattbench_reports.comparison.analysis import compare
from wattbench_reports.export import as_csv, as_json, as_markdown, as_table
from wattbench_reports.history.series_key import Conditions
from wattbench_reports.html import report
from wattbench_reports.metrics.trace_bursts import bursts
from wattbench_reports.tables.header_record import HeaderRecord


def test_bursts_cost_latency_joules_and_copies(tmp_path: Path) -> None:
    comparison = compare(write_traced_run(tmp_path))
    assert comparison.load.compared.arrivals == TRACE_ARRIVALS  # the verdict is of the trace
    found = bursts(comparison.load)
    (cost,) = found.costs
    items = pd.read_parquet(read_run(next(tmp_path.iterdir())).layout.items_table)
    mean_s = {
        kind: float((of["finished_s"] - of["scheduled_s"])[of["failure"].isna()].mean())
        for kind, of in items.groupby("arrivals")
    }
    assert cost.latency_s.low < cost.latency_s.estimate < cost.latency_s.high
    assert cost.latency_s.estimate == pytest.approx(mean_s[TRACE_ARRIVALS] - mean_s[POISSON_ARRIVALS], rel=0.1)
    assert cost.j_per_request.estimate == pytest.approx(1.0)
    assert cost.trace.figures.queue_peak == BURST - 1
    assert cost.poisson.figures.queue_peak == 0
    assert cost.trace.figures.client_lag_largest_s == pytest.approx(0.0, abs=1e-6)  # it is the system that was busy
    # 50 requests are too few for a p99; each waits for those of its burst before it.
    assert cost.trace.figures.slot_wait_p50_s == pytest.approx((BURST - 1) // 2 * SERVICE_S)
    assert (cost.trace.figures.client_lag_p99_s, cost.trace.figures.slot_wait_p99_s) == (None, None)
    assert (cost.trace.copies, cost.poisson.copies) == (2, 1)  # 2.5 s in a row do not fit a deadline of 2 s
    assert cost.trace.latency_s[0.5] is not None
    assert cost.trace.latency_s[0.99] is None  # too few for it


def test_the_table_is_in_every_format(tmp_path: Path) -> None:
    records = write_traced_run(tmp_path)
    comparison = compare(records)
    for text in (as_table(comparison), as_markdown(comparison), report(records)):
        plain = " ".join(text.split())
        assert "What the bursts of the trace cost" in plain
        assert "900 prompt tokens (in the suite: 30)" in plain
        assert "1 arrival at the end is left out" in plain
    assert "2 resident in place of 1" in " ".join(as_table(comparison).split())
    assert "arrivals" in as_csv(comparison).splitlines()[0].split(",")
    assert '"arrivals": "poisson"' in as_json(comparison)


def test_what_is_not_held_has_no_percentiles_and_no_latency_to_compare(tmp_path: Path) -> None:
    comparison = compare(write_traced_run(tmp_path, holds=False))
    assert comparison.load is not None
    found = bursts(comparison.load)
    (cost,) = found.costs
    assert cost.latency_s is None
    assert set(cost.trace.latency_s.values()) == {None}
    assert cost.poisson.latency_s[0.5] is not None
    assert cost.j_per_request is not None


def test_a_trace_alone_is_shown_without_a_comparison(tmp_path: Path) -> None:
    records = write_traced_run(tmp_path, poisson=False)
    comparison = compare(records)
    assert comparison.load is not None
    assert bursts(comparison.load) is None
    for text in (as_table(comparison), report(records)):
        assert "What the bursts" not in text
        assert "azure.csv" in text


def test_runs_from_before_have_neither_arrivals_nor_lag(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = write_load_run(tmp_path)
    table = pq.read_table(records.layout.items_table)
    pq.write_table(table.drop_columns(["arrivals"]), records.layout.items_table)
    assert isinstance(table, pa.Table)
    comparison = compare(records)
    assert bursts(comparison.load) is None
    assert {each.arrivals for at in comparison.load.rates for each in at.systems} == {"loadgen"}
    assert "client:" not in as_table(comparison)
    assert np.isfinite(comparison.load.compared.offered_per_s)


def test_runs_of_the_same_trace_in_another_folder_are_alike_and_those_of_another_trace_are_not(tmp_path: Path) -> None:
    records = write_traced_run(tmp_path)
    suite = records.header.suite["suite"]

    def conditions(trace: str, sha256: str) -> str:
        load = {"trace": trace, "speed": 2.0}
        cells = [{**records.header.cells[0], "trace_sha256": sha256}]
        header = replace(
            records.header, suite={"suite": {**suite, "measure": {"scenario": "load", "load": load}}}, cells=cells
        )
        return Conditions(HeaderRecord.of(header)).of("latency", "sturdy", "", 50, "")

    assert conditions("/a/azure.csv", "ab") == conditions("/b/azure.csv", "ab")
    assert conditions("/a/azure.csv", "ab") != conditions("/a/azure.csv", "cd")


def test_the_name_of_a_trace_cannot_steer_the_terminal_or_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TRACE, "name", "Az\x1b[2J<b>*x*.csv")
    records = write_traced_run(tmp_path)
    comparison = compare(records)
    assert all(line.isprintable() for line in as_table(comparison).split("\n"))
    assert "<b>" not in as_markdown(comparison)
    assert "*x*" not in as_markdown(comparison)
    assert "<b>" not in report(records)
    assert "Az" in as_markdown(comparison)  # its capitals are kept


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arrivals": "bursts"}, "arrivals is 'bursts'"),
        ({"trace": {**TRACE, "speed": "2"}}, "trace: speed is '2'"),
        ({"trace": {**TRACE, "name": None}}, "trace: name is None"),
        ({"trace": {**TRACE, "arrivals": -1}}, "trace: arrivals is -1"),
        ({"trace": {**TRACE, "sessions": True}}, "trace: sessions is True"),
        ({"trace": {**TRACE, "input_tokens": 7}}, "trace: input_tokens is 7"),
        ({"trace": {**TRACE, "output_tokens": {"p90": 1}}}, "it must have a median"),
        ({"sending": {"punctual": 1.0}}, "a value is missing (own_lag_largest_s)"),
        ({"sending": {"punctual": "all"}}, "sending"),
    ],
)
def test_a_damaged_line_of_a_trace_is_a_named_error(change: dict[str, object], said: str, tmp_path: Path) -> None:
    records = write_traced_run(tmp_path)
    first, *others = records.layout.loads.read_text().splitlines()
    records.layout.loads.write_text("\n".join([json.dumps({**json.loads(first), **change}), *others, ""]))
    with pytest.raises(UserError, match=r"loads\.jsonl") as refused:
        compare(read_run(records.layout.root))
    assert said in str(refused.value)
