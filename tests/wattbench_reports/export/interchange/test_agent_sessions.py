"""Sessions of agents as OTLP's JSON and as ATIF: what is in them, that joules sum, and what comes back."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.made_up.agent_results import (
    failed,
    harbor_trial,
    mini_trajectory,
    terminal_bench_trial,
    write_harbor,
    write_terminal_bench,
    written,
)
from tests.made_up.agents import FakeAgent, FakeAgentRun, write_agents
from tests.made_up.imports import imported_table
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.records import RunRecords, read_run
from wattbench_reports.export.export_run import OF_SESSIONS, export_sessions

SAME = (
    "system", "task", "correct", "ended", "failure", "calls", "prompt_tokens", "output_tokens", "cached_tokens",
    "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip
SAME_CALLS = (
    "prompt_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "tool_calls",
    "stated_cost", "finish_reason", "model_answered", "started_s", "finished_s", "first_byte_s",
)  # fmt: skip


def harbor(folder: Path) -> RunRecords:
    trials = (
        harbor_trial("a", 1),
        harbor_trial("a", 2, 0.0, exception_info=failed("AgentTimeoutError")),
        harbor_trial("b", 1, None, agent_result=None, exception_info=failed("EnvironmentStartTimeoutError")),
    )
    return imported(write_harbor(folder / "job", *trials), folder)


def terminal_bench(folder: Path) -> RunRecords:
    none = {"total_input_tokens": 0, "total_output_tokens": 0, "agent_started_at": None, "agent_ended_at": None}
    trials = terminal_bench_trial("a", 1, 2), terminal_bench_trial("a", 2, 2, **none, is_resolved=False)
    return imported(write_terminal_bench(folder / "tb", *trials), folder)


def mini(folder: Path) -> RunRecords:
    written(folder / "mini" / "repo-1.traj.json", mini_trajectory())
    written(folder / "mini" / "repo-2.traj.json", mini_trajectory("repo-2", "LimitsExceeded"))
    return imported(folder / "mini", folder)


def measured(folder: Path) -> RunRecords:
    agents = FakeAgent("careful", unrecorded=0.1), FakeAgent("quick", solves=0.3, streamed=False)
    return read_run(write_agents(folder / "measured", FakeAgentRun(agents)))


def imported(source: Path, folder: Path, name: str = "imported") -> RunRecords:
    return read_run(write_run(read_sources([source]), folder / name, name, ["wattbench"]))


def exported(run: RunRecords, target: str, folder: Path) -> Path:
    path = folder / f"{target}.jsonl"
    path.write_bytes(b"".join(export_sessions(run, target)))
    return path


def sessions_of(run: RunRecords) -> pd.DataFrame:
    items = pd.read_parquet(run.layout.items_table)
    return items[items["session"].notna()].sort_values("session").reset_index(drop=True)


def calls_of(run: RunRecords) -> pd.DataFrame:
    table = run.layout.calls_table
    calls = pd.read_parquet(table) if table.exists() else pd.DataFrame(columns=["session", "call", *SAME_CALLS])
    return calls[calls["session"] != ""]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def spans_of(path: Path) -> list[dict[str, Any]]:
    batches = [json.loads(line) for line in path.read_text().splitlines()]
    return [span for batch in batches for span in batch["resourceSpans"][0]["scopeSpans"][0]["spans"]]


@pytest.mark.parametrize("target", OF_SESSIONS)
@pytest.mark.parametrize("make", [harbor, terminal_bench, mini, measured])
def test_what_is_exported_comes_back_with_its_tokens_calls_and_money(tmp_path, make, target) -> None:
    run = make(tmp_path)
    path = exported(run, target, tmp_path)
    assert detect([path]) == target
    back = imported(path, tmp_path, "back")
    before, after = sessions_of(run), sessions_of(back)
    assert after["session"].tolist() == before["session"].tolist()
    pd.testing.assert_frame_equal(after[list(SAME)], before[list(SAME)], check_dtype=False)
    cluster = ["system", "task", "doc_id"]
    assert after.groupby(cluster).size().tolist() == before.groupby(cluster).size().tolist()
    assert (after["finished_s"] - after["started_s"]).tolist() == pytest.approx(
        (before["finished_s"] - before["started_s"]).tolist(), abs=1e-5, nan_ok=True
    )
    paid = before["cost"].fillna(before["reported_cost"]) if make is not measured else after["cost"]
    assert after["cost"].tolist() == pytest.approx(paid.tolist(), nan_ok=True)
    ordered = [each.sort_values(["session", "started_s"], kind="stable") for each in (calls_of(run), calls_of(back))]
    assert ordered[0]["session"].tolist() == ordered[1]["session"].tolist()
    for name in SAME_CALLS:
        one, other = (each[name].tolist() for each in ordered)
        if name.endswith("_s"):
            assert other == pytest.approx(one, abs=2e-6, nan_ok=True), name
        else:
            assert pd.Series(other, dtype=object).equals(pd.Series(one, dtype=object)), name


def test_joules_are_on_leaves_and_sum_to_those_of_the_sessions(tmp_path) -> None:
    run = measured(tmp_path)
    spans = spans_of(exported(run, "otlp", tmp_path))
    around = {span["parentSpanId"] for span in spans if "parentSpanId" in span}
    joules: dict[str, float] = defaultdict(float)
    for span in spans:
        of_span = attributes(span)
        assert span["spanId"] not in around or "wattbench.energy_j" not in of_span
        assert span["spanId"] not in around or "gen_ai.usage.input_tokens" not in of_span
        joules[span["traceId"]] += of_span.get("wattbench.energy_j", 0.0)
    items = sessions_of(run)
    traces = {attributes(span)["gen_ai.conversation.id"]: span["traceId"] for span in spans if span["spanId"] in around}
    known = items[items["energy_j"].notna() & items["session"].isin(traces)]
    assert len(known) > 20
    assert [joules[traces[name]] for name in known["session"]] == pytest.approx(known["energy_j"].tolist())


def test_spans_are_as_otlp_and_the_conventions_have_them(tmp_path) -> None:
    spans = spans_of(exported(mini(tmp_path), "otlp", tmp_path))
    assert len({(span["traceId"], span["spanId"]) for span in spans}) == len(spans) == 8
    for span in spans:
        assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
        assert 0 < int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    root, call = spans[0], spans[1]
    assert (root["name"], root["kind"], call["kind"]) == ("invoke_agent mini-swe-agent org/model", 1, 3)
    assert call["parentSpanId"] == root["spanId"]
    assert attributes(call)["gen_ai.operation.name"] == "chat"
    assert attributes(call)["gen_ai.usage.input_tokens"] == "1000"
    assert attributes(call)["gen_ai.usage.cost.amount"] == 0.01
    assert attributes(call)["gen_ai.response.finish_reasons"] == {"values": [{"stringValue": "tool_calls"}]}
    assert {span["status"]["message"] for span in spans if "status" in span} == {"LimitsExceeded"}


ALLOWED = {
    "trajectory": {"schema_version", "session_id", "trajectory_id", "agent", "steps", "final_metrics", "extra"},
    "agent": {"name", "version", "model_name"},
    "step": {"step_id", "timestamp", "source", "model_name", "message", "metrics", "llm_call_count", "extra"},
    "metrics": {"prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd", "extra"},
    "final_metrics": {
        "total_prompt_tokens", "total_completion_tokens", "total_cached_tokens", "total_cost_usd", "total_steps",
    },
}  # fmt: skip
"""Of `harbor.models.trajectories`, which allow no other field."""


@pytest.mark.parametrize("make", [harbor, terminal_bench, mini, measured])
def test_trajectories_have_the_fields_of_atif_alone(tmp_path, make) -> None:
    lines = exported(make(tmp_path), "atif", tmp_path).read_text().splitlines()
    for document in map(json.loads, lines):
        assert set(document) <= ALLOWED["trajectory"]
        assert {"name", "version"} <= set(document["agent"]) <= ALLOWED["agent"]
        assert set(document["final_metrics"]) <= ALLOWED["final_metrics"]
        assert [step["step_id"] for step in document["steps"]] == list(range(1, len(document["steps"]) + 1))
        assert document["steps"][0]["source"] == "user"
        for step in document["steps"][1:]:
            assert set(step) <= ALLOWED["step"]
            assert set(step.get("metrics", ())) <= ALLOWED["metrics"]


@pytest.mark.parametrize("target", OF_SESSIONS)
def test_a_run_without_agents_has_no_sessions_to_export(tmp_path, target) -> None:
    run = imported_table("system,item,score\na,1,1\na,2,0\n", tmp_path)
    with pytest.raises(UserError, match="no sessions of agents"):
        list(export_sessions(run, target))
