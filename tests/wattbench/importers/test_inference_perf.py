"""inference-perf's reports: totals of every stage, the server's own, every request where kept, and a late client."""

from __future__ import annotations

import json

import click.testing
import pytest

from tests.made_up.inference_perf_reports import REQUESTS, lifecycle, write_run
from tests.made_up.serving_results import vllm_result
from tests.wattbench.importers.others_data import others
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources
from wattbench.importers import write_run as written_run
from wattbench.importers.write import late_clients
from wattbench.records import read_run

SLOW, FAST = "org/model 2/s", "org/model 4/s"
STAGE = "stage_0_lifecycle_metrics.json"


def test_every_stage_is_a_system_with_the_tools_own_figures(tmp_path) -> None:
    folder = write_run(tmp_path / "results", requests=False)
    assert detect([folder]) == detect([folder / STAGE]) == "inference-perf"
    imported = read_sources([folder])
    assert imported.scenario == {
        SLOW: {"requests per second": 2.0},
        FAST: {"requests per second": 4.0},
        "org/model all stages": {},
    }
    assert imported.configs[SLOW]["base_url"] == "http://gpu:8000"
    assert "hush" not in json.dumps(imported.configs)
    of = {(row.figure, row.statistic): (row.value, row.unit) for row in imported.summaries if row.system == FAST}
    assert of["latency", "mean"] == (2.0, "s")
    assert of["latency", "p99.9"] == (4.0, "s")
    assert of["first_token", "median"] == (0.25, "s")
    assert of["schedule_delay", "maximum"] == (0.002, "s")
    assert of["requests", "total"] == (3.0, "requests")
    assert of["failed_requests", "total"] == (1.0, "requests")
    assert of["requests_per_s", "mean"] == (1.5, "requests/s")
    assert of["successes.latency.normalized_time_per_output_token", "mean"] == (0.5, "s")
    assert of["load_summary.achieved_rate", "total"] == (3.6, "requests/s")
    server = {(row.figure, row.statistic): row.value for row in imported.summaries if "server" in row.figure}
    assert server["server: request_latency", "p99"] == 1.5
    assert imported.left_out == {"texts in reports, such as messages of errors": 3}
    record = read_run(written_run(imported, tmp_path / "runs", "i", ["wattbench"]))
    assert len(record.summaries()) == len(imported.summaries)


def test_requests_go_to_the_stages_whose_latency_they_have(tmp_path) -> None:
    imported = read_sources([write_run(tmp_path / "results")])
    answers = list(imported.answers)
    assert [answer.system for answer in answers] == [SLOW] * REQUESTS + [FAST] * REQUESTS
    one, failed = answers[REQUESTS], answers[-1]
    assert (one.started_s, one.seconds, one.first_token_seconds) == (100.0, 2.0, 0.25)
    assert one.token_seconds == pytest.approx([0.25, 0.5, 2.0])
    assert (one.prompt, one.answer, one.prompt_tokens, one.output_tokens) == ("prompt 0", "an ", 20, 3)
    assert (failed.failure, failed.seconds, failed.output_tokens) == ("oh", None, None)
    assert answers[0].doc_hash == one.doc_hash  # the same prompt at another rate


def test_requests_that_the_reports_do_not_divide_are_of_one_system(tmp_path) -> None:
    folder = write_run(tmp_path / "results")
    (folder / STAGE).write_text(json.dumps(lifecycle(2.0, 1.001)))
    assert {answer.system for answer in read_sources([folder]).answers} == {"org/model all stages"}
    alone = tmp_path / "alone"
    alone.mkdir()
    (folder / "per_request_lifecycle_metrics.json").rename(alone / "per_request_lifecycle_metrics.json")
    assert {answer.system for answer in read_sources([alone]).answers} == {"alone all stages"}


