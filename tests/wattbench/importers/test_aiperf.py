"""AIPerf's artifacts: its load, scores, token times and GPUs; against figures that AIPerf itself printed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.gpu_readings import true_j, write_readings
from tests.made_up.imports import imported_run
from tests.made_up.other_tools import START_S, aiperf_profile
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.importers import read_sources
from wattbench.importers.aiperf.totals import config_of, load_of
from wattbench.records import RunRecords
from wattbench.records.invariants import table_problems
from wattbench_reports.comparison.analysis import analyse


def test_two_concurrencies_are_not_ranked_by_latency(tmp_path) -> None:
    run = imported_run(*(aiperf_profile(tmp_path / f"at-{number}", number) for number in (1, 4)), to=tmp_path)
    assert run.header.imported["scenario"] == {
        "org/model concurrency 1": {"concurrency": 1, "arrivals": "concurrency"},
        "org/model concurrency 4": {"concurrency": 4, "arrivals": "concurrency"},
    }
    analysis = analyse(run)
    first, second = analysis.measured.prints.values()
    assert first.parts["scenario"] != second.parts["scenario"]
    assert first.parts["tasks"] == second.parts["tasks"]
    assert "different-scenario" in {caveat.code for caveat in analysis.comparison.caveats}


@pytest.mark.parametrize(
    "settings",
    [
        {
            "endpoint": {"model_names": ["m"], "url": "h:8000", "streaming": True},
            "loadgen": {"concurrency": 2, "arrival_pattern": "concurrency_burst", "request_count": 64},
        },
        {
            "models": {"items": [{"name": "m"}]},
            "endpoint": {"urls": ["http://u:hush@h:8000/v1"], "streaming": True},
            "phases": [
                {"name": "profiling", "kind": "profiling", "type": "concurrency", "concurrency": 2, "requests": 9}
            ],
        },
    ],
)
def test_settings_of_both_layouts_say_the_same(settings) -> None:
    totals = {"input_config": settings}
    config = {key: value for key, value in config_of(totals).items() if value is not None}
    assert config == {"engine": "aiperf", "model": "m", "base_url": "http://h:8000", "streaming": True}
    assert load_of(totals) == {"concurrency": 2, "arrivals": "concurrency"}


def test_due_times_chunk_gaps_and_documents_are_kept(tmp_path) -> None:
    run = imported_run(aiperf_profile(tmp_path / "one", 1), to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert np.allclose(items["started_s"] - items["scheduled_s"], 0.002, atol=1e-6)
    gaps = [list(np.diff(times)) for times in items["token_s"]]
    assert np.allclose(gaps, [[0.0045, 0.0055]] * 20, atol=1e-6)
    assert items["doc_id"].tolist() == list(range(20))
    assert json.loads(items["metrics"][0]) == {}
    stated = {(row.figure, row.statistic): (row.value, row.unit) for row in run.summaries()}
    assert stated["latency", "p99"] == (pytest.approx(0.7), "s")
    assert stated["energy", "total"] == (650.0, "J")


def test_a_conversation_that_is_asked_again_is_a_repeat(aiperf_folder, tmp_path) -> None:
    items = pd.read_parquet(imported_run(aiperf_folder, to=tmp_path).layout.items_table)
    assert items["doc_id"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert items["repeat"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_grades_are_scores_and_what_was_not_graded_is_counted(tmp_path) -> None:
    folder = aiperf_profile(tmp_path / "graded", 1)
    grades = [
        {
            "session_num": place, "conversation_id": f"conversation-{place}", "x_request_id": f"x-{place}",
            "worker_id": "w", "benchmark_phase": "profiling", "timestamp_ns": 1,
            "task": "algebra" if place % 2 else None, "grader_name": "exact_match", "passed": place < 12,
            "unparsed": False, "confidence": 1.0, "expected": "4", "actual": "4" if place < 12 else "5",
            "explanation": "equal", "model_output": "It is 4.", "model_thinking": None,
        }
        for place in range(19)
    ]  # fmt: skip
    (folder / "accuracy_export.jsonl").write_text("\n".join(map(json.dumps, grades)))
    run = imported_run(folder, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert items["correct"].sum() == 12
    assert set(items["task"]) == {"requests", "algebra"}
    assert run.header.imported["left_out"] == {"requests that were not graded": 1}
    first = items.iloc[0]
    assert (first["output"], first["filtered"], first["target"]) == ("It is 4.", "4", "4")
    assert json.loads(first["metrics"])["grader_name"] == "exact_match"


def test_a_grade_that_is_none_is_named(tmp_path) -> None:
    folder = aiperf_profile(tmp_path / "graded", 1)
    (folder / "accuracy_export.jsonl").write_text('{"x_request_id": "x-0", "passed": true}\n{"passed": "yes"}\n')
    with pytest.raises(UserError, match=r"accuracy_export.jsonl:2: no x_request_id and passed"):
        read_sources([folder])


def metered(tmp_path: Path, requests: int, **changes: object) -> RunRecords:
    url = str(changes.pop("url", "http://localhost:8000"))
    folder = aiperf_profile(tmp_path / f"metered-{requests}", 2, requests, url=url)
    write_readings(folder / "gpu_telemetry_export.jsonl", START_S, START_S + 0.7 * requests / 2, **changes)
    return imported_run(folder, to=tmp_path)


def test_a_profile_of_ten_seconds_is_metered_and_its_answers_share_the_joules(tmp_path) -> None:
    run = metered(tmp_path, 30)
    (window,) = run.windows()
    assert window.valid, window.reasons
    truth_j = true_j(START_S, START_S + 10.5)
    assert window.total_j == pytest.approx(truth_j, rel=0.02)
    items = pd.read_parquet(run.layout.items_table)
    assert items["energy_j"].sum() == pytest.approx(window.total_j)
    assert set(items["energy_provenance"]) == {"counter"}
    assert list(table_problems(run, len(items), 1)) == []
    assert run.layout.trace("org/model", "requests").is_file()
    figures = analyse(run).comparison.systems[0]
    assert figures.valid
    assert figures.energy_j_per_request == pytest.approx(window.total_j / 30)
    assert run.header.imported["machines"]["org/model"]["gpus"][0]["name"] == "Fake H100 80GB"


def test_a_profile_of_two_seconds_is_too_short_for_the_counter(tmp_path) -> None:
    run = metered(tmp_path, 6)
    (window,) = run.windows()
    assert not window.valid
    assert "2.10 s is too short for a sensor that advances every 0.1 s (at least 4 s)" in window.reasons[0]
    assert pd.read_parquet(run.layout.items_table)["energy_j"].isna().all()
    codes = {caveat.code for caveat in analyse(run).comparison.caveats}
    assert "invalid-windows" in codes


def test_zeros_are_gaps_and_a_window_with_a_long_one_is_not_valid(tmp_path) -> None:
    run = metered(tmp_path, 30, zero=(START_S + 2, START_S + 8))
    (window,) = run.windows()
    assert not window.valid
    assert any("not read for 6." in reason and "gave no figure, or 0" in reason for reason in window.reasons)
    short = metered(tmp_path / "short", 30, zero=(START_S + 2, START_S + 3))
    (window,) = short.windows()
    assert window.valid
    assert window.total_j == pytest.approx(true_j(START_S, START_S + 10.5), rel=0.02)


def test_what_the_client_draws_is_not_what_the_server_draws(tmp_path) -> None:
    run = metered(tmp_path, 30, url="http://gpu-7:8000")
    (window,) = run.windows()
    assert not window.valid
    assert not window.energy_j
    assert "read on localhost, and gpu-7 answered" in window.reasons[0]
    assert run.header.imported["machines"] == {"org/model": {}}
    far = metered(tmp_path / "far", 60, url="http://gpu-7:8000", source="http://gpu-7:9400/metrics")
    (window,) = far.windows()
    assert window.valid, window.reasons  # how often an exporter reads is not known: 40 steps as they were seen are 14 s
    assert window.total_j == pytest.approx(true_j(START_S, START_S + 21), rel=0.02)


def test_two_collectors_of_a_gpu_count_once_and_two_gpus_of_one_index_both_count(tmp_path) -> None:
    folder = aiperf_profile(tmp_path / "twice", 2, 30)
    path = folder / "gpu_telemetry_export.jsonl"
    write_readings(path, START_S, START_S + 10.5)
    once = path.read_text()
    path.write_text(once + once.replace("pynvml://localhost", "http://localhost:9400/metrics"))
    run = imported_run(folder, to=tmp_path / "a")
    assert run.windows()[0].total_j == pytest.approx(true_j(START_S, START_S + 10.5), rel=0.02)
    assert run.header.imported["left_out"]["readings of a GPU that another collector read too"] == len(
        once.splitlines()
    )
    path.write_text(once + once.replace("GPU-fake-0", "GPU-fake-1"))
    (window,) = imported_run(folder, to=tmp_path / "b").windows()
    assert set(window.energy_j) == {"gpu0", "gpu1"}
    assert any("all 2 GPUs that AIPerf read are counted" in reason for reason in window.reasons)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"gpu_index": 0, "timestamp_ns": 1}', "this is not a reading of AIPerf"),
        ('{"gpu_uuid": "g", "gpu_index": 0, "timestamp_ns": -1}', "timestamp_ns is -1"),
        (
            '{"gpu_uuid": "g", "gpu_index": 0, "timestamp_ns": 1, "telemetry_data": {"nvidia_power_usage": -3}}',
            "power is -3",
        ),
        ("[]", "of type list"),
    ],
)
def test_a_reading_that_is_none_is_named(tmp_path, line, said) -> None:
    folder = aiperf_profile(tmp_path / "damaged", 1)
    (folder / "gpu_telemetry_export.jsonl").write_text(line)
    with pytest.raises(UserError, match=said) as error:
        read_sources([folder])
    assert "gpu_telemetry_export.jsonl:1" in str(error.value)


# ---- files that AIPerf wrote ----

NAMES = ("real_0.13_mock_server", "real_0.13_fake_gpu_20", "qwen_concurrency1", "qwen_concurrency2")

FIGURES = {
    "request_latency": lambda items: (items["finished_s"] - items["started_s"]) * 1e3,
    "time_to_first_token": lambda items: (items["first_token_s"] - items["started_s"]) * 1e3,
    "input_sequence_length": lambda items: items["prompt_tokens"],
    "output_sequence_length": lambda items: items["output_tokens"],
    "inter_chunk_latency": lambda items: pd.Series(np.concatenate([np.diff(each) for each in items["token_s"]]) * 1e3),
    "credit_to_start_latency": lambda items: (items["started_s"] - items["scheduled_s"]) * 1e3,
}


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_those_that_aiperf_printed(name, tmp_path) -> None:
    """Times in milliseconds to AIPerf's two printed digits. The fixtures hold 10 of 64 requests, and cannot agree."""
    folder = others("aiperf", name)
    run = imported_run(folder, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    totals = json.loads((folder / "profile_export_aiperf.json").read_text())
    whole = totals["request_count"]["avg"] == len(items)
    assert whole == name.startswith("real")
    compared = 0
    for tag, figures_of in FIGURES.items():
        figures = figures_of(items).astype(float)
        if not whole or tag not in totals:
            continue
        for statistic in ("avg", "min", "max", "p50", "p90", "p99"):
            own = figures.mean() if statistic == "avg" else figures.quantile(_share(statistic))
            assert own == pytest.approx(totals[tag][statistic], abs=0.005), (tag, statistic)
            compared += 1
    assert compared == (36 if whole else 0)
    stated = {row.source_name.partition(" ")[0]: row for row in run.summaries()}
    for tag, metric in totals.items():
        if isinstance(metric, dict) and "unit" in metric and "avg" in metric:
            assert f"{tag}.avg" in stated
    raw = [json.loads(line) for line in (folder / "profile_export.jsonl").read_text().splitlines()]
    own = [each for each in raw if each["metadata"]["benchmark_phase"] == "profiling"]
    assert len(items) == len(own)
    assert sum(run.header.imported["left_out"].values()) >= len(raw) - len(own)
    told = {metric for row in items["metrics"] for metric in json.loads(row)}
    for metric in set(itertools.chain.from_iterable(each["metrics"] for each in own)):
        assert metric in FIGURES or metric == "output_token_count" or any(each.startswith(metric) for each in told)


def _share(statistic: str) -> float:
    return {"min": 0.0, "max": 1.0}.get(statistic, float(statistic[1:]) / 100 if statistic[1:].isdigit() else 0.0)


def test_readings_of_aiperf_are_judged(tmp_path) -> None:
    run = imported_run(others("aiperf", "real_0.13_fake_gpu_20"), to=tmp_path)
    (window,) = run.windows()
    assert not window.valid
    assert 545 < window.energy_j["gpu0"] < 592  # AIPerf says 650 J
    (stated,) = (row.value for row in run.summaries() if row.figure == "energy" and row.statistic == "total")
    assert stated == pytest.approx(650.0)
    for name in ("qwen_concurrency1", "qwen_concurrency2"):  # their readings end before the first request
        (window,) = imported_run(others("aiperf", name), to=tmp_path / name).windows()
        assert not window.valid and not window.energy_j
        assert any("meter lost" in reason for reason in window.reasons)


def test_two_profiles_of_one_server_are_not_ranked_by_latency(tmp_path) -> None:
    run = imported_run(*(others("aiperf", f"qwen_concurrency{number}") for number in (1, 2)), to=tmp_path)
    first, second = analyse(run).measured.prints.values()
    assert first.parts["scenario"] != second.parts["scenario"]
    assert first.parts["device"] == second.parts["device"]
    assert "1 × NVIDIA RTX 6000 Ada Generation" in str(first.parts["device"].facts)
    assert "300.0 W" in str(first.parts["power_limit"].facts)
