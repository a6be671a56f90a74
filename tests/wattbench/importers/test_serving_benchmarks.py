"""Results of ``vllm bench serve`` and of SGLang's ``bench_serving``: requests where they are listed, and totals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made_up.imports import figures_of
from tests.made_up.serving_results import sglang_result, vllm_result
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.importers import stated as stated_figures
from wattbench.records import read_run


def written(path: Path, *results: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(result) for result in results))
    return path


def test_vllm_requests_in_the_order_sent(tmp_path) -> None:
    path = written(tmp_path / "result.json", vllm_result())
    assert detect([path]) == "vllm"
    imported = read_sources([path])
    assert imported.scenario == {
        "org/model 10/s 4 at once": {"requests per second": 10.0, "burstiness": 1.0, "at most at once": 4}
    }
    assert imported.configs["org/model 10/s 4 at once"] == {
        "engine": "openai-chat", "model": "org/model", "tokenizer": "org/model", "metadata": {"gpu": "4xL40S"},
    }  # fmt: skip
    answers = list(imported.answers)
    assert [answer.item for answer in answers] == ["0", "1", "2", "3"]
    one = answers[0]
    assert (one.scheduled_s, one.started_s, one.seconds, one.first_token_seconds) == (0.25, 0.5, 0.08, 0.05)
    assert one.token_seconds == pytest.approx([0.05, 0.06, 0.08])
    assert (one.prompt_tokens, one.output_tokens, one.answer) == (100, 3, "a b c")
    failed = answers[3]
    assert failed.failure == "Service Unavailable"
    assert (failed.started_s, failed.seconds, failed.first_token_seconds, failed.output_tokens) == (None,) * 4
    of = figures_of(imported)
    assert of["first_token", "p99"] == (pytest.approx(0.0698), "s")
    assert of["latency", "p99.9"] == (pytest.approx(0.1099), "s")
    assert of["tokens_per_s", "mean"] == (156.0, "tokens/s")
    assert of["output_tokens_per_s", "maximum"] == (9.0, "tokens/s")
    assert of["spec_decode_acceptance_rate", "total"] == (71.5, "share")
    assert of["requests", "total"] == (3.0, "requests")
    record = read_run(write_run(imported, tmp_path / "runs", "v", ["wattbench", "runs", "import"]))
    assert len(record.summaries()) == len(imported.summaries)


def test_vllm_totals_alone_and_several_results_of_a_file(tmp_path) -> None:
    slow, fast = vllm_result(detailed=False), vllm_result(detailed=False, request_rate="inf", max_concurrency=None)
    imported = read_sources([written(tmp_path / "appended.json", slow, fast)])
    assert list(imported.scenario) == ["org/model 10/s 4 at once", "org/model all at once"]
    assert not len(imported.answers)
    assert {row.system for row in imported.summaries} == set(imported.scenario)
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps(slow, indent=1))
    assert figures_of(read_sources([pretty])) == figures_of(read_sources([written(tmp_path / "one.json", slow)]))


def test_without_latencies_the_last_token_is_the_end(tmp_path) -> None:
    result = vllm_result()
    for name in ("latencies", "start_times", "queue_times"):
        del result[name]
    answers = list(read_sources([written(tmp_path / "older.json", result)]).answers)
    assert [answer.seconds for answer in answers] == [
        pytest.approx(0.08),
        pytest.approx(0.08),
        pytest.approx(0.11),
        None,
    ]
    assert {answer.started_s for answer in answers} == {None}


def test_two_loads_of_one_data_set_pair_by_place_and_length(tmp_path) -> None:
    first = vllm_result()
    second = vllm_result(max_concurrency=1, input_lens=[100, 101, 102, 999])
    hashes: dict[str, list[str]] = {}
    for answer in read_sources([written(tmp_path / "both.json", first, second)]).answers:
        hashes.setdefault(answer.system, []).append(answer.doc_hash)
    one, other = hashes.values()
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, True, True, False]


def test_requests_within_a_second_are_not_those_in_flight(tmp_path) -> None:
    """With a limit of 4 both tools state 8 and more."""
    of = figures_of(read_sources([written(tmp_path / "result.json", vllm_result(max_concurrent_requests=8))]))
    assert of["max_concurrent_requests", "maximum"] == (8, "requests")
    assert not any(figure == "in_flight" for figure, _ in of)


def test_sglang_requests_and_totals(tmp_path) -> None:
    path = written(tmp_path / "result.jsonl", sglang_result(), sglang_result(max_concurrency=8, detailed=False))
    assert detect([path]) == "sglang"
    imported = read_sources([path])
    assert imported.version == "0.5.23"
    assert list(imported.scenario) == ["org/model 4 at once", "org/model 8 at once"]
    assert imported.scenario["org/model 4 at once"]["requests per second"] == "inf"
    config = imported.configs["org/model 4 at once"]
    assert config["server"] == {"version": "0.5.23", "model_path": "org/model", "tp_size": 8}
    answers = list(imported.answers)
    assert {answer.system for answer in answers} == {"org/model 4 at once"}
    assert [answer.seconds for answer in answers[:3]] == pytest.approx([0.08, 0.08, 0.11])
    of = figures_of(imported)
    assert of["latency", "mean"] == (pytest.approx(0.09), "s")
    assert of["token_gap", "maximum"] == (pytest.approx(0.02), "s")
    assert of["in_flight", "mean"] == (1.25, "requests")
    assert "hush" not in json.dumps(imported.configs)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ttfts": [0.1]}, "entries and ttfts 1; the file is damaged"),
        ({"ttfts": 7.5}, "ttfts is of type float, not a list"),
        ({"itls": 7}, "itls is of type int, not a list"),
        ({"itls": [[0.1], 7, [], []]}, "request 1: its itl is of type int"),
        ({"latencies": [0.08, -1, 0.1, 0]}, "request 1: latency is -1"),
        ({"ttfts": [0.05, 9.0, 0.07, 0.0]}, "request 1: its first token came after 9 s"),
        ({"output_lens": [3, 1.5, 3, 0]}, "request 1: output_len is 1.5: it must be a whole number"),
        ({"start_times": ["now", 0, 0, 0]}, "a start time is 'now'"),
        ({"duration": "soon"}, "duration is 'soon': it must be a number"),
        ({"duration": float("inf")}, "duration is inf"),
        ({"completed": 10**400}, "completed has 401 digits"),
        ({"model_id": "\x1b[31m"}, "control characters"),
        ({"model_id": "m" * 300}, "too long for a name"),
    ],
)
@pytest.mark.parametrize("form", ["vllm", "sglang"])
def test_an_impossible_result_is_named_with_its_line(tmp_path, changes, said, form) -> None:
    if form == "sglang" and changes.get("ttfts") == [0.05, 9.0, 0.07, 0.0]:
        pytest.skip("it stores no latency that could be shorter")
    result = vllm_result(**changes) if form == "vllm" else sglang_result(**changes)
    if form == "sglang" and "model_id" in changes:
        result["server_info"]["model_path"] = changes["model_id"]
    path = written(tmp_path / "result.json", vllm_result() if form == "vllm" else sglang_result(), result)
    with pytest.raises(UserError, match=said) as error:
        read_sources([path], form)
    assert f"{path}:2" in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [("", "it is empty"), ("[]", "top level is of type list"), ("{", "not valid JSON"), ("{}", "this is no result of")],
)
def test_what_is_no_result_is_refused(tmp_path, data, said) -> None:
    path = tmp_path / "result.json"
    path.write_text(data)
    for form in ("vllm", "sglang"):
        with pytest.raises(UserError, match=said) as error:
            read_sources([path], form)
        assert str(path) in str(error.value)


def test_too_many_figures_are_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(stated_figures, "MOST_FIGURES", 10)
    path = written(tmp_path / "result.json", vllm_result(**{f"figure {number}": number for number in range(20)}))
    with pytest.raises(UserError, match="more than 10 figures"):
        read_sources([path])


@pytest.mark.parametrize("name", ["c2.json", "c4.json", "sglang.jsonl"])
def test_real_requests_agree_with_the_tools_own_totals(name: str) -> None:
    """Made by vLLM 0.33.0 and SGLang 0.5.23 against a local server, each compared to full precision."""
    imported = read_sources([others("serving") / name])
    for system in imported.scenario:
        answers = [answer for answer in imported.answers if answer.system == system and not answer.failure]
        own = {(row.figure, row.statistic): row.value for row in imported.summaries if row.system == system}
        assert len(answers) == own["requests", "total"]
        first = [answer.first_token_seconds for answer in answers]
        assert np.mean(first) == pytest.approx(own["first_token", "mean"], rel=1e-12)
        assert np.percentile(first, 99) == pytest.approx(own["first_token", "p99"], rel=1e-12)
        gaps = [gap for answer in answers for gap in np.diff(answer.token_seconds)]
        assert np.mean(gaps) == pytest.approx(own["token_gap", "mean"], rel=1e-9)
        assert sum(answer.output_tokens for answer in answers) == own["output_tokens", "total"]
        seconds = float(np.mean([answer.seconds for answer in answers]))
        if imported.format == "vllm":
            assert seconds == pytest.approx(own["latency", "mean"], rel=1e-12)
            assert sum(answer.prompt_tokens for answer in answers) == own["prompt_tokens", "total"]
        else:  # it stores no end of the stream, and its total of prompt tokens is its own tokenizer's
            assert seconds <= own["latency", "mean"]


def test_published_totals_agree_with_what_vllm_printed() -> None:
    """llm-d's run of May 2025 on 4 L40S, with the table that the benchmark printed at 10 requests per second."""
    imported = read_sources([others("serving") / "llm-d.json"])
    printed = {
        ("duration", "total"): 36.03, ("requests", "total"): 300, ("prompt_tokens", "total"): 299700,
        ("output_tokens", "total"): 81050, ("requests_per_s", "mean"): 8.33, ("output_tokens_per_s", "mean"): 2249.25,
        ("tokens_per_s", "mean"): 10566.33,
    }  # fmt: skip
    printed_ms = {
        ("first_token", "mean"): 54.58, ("first_token", "median"): 53.00, ("first_token", "p99"): 89.77,
        ("token", "mean"): 13.58, ("token", "median"): 13.51, ("token", "p99"): 17.65,
        ("token_gap", "mean"): 13.51, ("token_gap", "median"): 12.84, ("token_gap", "p99"): 34.21,
    }  # fmt: skip
    own = {
        (row.figure, row.statistic): row.value
        for row in imported.summaries
        if row.system == "meta-llama/Llama-3.2-3B-Instruct 10/s"
    }
    assert {key: round(own[key], 2) for key in printed} == printed
    assert {key: round(own[key] * 1e3, 2) for key in printed_ms} == printed_ms
