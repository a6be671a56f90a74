"""GuideLLM's and AIPerf's requests: times and tokens; no accuracy and no joules, and no keys."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.made_up.imports import imported_run
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.html import report


def test_guidellm_a_system_per_load_with_its_times(guidellm_file, tmp_path) -> None:
    assert detect([guidellm_file]) == detect([guidellm_file.parent]) == "guidellm"
    run = imported_run(guidellm_file, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert list(dict.fromkeys(items["system"])) == ["org/model synchronous", "org/model constant 2.5/s"]
    own = items[items["system"] == "org/model synchronous"].reset_index(drop=True)
    answered = own[own["failure"].isna()]
    assert np.allclose(answered["finished_s"] - answered["started_s"], [0.5 + place / 100 for place in range(8)])
    assert np.allclose(answered["first_token_s"] - answered["started_s"], 0.125)
    assert set(answered["output_tokens"]) == {10}
    assert own["failure"].dropna().tolist() == ["Server error '503 Service Unavailable'"]
    assert own["correct"].isna().all()
    figures = compare(run).systems[0]
    assert figures.latency_p50_s == pytest.approx(0.53)
    assert figures.accuracy is None
    codes = [caveat.code for caveat in compare(run).caveats]
    assert {"imported", "failed-requests", "no-energy", "not-scored", "different-scenario"} <= set(codes)
    (imported,) = (caveat for caveat in compare(run).caveats if caveat.code == "imported")
    assert "Left out: 2 requests that were cut off at the end" in imported.text


def test_latencies_under_different_loads_are_not_ranked_together(guidellm_file, tmp_path) -> None:
    analysis = analyse(imported_run(guidellm_file, to=tmp_path))
    first, second = analysis.measured.prints.values()
    assert first.parts["scenario"] != second.parts["scenario"]
    assert first.parts["device"] == second.parts["device"]


def test_no_key_of_a_report_comes_into_the_record(guidellm_file, aiperf_folder, tmp_path) -> None:
    for source in (guidellm_file, aiperf_folder):
        run = imported_run(source, to=tmp_path / f"for-{source.stem}")
        for path in run.layout.root.iterdir():
            assert b"hush" not in path.read_bytes()
        table = pd.read_parquet(run.layout.items_table)
        assert not table.map(lambda cell: "hush" in str(cell)).any().any()
    assert json.loads(run.layout.header.read_text())["suite"]["systems"]["org/model"]["base_url"] == (
        "http://localhost:8000"
    )


def test_older_names_of_the_same_times_are_read(tmp_path) -> None:
    """GuideLLM 0.2 and 0.3: `GenerativeTextResponseStats`."""
    request = {
        "type_": "generative_text_response", "request_id": "a", "prompt": "2+2?", "output": "4", "prompt_tokens": 5,
        "output_tokens": 1, "start_time": 100.0, "end_time": 101.5, "first_token_time": 100.5, "request_latency": 1.5,
        "time_to_first_token_ms": 500.0,
    }  # fmt: skip
    benchmark = {
        "args": {"strategy": {"type_": "synchronous"}},
        "worker": {"backend_model": "old", "backend_target": "http://gpu:8000"},
        "requests": {"successful": [request], "incomplete": [], "errored": []},
    }
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"benchmarks": [benchmark]}))
    (answer,) = read_sources([path]).answers
    assert (answer.system, answer.prompt, answer.answer) == ("old synchronous", "2+2?", "4")
    assert (answer.started_s, answer.seconds, answer.first_token_seconds) == (100.0, 1.5, 0.5)


def test_aiperf_times_tokens_failures_and_prompts(aiperf_folder, tmp_path) -> None:
    assert detect([aiperf_folder]) == detect([aiperf_folder / "profile_export.jsonl"]) == "aiperf"
    run = imported_run(aiperf_folder, to=tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    assert set(items["system"]) == {"org/model"}
    assert len(items) == 8
    answered = items[items["failure"].isna()]
    assert np.allclose(answered["finished_s"] - answered["started_s"], [0.5 + place / 1000 for place in range(7)])
    assert np.allclose(answered["first_token_s"] - answered["started_s"], 0.2555)
    assert set(answered["output_tokens"]) == {12}
    assert set(items["prompt_tokens"]) == {550}
    assert items["failure"].dropna().tolist() == ["Request was cancelled after 0.000 seconds"]
    assert items["doc_hash"].nunique() == 4  # conversations are asked again
    assert "1!" in items["prompt"][1]
    assert run.header.imported["version"] == "0.13.0"
    assert run.header.imported["scenario"] == {"org/model": {"concurrency": 4}}
    assert run.header.imported["left_out"] == {"requests of the warm-up": 1}


def test_aiperfs_totals_alone_are_figures_that_it_states(aiperf_folder, tmp_path) -> None:
    (aiperf_folder / "profile_export.jsonl").unlink()
    for source in (aiperf_folder, aiperf_folder / "profile_export_aiperf.json"):
        stated = read_sources([source])
        assert len(stated.answers) == 0
        assert [(row.figure, row.statistic, row.value) for row in stated.summaries] == [("latency", "mean", 0.503)]
    run = imported_run(aiperf_folder, to=tmp_path)
    assert [row.source_name for row in run.summaries()] == ["request_latency.avg (ms)"]
    assert list(run.systems()) == ["org/model"]
    with pytest.raises(UserError, match="holds figures of its source"):
        analyse(run)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"request_latency": {"value": 502.0', '"request_latency": {"value": -502.0', "request_latency is -502.0"),
        ('"request_latency": {"value": 502.0', '"request_latency": {"value": Infinity', "request_latency is inf"),
        ('"request_latency": {"value": 502.0', '"request_latency": {"value": [1]', "must be a number"),
        ('502.0, "unit": "ms"', '502.0, "unit": "fortnights"', "not a known unit of time"),
        ('"time_to_first_token": {"value": 255.5', '"time_to_first_token": {"value": 9999', "its end after"),
        ('"output_sequence_length": {"value": 12', '"output_sequence_length": {"value": 1.5', "a whole number"),
        ('"metadata": {', '"metadata": 7, "m": {', "not a record of AIPerf"),
    ],
)
def test_an_impossible_record_is_named_with_its_line(aiperf_folder, old, new, said) -> None:
    path = aiperf_folder / "profile_export.jsonl"
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace(old, new)
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=said) as error:
        read_sources([aiperf_folder])
    assert f"{path}:4" in str(error.value)


@pytest.mark.parametrize(
    ("report_text", "said"),
    [
        ("{", r"broken.json:1: not valid JSON"),
        ("[]", "its top level is of type list"),
        ('{"benchmarks": []}', "not a report of GuideLLM"),
        ('{"benchmarks": [{"requests": {"successful": []}}]}', r"benchmarks\[0\]: it has neither requests nor metrics"),
        ('{"benchmarks": [{"requests": {"successful": 3}}]}', "of type int, not a list"),
        ('{"benchmarks": [{"requests": {"successful": [3]}}]}', r"successful\[0\]: of type int"),
        ('{"benchmarks": [{"requests": {"successful": [{}]}}]}', "not a request of GuideLLM"),
        ('{"benchmarks": [{"requests": {"successful": [{"start_time": 5, "end_time": 4}]}}]}', "0 or more"),
    ],
)
def test_a_damaged_report_of_guidellm_says_where(tmp_path, report_text, said) -> None:
    path = tmp_path / "broken.json"
    path.write_text(report_text)
    with pytest.raises(UserError, match=said) as error:
        read_sources([path], "guidellm")
    assert str(path) in str(error.value)


def test_the_report_of_a_profile_has_every_section_without_a_figure_that_is_not_there(
    guidellm_file, aiperf_folder, tmp_path
) -> None:
    for source in (guidellm_file, aiperf_folder):
        page = report(imported_run(source, to=tmp_path / f"for-{source.stem}"))
        without_script = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
        assert not re.search(r"\bnan\b", without_script, re.IGNORECASE)
        assert "were not scored: accuracy" in page
        assert 'id="latency"' in page
