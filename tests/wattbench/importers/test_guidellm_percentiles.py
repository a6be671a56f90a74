"""GuideLLM's percentiles and wattbench's, of the same requests.

Both are a request's own value: the first, in order, with at least that share of the requests at or below it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.imports import imported_run
from tests.made_up.other_tools import START_S, guidellm_benchmark, guidellm_request
from tests.wattbench.importers.others_data import others
from wattbench.cli import main
from wattbench.records import read_run
from wattbench_reports.stats.percentiles import percentiles

STATED = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
ALL = {"p001": 0.001, "p01": 0.01, "p05": 0.05, "p10": 0.1, "p25": 0.25, **STATED, "p75": 0.75, "p999": 0.999}


def exported(run: Path) -> Mapping[str, float]:
    """Return the figures of the one system of a run, over all of its items."""
    path = run.parent / "systems.csv"
    main(["runs", "export", str(run), "--to", "csv", "--what", "systems", "-o", str(path)], standalone_mode=False)
    figures: Mapping[str, float] = pd.read_csv(path).iloc[0]
    return figures


def of_guidellm(seconds: list[float], share: float) -> float:
    """Return a percentile by the definition of its `Percentiles.from_pdf`."""
    ordered = sorted(seconds)
    at_or_below = np.cumsum(np.full(len(ordered), 1.0)) / len(ordered)
    return ordered[int(np.searchsorted(at_or_below, share, side="left"))]


@pytest.mark.parametrize("requests", [101, 100])
def test_both_name_the_same_request(tmp_path, requests) -> None:
    seconds = [0.5 + place**2 / 1024 for place in range(requests)]
    made = [
        guidellm_request(place, request_latency=took_s, request_end_time=START_S + place + took_s)
        for place, took_s in enumerate(seconds)
    ]
    benchmark = guidellm_benchmark({"type_": "concurrent", "streams": 4})
    benchmark["requests"] = {"successful": made, "errored": [], "incomplete": [], "total": None}
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"metadata": {"guidellm_version": "0.8.1"}, "benchmarks": [benchmark]}))
    figures = exported(imported_run(path, to=tmp_path).layout.root)
    for name, share in list(STATED.items())[:3]:
        theirs, ours = of_guidellm(seconds, share), figures[f"latency_{name}_s"]
        assert ours == pytest.approx(theirs, abs=1e-6), name


def test_percentiles_are_those_that_guidellm_stated(tmp_path) -> None:
    """501 requests to a local server, by GuideLLM 0.8.1: every percentile that both have, to full precision."""
    path = others("guidellm", "benchmarks_0.8.1_501_requests.json")
    metrics = json.loads(path.read_text())["benchmarks"][0]["metrics"]
    run = imported_run(path, to=tmp_path).layout.root
    items = pd.read_parquet(read_run(run).layout.items_table)
    assert len(items) == 501
    seconds = {
        "request_latency": (items["finished_s"] - items["started_s"]).to_numpy(float),
        "time_to_first_token_ms": 1000 * (items["first_token_s"] - items["started_s"]).to_numpy(float),
    }
    for metric, values in seconds.items():
        stated = metrics[metric]["successful"]["percentiles"]
        own = percentiles(values, [*STATED.values()])
        for name, share in ALL.items():
            assert np.quantile(values, share, method="inverted_cdf") == pytest.approx(stated[name], rel=1e-4), name
            if name in STATED:
                assert own[share] == pytest.approx(stated[name], rel=1e-9, abs=5e-7), name
    figures = exported(run)
    for name in ("p50", "p90", "p95"):
        assert figures[f"latency_{name}_s"] == pytest.approx(
            metrics["request_latency"]["successful"]["percentiles"][name], abs=5e-7
        )
