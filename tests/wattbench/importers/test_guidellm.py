"""GuideLLM's reports: documents in the order of the prompt file, all times, and figures without requests."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.imports import imported_run
from tests.made_up.other_tools import START_S, guidellm_benchmark, guidellm_request
from tests.wattbench.importers.others_data import others
from wattbench.cli import main
from wattbench.importers import detect, read_sources
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.gate.policy import DEFAULT_POLICY


def request(place: int, **changes: object) -> dict[str, object]:
    """A request of GuideLLM 0.8: queued in the order of the prompt file, due 2 ms before it was sent."""
    made = guidellm_request(place, **changes)
    started_s = START_S + place
    made["info"]["timings"] = {
        "targeted_start": started_s - 0.002, "queued": START_S - 60 + place / 1000, "request_start": started_s,
        "first_token_iteration": started_s + 0.125, "last_token_iteration": started_s + 0.4, "request_iterations": 12,
        "token_iterations": 10,
    }  # fmt: skip
    made["cached_tokens"] = 4
    return made


def report(path: Path, seed: int, places: int = 12, strategy: dict[str, object] | None = None) -> Path:
    """Write a report of schema 2, whose requests ended in an order of its own; one was cut off."""
    benchmark = guidellm_benchmark(strategy or {"type_": "concurrent", "streams": 4})
    ended = [request(place) for place in range(places)]
    random.Random(seed).shuffle(ended)
    benchmark["requests"] = {"successful": ended[1:], "errored": [], "incomplete": ended[:1], "total": None}
    written = {
        "metadata": {"version": "2", "guidellm_version": "0.8.1"},
        "config": {"spec": {"data": [{"kind": "json_file", "path": "/home/me/prompts.jsonl"}]}},
        "benchmarks": [benchmark],
        "conclusions": [],
    }
    path.write_text(json.dumps(written))
    return path


def test_two_reports_of_one_prompt_file_pair_item_by_item(tmp_path) -> None:
    runs = [imported_run(report(tmp_path / f"report-{seed}.json", seed), to=tmp_path / str(seed)) for seed in (1, 2)]
    first, second = (pd.read_parquet(run.layout.items_table) for run in runs)
    assert first["doc_id"].is_monotonic_increasing
    both = first.merge(second, on=["task", "doc_id", "doc_hash"])
    assert len(both) == 10  # of 12, each lacks the one that was cut off there
    assert (both["prompt_x"] == both["prompt_y"]).all()
    assert [f'"{place}?"' in prompt for place, prompt in zip(both["doc_id"], both["prompt_x"], strict=True)] == [
        True
    ] * 10
    evidence = evidence_of_two(*runs, DEFAULT_POLICY)
    assert evidence.items == 10
    assert not any("Documents and tasks" in why for why in evidence.apart.values())


def test_due_times_last_tokens_and_cached_tokens_are_kept(tmp_path) -> None:
    items = pd.read_parquet(imported_run(report(tmp_path / "report.json", 1), to=tmp_path).layout.items_table)
    assert np.allclose(items["started_s"] - items["scheduled_s"], 0.002, atol=1e-6)
    arrivals = np.array([times - start for times, start in zip(items["token_s"], items["started_s"], strict=True)])
    assert np.allclose(arrivals, [[0.125, 0.4]] * 11, atol=1e-6)
    assert set(items["cached_tokens"]) == {4}
    assert json.loads(items["metrics"][0])["token_iterations"] == 10


def test_documents_of_one_report_have_one_number_under_all_loads(tmp_path) -> None:
    path = report(tmp_path / "report.json", 1)
    written = json.loads(path.read_text())
    again = json.loads(report(tmp_path / "again.json", 2, strategy={"type_": "constant", "rate": 2.5}).read_text())
    written["benchmarks"] += again["benchmarks"]
    path.write_text(json.dumps(written))
    items = pd.read_parquet(imported_run(path, to=tmp_path).layout.items_table)
    assert (items.groupby("doc_id")["doc_hash"].nunique() == 1).all()
    assert items["system"].nunique() == 2


def test_a_report_without_requests_has_the_figures_that_it_states(tmp_path) -> None:
    path = report(tmp_path / "report.json", 1)
    written = json.loads(path.read_text())
    spread = {
        "mean": 2500.0, "median": 2000.0, "mode": 1.0, "variance": 9.0, "std_dev": 3.0, "min": 1000.0, "max": 9000.0,
        "count": 45, "total_sum": 112500.0,
        "percentiles": {"p001": 1000.0, "p50": 2000.0, "p99": 8000.0, "p999": 9000.0},
    }  # fmt: skip
    benchmark = written["benchmarks"][0]
    benchmark["requests"] = {"successful": [], "errored": [], "incomplete": [], "total": None}
    benchmark["metrics"] = {
        "request_totals": {"successful": 45, "errored": 2, "incomplete": 1, "total": 48},
        "time_to_first_token_ms": {"successful": spread, "errored": spread},
        "time_per_output_token_ms": {"successful": spread},
        "requests_per_second": {"successful": spread},
    }
    path.write_text(json.dumps(written))
    run = imported_run(path, to=tmp_path)
    stated = {(row.figure, row.statistic): row for row in run.summaries()}
    assert stated["first_token", "p99"].value == 8.0
    assert stated["first_token", "median"].value == 2.0
    assert stated["first_token", "p99.9"].value == 9.0
    assert stated["first_token", "p0.1"].requests == 45
    assert stated["time_per_output_token", "mean"].value == 2.5
    assert (stated["requests", "total"].value, stated["failed_requests", "total"].value) == (45, 2)
    assert ("requests_per_s", "total") not in stated  # the sum of rates is no figure
    assert run.header.imported["scenario"] == {"org/model concurrent 4": {"scenario": "concurrent", "streams": 4}}


def test_a_sample_of_requests_says_how_many_the_report_does_not_hold(tmp_path) -> None:
    path = report(tmp_path / "report.json", 1)
    written = json.loads(path.read_text())
    written["benchmarks"][0]["request_totals"] = {"successful": 45, "errored": 0, "incomplete": 1, "total": 46}
    path.write_text(json.dumps(written))
    left_out = read_sources([path]).left_out
    assert left_out["requests that the report counts and does not hold"] == 34


def test_a_file_of_pytest_benchmark_is_no_report(tmp_path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"machine_info": {}, "commit_info": {}, "benchmarks": [{"name": "a", "stats": {}}]}))
    with pytest.raises(Exception, match="its format is not recognised"):
        detect([path])


def test_imports_say_once_what_neither_records(tmp_path) -> None:
    runs = [imported_run(report(tmp_path / f"report-{seed}.json", 1), to=tmp_path / str(seed)) for seed in (1, 2)]
    comparison = side_by_side(runs)
    codes = [caveat.code for caveat in comparison.caveats]
    assert codes.count("not-recorded") == 1
    assert not [code for code in codes if code.startswith("different-")]
    (text,) = (caveat.text for caveat in comparison.caveats if caveat.code == "not-recorded")
    assert "device, driver and power limit" in text
    assert {part for divide in comparison.ranked.divides for part in [divide.part]} == set()


# ---- reports that GuideLLM wrote ----

TIMES = {
    "request_latency": lambda items: items["finished_s"] - items["started_s"],
    "time_to_first_token_ms": lambda items: (items["first_token_s"] - items["started_s"]) * 1e3,
    "inter_token_latency_ms": lambda items: (
        items["token_s"].map(lambda each: each[-1] - each[0]) / (items["output_tokens"] - 1) * 1e3
    ),
    "prompt_token_count": lambda items: items["prompt_tokens"],
    "output_token_count": lambda items: items["output_tokens"],
    "root_dispatch_delay": lambda items: items["started_s"] - items["scheduled_s"],
}


def test_figures_are_those_that_guidellm_printed(tmp_path) -> None:
    """Milliseconds to a hundredth, seconds to a tenth of a millisecond, tokens exactly."""
    path = others("guidellm", "benchmarks_0.8.1_mock_server.json")
    metrics = json.loads(path.read_text())["benchmarks"][0]["metrics"]
    run = imported_run(path, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert len(items) == metrics["request_totals"]["successful"] == 40
    assert items["doc_id"].tolist() == list(range(40))
    for name, figures_of in TIMES.items():
        figures = figures_of(items).astype(float)
        metric = metrics[name]
        spread = metric.get("successful", metric)
        digits = 0.005 if name.endswith("_ms") else 0.00005 if name.endswith(("latency", "delay")) else 0
        for key, own in (("mean", figures.mean()), ("min", figures.min()), ("max", figures.max())):
            assert own == pytest.approx(spread[key], abs=digits or 1e-9), (name, key)
    stated = {row.source_name for row in run.summaries()}
    assert {f"metrics.{name}.mean" for name in TIMES} <= stated


def test_every_benchmark_of_the_published_reports_is_read(tmp_path) -> None:
    sampled = imported_run(others("guidellm", "benchmarks_stripped_0.2.json"), to=tmp_path / "a")
    assert "requests that the report counts and does not hold" in sampled.header.imported["left_out"]
    stated = imported_run(others("guidellm", "report_v2_guidellm-0.8.0.dev18.json"), to=tmp_path / "b")
    assert len(pd.read_parquet(stated.layout.items_table)) == 0
    assert list(stated.systems()) == ["e2e-mock-model constant 2/s", "e2e-mock-model constant 4/s"]
    assert {row.figure for row in stated.summaries()} >= {"latency", "first_token", "token", "requests_per_s"}


def test_import_of_figures_alone_shows_them(tmp_path, capsys) -> None:
    path = report(tmp_path / "report.json", 1)
    written = json.loads(path.read_text())
    written["benchmarks"][0]["requests"] = {}
    written["benchmarks"][0]["metrics"] = {"request_totals": {"successful": 45, "errored": 0}}
    path.write_text(json.dumps(written))
    with pytest.raises(SystemExit) as ended:
        main(["runs", "import", str(path), "--out", str(tmp_path / "runs")])
    assert ended.value.code == 0
    assert "no advice" not in capsys.readouterr().err