def test_a_client_that_is_late_is_named(tmp_path) -> None:
    assert late_clients(read_sources([write_run(tmp_path / "on-time")])) is None
    imported = read_sources([write_run(tmp_path / "late", delay_s=12.57)])
    said = late_clients(imported)
    assert said is not None
    assert "org/model 2/s: 12.6 s late, answered in 1.00 s" in said
    header = read_run(written_run(imported, tmp_path / "runs", "i", ["wattbench"])).header
    assert header.imported["remarks"] == {"late-client": said}
    result = click.testing.CliRunner().invoke(
        main, ["runs", "import", str(tmp_path / "late"), "--out", str(tmp_path / "runs")], catch_exceptions=False
    )
    assert "12.6 s late" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"successes"', '"success"', "no `successes`; this is no report"),
        ('"mean": 0.25', '"mean": Infinity', "successes.latency.time_to_first_token.mean is inf"),
        ('"requested_rate": 2.0', '"requested_rate": -2', "load_summary.requested_rate is -2"),
        ('"requested_rate": 2.0', '"requested_rate": "fast"', "load_summary.requested_rate is 'fast'"),
        ('{"load_summary"', '{"load_summary', "not valid JSON"),
        ('"audio": {"count": null}', '"audio": ' + '{"a": ' * 30 + "1" + "}" * 30, "is nested more than 20 deep"),
    ],
)
def test_a_damaged_report_is_named(tmp_path, old, new, said) -> None:
    folder = write_run(tmp_path / "results")
    text = (folder / STAGE).read_text()
    assert old in text
    (folder / STAGE).write_text(text.replace(old, new))
    with pytest.raises(UserError, match=said) as error:
        read_sources([folder])
    assert str(folder / STAGE) in str(error.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{}", "not a list"),
        ("[7]", "no start_time"),
        ('[{"start_time": 1}]', "no end_time"),
        ('[{"start_time": 2, "end_time": 1}]', "its end minus its start is -1"),
        ('[{"start_time": 1, "end_time": 2, "info": {"output_token_times": 7}}]', "output_token_times is of type int"),
        ('[{"start_time": 1, "end_time": 2, "info": {"output_token_times": [0.5, 0.6]}}]', "a token's time is -0.5"),
    ],
)
def test_a_damaged_request_is_named(tmp_path, written, said) -> None:
    path = tmp_path / "per_request_lifecycle_metrics.json"
    path.write_text(written)
    with pytest.raises(UserError, match=said) as error:
        read_sources([path])
    assert str(path) in str(error.value)


def test_answers_with_due_times_show_a_late_client_too(tmp_path) -> None:
    """vLLM's bench records what a request waited for one of ``--max-concurrency``."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(vllm_result(queue_times=[12.0, 12.5, 11.5, 0.0])))
    assert "org/model 10/s 4 at once: 12.0 s late, answered in 90.0 ms" in str(late_clients(read_sources([path])))
    path.write_text(json.dumps(vllm_result(queue_times=[0.001, 0.0, 0.0, 0.0])))
    assert late_clients(read_sources([path])) is None
    path.write_text(json.dumps(vllm_result(queue_times=[12.0, 12.5, 11.5, 0.0], request_rate="inf")))
    assert late_clients(read_sources([path])) is None


def test_published_reports_are_read_whole(tmp_path) -> None:
    """KubeCon NA 2025: every number of a report is shown, or is the load; the mean delay of 12.57 s is named."""
    files = sorted(others("inference-perf").glob("vllm+batch_size__*.json"))
    imported = read_sources(files)
    shown = {(row.where, row.source_name): row.value for row in imported.summaries}

    def numbers(value: object, path: str = "") -> dict[str, float]:
        if isinstance(value, dict):
            return {
                key: each for name, inner in value.items() for key, each in numbers(inner, f"{path}.{name}").items()
            }
        return {path[1:]: value} if isinstance(value, int | float) else {}

    for file in files:
        for name, value in numbers(json.loads(file.read_text())).items():
            if name != "load_summary.requested_rate":
                assert shown[f"{file.parent.name}/{file.name}", name] == value
    assert "vllm+batch_size all stages: 12.6 s late, answered in" in str(late_clients(imported))
    assert imported.scenario["vllm+batch_size 222.83/s"] == {"requests per second": pytest.approx(222.83)}
