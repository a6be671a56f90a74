"""evalscope's evaluations (scores, tokens, times) and its performance runs (times of every request, totals)."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.evalscope_work import (
    message,
    perf_metrics,
    prediction,
    review,
    write_evaluation,
    write_lines,
    write_perf,
)
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.importers.evalscope import perf
from wattbench.records import read_run

TASK = "arc_easy_test"


def test_an_evaluation_has_scores_times_tokens_and_texts(tmp_path) -> None:
    work = write_evaluation(tmp_path / "work")
    assert detect([work]) == detect([tmp_path]) == "evalscope"
    imported = read_sources([work])
    assert imported.version == "1.14.1"
    assert imported.scenario == {"model": {"at most at once": 8}}
    assert imported.configs["model"]["base_url"] == "https://api.example.com"
    assert "hush" not in json.dumps(imported.configs)
    answers = {answer.item: answer for answer in imported.answers}
    assert sorted(answers) == [str(place) for place in range(6)]
    one = answers["2"]
    assert (one.system, one.task, one.domain) == ("model", TASK, "arc_easy")
    assert (one.score, one.prompt, one.answer, one.filtered, one.target) == (1.0, "2 + 1?", "It is 3.", "3", "4")
    assert (one.seconds, one.first_token_seconds) == (1.2, 0.25)
    assert (one.prompt_tokens, one.cached_tokens, one.output_tokens, one.reasoning_tokens) == (22, 4, 11, 3)
    assert one.metrics == {"acc": 1.0, "length": 12.0}
    items = pd.read_parquet(
        read_run(write_run(imported, tmp_path / "runs", "e", ["wattbench", "runs", "import"])).layout.items_table
    )
    assert items["correct"].mean() == pytest.approx(4 / 6)


def test_two_models_pair_by_what_was_asked(tmp_path) -> None:
    first, second = write_evaluation(tmp_path / "a", "small"), write_evaluation(tmp_path / "b", "large")
    of: dict[str, set[str]] = defaultdict(set)
    for answer in read_sources([first, second]).answers:
        of[answer.system].add(answer.doc_hash)
    assert set(of) == {"small", "large"}
    assert of["small"] == of["large"]
    same = {answer.system for answer in read_sources([write_evaluation(tmp_path / "c", "small"), first]).answers}
    assert same == {"small (a)", "small (c)"}


def test_repeats_of_an_item_and_the_turns_of_a_sample(tmp_path) -> None:
    work = write_evaluation(tmp_path / "work")
    lines, made = [], []
    for sample in (3, 1, 2, 0):
        turns = [message("user", "1?"), message("assistant", "a", perf_metrics(0)), message("user", "more"),
                 message("assistant", "b", perf_metrics(5))]  # fmt: skip
        line = review(sample) | {"messages": turns}
        line["sample_score"]["group_id"] = sample // 2
        lines.append(line)
        made.append(prediction(sample) | {"messages": turns})
    write_lines(work / "reviews" / "model" / f"{TASK}.jsonl", lines)
    write_lines(work / "predictions" / "model" / f"{TASK}.jsonl", made)
    answers = {(answer.item, answer.repeat): answer for answer in read_sources([work]).answers}
    assert sorted(answers) == [("0", 0), ("0", 1), ("1", 0), ("1", 1)]
    assert answers["1", 1].where.endswith(":1")  # sample 3
    one = answers["0", 0]
    assert (one.seconds, one.first_token_seconds, one.output_tokens, one.cached_tokens) == (2.5, 0.25, 22, None)
    assert (one.prompt, one.answer) == ("1?", "It is 1.")


def test_what_was_not_scored_or_not_reviewed_is_counted(tmp_path) -> None:
    work = write_evaluation(tmp_path / "work")
    write_lines(
        work / "reviews" / "model" / f"{TASK}.jsonl",
        [review(0), review(1, value={}, status="judge_error"), review(2, main_score_name="acc")],
    )
    imported = read_sources([work])
    assert len(imported.answers) == 2
    assert {reason: count for reason, count in imported.left_out.items() if count} == {
        "samples whose answer could not be scored": 1,
        "predictions without a review": 3,
    }


def test_another_score_and_one_beyond_1(tmp_path) -> None:
    work = write_evaluation(tmp_path / "work")
    with pytest.raises(UserError, match=r"score 'length' is 12.0: it must be 0 to 1 to count as correctness"):
        read_sources([work], metric="length")
    with pytest.raises(UserError, match=r"--metric lenght: no benchmark has it; did you mean 'length'"):
        read_sources([work], metric="lenght")
    assert [answer.score for answer in read_sources([work], metric="acc").answers] == [1, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"value": {"acc": 1.0, "length": 12.0}', '"value": 7', "no sample_score.score.value"),
        ('"value": {"acc": 1.0', '"value": {"acc": "yes"', "score 'acc' is 'yes': it must be a number"),
        ('"value": {"acc": 1.0', '"value": {"acc": NaN', "score 'acc' is nan"),
        ('"index": 3', '"index": null', "index is None; this is no line of evalscope"),
        ('"index": 3', '"index": 2', "a second time"),
        ('{"index": 3', '{"index', "not valid JSON"),
    ],
)
def test_a_damaged_review_is_named_with_its_line(tmp_path, old, new, said) -> None:
    work = write_evaluation(tmp_path / "work")
    path = work / "reviews" / "model" / f"{TASK}.jsonl"
    lines = path.read_text().splitlines()
    place = next(place for place, line in enumerate(lines) if old in line)
    lines[place] = lines[place].replace(old, new)
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=said) as error:
        write_run(read_sources([work]), tmp_path / "runs", "e", [])
    assert f"{path}:{place + 1}" in str(error.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a: [1", "not valid YAML"),
        ("- 1", "not a mapping"),
        ("a: *b", "not valid YAML"),
        ("x: " + "y" * 3_000_000, "larger"),
    ],
)
def test_a_damaged_configuration_is_named(tmp_path, written, said) -> None:
    work = write_evaluation(tmp_path / "work")
    (work / "configs" / "task_config.yaml").write_text(written)
    with pytest.raises(UserError, match=said) as error:
        read_sources([work])
    assert str(work / "configs" / "task_config.yaml") in str(error.value)


def test_perf_has_every_request_in_the_order_sent_and_its_totals(tmp_path) -> None:
    folder = write_perf(tmp_path / "out" / "model" / "parallel_4_number_6")
    assert detect([folder]) == detect([tmp_path / "out"]) == "evalscope"
    imported = read_sources([tmp_path / "out"])
    assert imported.scenario == {"org/model 4 at once": {"at most at once": 4}}
    assert "hush" not in json.dumps(imported.configs)
    answers = list(imported.answers)
    assert [(answer.started_s, answer.prompt, answer.repeat) for answer in answers] == [
        (float(place), f"prompt {place % 3}", place // 3) for place in range(6)
    ]
    one, failed = answers[0], answers[-1]
    assert (one.seconds, one.first_token_seconds, one.prompt_tokens, one.output_tokens) == (0.75, 0.25, 7, 3)
    assert one.token_seconds == pytest.approx([0.25, 0.35, 0.55])
    assert failed.failure
    assert failed.seconds is None
    figures = {(row.figure, row.statistic): (row.value, row.unit) for row in imported.summaries}
    assert figures == {
        ("duration", "total"): (5.75, "s"),
        ("requests", "total"): (5.0, "requests"),
        ("failed_requests", "total"): (1.0, "requests"),
        ("latency", "mean"): (0.75, "s"),
        ("first_token", "mean"): (0.25, "s"),
        ("KV Cache Hit Rate (%)", "total"): (12.5, "%"),
        ("latency", "minimum"): (0.75, "s"),
        ("first_token", "minimum"): (0.25, "s"),
        ("latency", "p99"): (0.75, "s"),
        ("first_token", "p99"): (0.25, "s"),
        ("Decode (tok/s)", "p99"): (4.0, "tok/s"),
    }
    assert len(write_run(imported, tmp_path / "runs", "p", ["wattbench"]).name)


def changed(folder: Path, *statements: str) -> Path:
    path = folder / "benchmark_data.db"
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


RECURSIVE = (
    "WITH RECURSIVE n(success, latency) AS (SELECT 1, 1.0 UNION ALL SELECT 1, latency + 1 FROM n) SELECT * FROM n"
)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE result SET latency = -1 WHERE rowid = 2"], "row 2: latency is -1"),
        (["UPDATE result SET latency = 'soon' WHERE rowid = 2"], "row 2: latency is 'soon'"),
        (["UPDATE result SET inter_token_latencies = '{}' WHERE rowid = 2"], "row 2: inter_token_latencies is of type"),
        (
            ["UPDATE result SET inter_token_latencies = '[' WHERE rowid = 2"],
            "row 2: inter_token_latencies is not valid",
        ),
        (["UPDATE result SET first_chunk_latency = 9 WHERE rowid = 2"], "its end after"),
        (["ALTER TABLE result RENAME TO other"], "no table `result`"),
        (["DROP TABLE result", f"CREATE VIEW result AS {RECURSIVE}"], "no table `result`"),
        (["DROP TABLE result", "CREATE VIRTUAL TABLE result USING fts5(success, latency)"], "no table `result`"),
        (["DROP TABLE result", "CREATE TABLE result(success, latency AS (zeroblob(1e9)))"], "has no latency"),
    ],
)
def test_a_hostile_table_ends_in_a_sentence(tmp_path, statements, said) -> None:
    path = changed(write_perf(tmp_path / "run"), *statements)
    with pytest.raises(UserError, match=said) as error:
        read_sources([tmp_path / "run"])
    assert str(path) in str(error.value)


def test_torn_and_oversized_files_of_perf(tmp_path, monkeypatch) -> None:
    folder = write_perf(tmp_path / "run")
    path = folder / "benchmark_data.db"
    whole = path.read_bytes()
    for data, said in (
        (whole[:5000], "the file is torn: it has 5,000 bytes of 8,192"),
        (b"", "not an SQLite file"),
        (b"SQLite format 3\0" * 99, "read"),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=said):
            read_sources([folder])
    path.write_bytes(whole)
    monkeypatch.setattr(perf, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="1,000 are read"):
        read_sources([folder])
    path.unlink()
    assert not len(read_sources([folder]).answers)  # totals alone
    (folder / "benchmark_percentile.json").write_text('[{"Percentiles": "soon", "TTFT (ms)": 1}]')
    with pytest.raises(UserError, match="Percentiles is 'soon'"):
        read_sources([folder])


def test_loads_that_no_machine_has_are_no_loads(tmp_path) -> None:
    folder = write_perf(tmp_path / "run")
    path = folder / "benchmark_args.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rate": 10**400, "parallel": 10**400}))
    assert read_sources([folder]).scenario == {"org/model": {}}


def test_an_evaluation_and_perf_are_not_one_import(tmp_path) -> None:
    with pytest.raises(UserError, match="import them separately"):
        read_sources([write_evaluation(tmp_path / "a"), write_perf(tmp_path / "b")])
    with pytest.raises(UserError, match="have no scores"):
        read_sources([tmp_path / "b"], metric="acc")


def test_published_evaluations_agree_with_evalscopes_own_reports() -> None:
    """Scores, latency, TTFT, time per token and tokens, to the digits that its reports print."""
    folder, compared = others("evalscope"), 0
    of: dict[tuple[str, str], list] = defaultdict(list)
    for answer in read_sources([folder]).answers:
        of[answer.system, answer.domain].append(answer)
    for (system, domain), answers in of.items():
        report = json.loads((folder / system / "reports" / system / f"{domain}.json").read_text())
        assert round(float(np.mean([each.score for each in answers])), 4) == report["score"]
        if report["perf_metrics"] is None:
            continue
        stated = report["perf_metrics"]["summary"]
        per_token = [(each.seconds - each.first_token_seconds) / (each.output_tokens - 1) for each in answers]
        for name, figures in {
            "latency": [each.seconds for each in answers],
            "ttft": [each.first_token_seconds for each in answers],
            "tpot": per_token,
        }.items():
            assert round(float(np.mean(figures)), 6) == stated[name]["mean"]
            assert round(float(np.percentile(figures, 99)), 6) == stated[name]["99%"]
        assert sum(each.output_tokens for each in answers) == stated["usage"]["total_output_tokens"]
        assert sum(each.prompt_tokens for each in answers) == stated["usage"]["total_input_tokens"]
        compared += 1
    assert compared == 7


def test_a_real_run_of_perf_agrees_with_its_own_summary() -> None:
    """Made by evalscope 1.14.1 against a local server."""
    folder = others("evalscope-perf")
    imported = read_sources([folder])
    for path in folder.rglob("benchmark_summary.json"):
        stated = json.loads(path.read_text())
        name = f"mock-model {stated['Concurrency']} at once"
        answers = [answer for answer in imported.answers if answer.system == name]
        assert len(answers) == stated["Success Requests"]
        assert round(float(np.mean([each.seconds for each in answers])), 4) == stated["Avg Latency (s)"]
        assert round(float(np.mean([each.first_token_seconds for each in answers])) * 1e3, 2) == stated["Avg TTFT (ms)"]
        gaps = [gap for each in answers for gap in np.diff(each.token_seconds)]
        assert round(float(np.mean(gaps)) * 1e3, 2) == stated["Avg ITL (ms)"]
        ordered = sorted(each.seconds for each in answers)
        percentiles = {
            row["Percentiles"]: row for row in json.loads((path.parent / "benchmark_percentile.json").read_text())
        }
        for share in (10, 50, 90, 99):
            nearest_rank = ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]
            assert round(nearest_rank, 4) == percentiles[f"{share}%"]["Latency (s)"]
