"""LLenergyMeasure's log of requests gives the answers of its server mode, with the latencies that it states itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_up.energy_results import experiment, logged_request, write_request_log
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.importers.imported import Imported
from wattbench.importers.table import parquetpages
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse

SERVER = {"level_index": 1, "window_index": 0, "level_valid": True}


def imported_with(folder: Path, rows: list[dict[str, Any]], **changes: Any) -> Imported:
    folder.mkdir(parents=True, exist_ok=True)
    write_request_log(folder, rows)
    (folder / "result.json").write_text(json.dumps(experiment(server=SERVER, **changes)))
    return read_sources([folder])


def test_requests_have_the_latencies_that_the_source_states(tmp_path) -> None:
    rows = [logged_request(index) for index in range(12)]
    imported = imported_with(tmp_path / "window", rows)
    assert detect([tmp_path / "window"]) == "llenergymeasure"
    assert [path.name for path in imported.files] == ["result.json", "requests.parquet"]
    answers = list(imported.answers)
    assert [each.item for each in answers] == [str(index) for index in range(12)]
    of_due = [each.seconds + each.started_s - each.scheduled_s for each in answers]
    stated = [row["e2e_latency_ms"] / 1e3 for row in rows]
    for share in (0.5, 0.9, 0.99):
        assert np.quantile(of_due, share) == pytest.approx(np.quantile(stated, share), rel=1e-9)
    first = [each.first_token_seconds + each.started_s - each.scheduled_s for each in answers]
    assert first == pytest.approx([row["ttft_ms"] / 1e3 for row in rows])
    assert answers[0].token_seconds == pytest.approx([0.10, 0.15, 0.25])
    assert {(each.prompt_tokens, each.output_tokens) for each in answers} == {(40, 4)}
    assert {each.finish_reason for each in answers} == {"stop"}
    assert answers[3].metrics == {"pieces of output": 3, "finish_reason": "stop"}
    assert imported.scenario == {"gpt2 pytorch": {"number of the rate": 1}}
    assert {row.figure: row.value for row in imported.summaries}["energy"] == 847.25
    run = read_run(write_run(imported, tmp_path / "runs", "window", ["wattbench"]))
    (system,) = analyse(run).comparison.systems
    assert system.requests_per_s == pytest.approx(12 / (answers[-1].started_s + answers[-1].seconds - 0.01))


def test_what_was_outside_of_the_span_is_counted_and_what_failed_is_kept(tmp_path) -> None:
    rows = [
        logged_request(0, in_measurement_window=False, is_ramp=True),
        logged_request(1),
        logged_request(2, status="error", finish_reason=None, server_completion_tokens=None),
        logged_request(3, status="timeout", completed_at=None, e2e_latency_ms=None),
        logged_request(
            4, status="timeout", dispatched_at=None, completed_at=None, first_token_at=None, output_token_times=[]
        ),
        logged_request(5, server_completion_tokens=None, server_prompt_tokens=None),
    ]
    imported = imported_with(tmp_path, rows)
    assert imported.left_out["requests that were issued outside of the measured span, such as those of the ramp"] == 1
    answered, broken, late, never, last = imported.answers
    assert (answered.scheduled_s, answered.failure) == (0.5, None)
    assert (broken.failure, broken.output_tokens, broken.first_token_seconds) == ("error", None, None)
    assert broken.seconds == pytest.approx(0.28)
    assert (late.failure, late.seconds) == ("not ended within its time", None)
    assert (never.started_s, never.scheduled_s) == (None, 2.0)
    assert (last.output_tokens, last.prompt_tokens) == (3, None)
    assert len(write_run(imported, tmp_path / "runs", "window", ["wattbench"]).name)


def test_windows_of_unlike_rates_are_not_ranked_by_latency_and_pair_by_their_place(tmp_path) -> None:
    rows = [logged_request(index) for index in range(8)]
    first = imported_with(tmp_path / "a", rows)
    second = imported_with(tmp_path / "b", rows, experiment_id="other")
    (tmp_path / "b" / "result.json").write_text(json.dumps(experiment(server=SERVER | {"level_index": 2})))
    both = read_sources([tmp_path / "a", tmp_path / "b"])
    assert [dict(load) for load in both.scenario.values()] == [{"number of the rate": 1}, {"number of the rate": 2}]
    assert [each.doc_hash for each in first.answers] == [each.doc_hash for each in second.answers]
    analysis = analyse(read_run(write_run(both, tmp_path / "runs", "windows", ["wattbench"])))
    one, other = analysis.measured.prints.values()
    assert one.parts["scenario"] != other.parts["scenario"]
    assert "different-scenario" in {caveat.code for caveat in analysis.comparison.caveats}


def test_the_declared_rate_is_in_the_name_of_the_system(tmp_path) -> None:
    traffic = {"rate": 2.5, "arrival": "poisson", "burstiness": None, "concurrency_cap": 8, "slo": {"ttft_ms": 500}}
    (tmp_path / "config.json").write_text(json.dumps({"declared_config": {"server": {"traffic": traffic}}}))
    imported = imported_with(tmp_path, [logged_request(0)])
    assert imported.scenario == {
        "gpt2 pytorch 2.5/s 8 at once": {"requests per second": 2.5, "at most at once": 8, "arrivals": "poisson"}
    }
    assert [path.name for path in imported.files] == ["result.json", "config.json", "requests.parquet"]
    for other in ("{}", '{"declared_config": 1}', '{"declared_config": {"server": {"traffic": {"rate": "fast"}}}}'):
        (tmp_path / "config.json").write_text(other)
        assert list(read_sources([tmp_path]).scenario.values()) == [{"number of the rate": 1}]
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config.json:1: not valid JSON"):
        read_sources([tmp_path])


def test_a_level_that_was_not_stable_is_named(tmp_path) -> None:
    server = SERVER | {"level_valid": False, "invalid_reason": "J/token strayed by 14%"}
    write_request_log(tmp_path, [logged_request(0)])
    (tmp_path / "result.json").write_text(json.dumps(experiment(server=server)))
    said = read_sources([tmp_path]).remarks["source-warnings"]
    assert "gpt2 pytorch: its level is not valid (J/token strayed by 14%)" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "lost"}, "status is 'lost': it must be ok, error or timeout"),
        ({"status": None}, "status is None"),
        ({"request_index": None}, "request_index and issued_at must have values"),
        ({"issued_at": None}, "request_index and issued_at must have values"),
        ({"completed_at": None}, "has no dispatched_at or no completed_at"),
        ({"completed_at": 1.0}, "completed_at less dispatched_at is -999.51"),
        ({"first_token_at": 1e19}, "first_token_at is 1e+19"),
        ({"client_output_tokens": -1}, "client_output_tokens is -1"),
        ({"first_token_at": 2000.0}, "its end after"),
    ],
)
def test_a_damaged_row_is_named(tmp_path, changes, said) -> None:
    with pytest.raises(UserError) as error:
        imported_with(tmp_path, [logged_request(0), logged_request(1, **changes)])
    assert said in str(error.value)
    assert f"{tmp_path / 'requests.parquet'}: row 2" in str(error.value)


def test_pieces_out_of_order_are_no_times_of_tokens(tmp_path) -> None:
    (answer,) = imported_with(tmp_path, [logged_request(0, output_token_times=[1000.2, 1000.1])]).answers
    assert answer.token_seconds == ()
    assert answer.first_token_seconds == pytest.approx(0.1)


def test_another_file_of_that_name_and_lists_without_end_are_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "result.json").write_text(json.dumps(experiment()))
    path = tmp_path / "requests.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(UserError, match="no column request_index; this is no log of requests"):
        read_sources([tmp_path])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match="not a Parquet file that can be read"):
        read_sources([tmp_path])
    monkeypatch.setattr(parquetpages, "MOST_VALUES", 1000)
    write_request_log(tmp_path, [logged_request(0, output_token_times=[1000.2] * 2000)])
    with pytest.raises(UserError, match=r"output_token_times.*has more than 1,000 values in one row group"):
        read_sources([tmp_path])
