"""Small results of agents, after the formats of other tools.

Harbor 0.26 (ATIF 1.8), terminal-bench 0.2.18, mini-swe-agent 2.4.6, LiteLLM 1.110, tau2-bench a2c0247, Claude Code 2,
and OpenTelemetry's GenAI conventions (semantic-conventions-genai e8fc5751).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

START_S = 1_790_000_000.0
START = "2026-09-21T13:33:20"


def at(second: float) -> str:
    """Return a moment in ISO 8601, some seconds after the start."""
    return f"2026-09-21T13:{33 + int(20 + second) // 60:02d}:{(20 + second) % 60:06.3f}Z"


def written(path: Path, content: Any) -> Path:
    """Write an object, or a list of objects to a .jsonl, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(each) + "\n" for each in content))
    else:
        path.write_text(json.dumps(content, indent=1))
    return path


def step(number: int, prompt: int | None, output: int | None, **others: Any) -> dict[str, Any]:
    """Return an agent's step of a trajectory; without counts it has no metrics."""
    metrics = {"prompt_tokens": prompt, "completion_tokens": output} | others.pop("metrics", {})
    return {
        "step_id": number,
        "timestamp": at(number),
        "source": "agent",
        "message": f"step {number}",
        **({"metrics": metrics} if prompt is not None else {}),
        **others,
    }


def trajectory(*steps: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Return a trajectory whose first step is the user's."""
    first = {"step_id": 1, "timestamp": at(1), "source": "user", "message": "Mend it."}
    return {
        "schema_version": "ATIF-v1.8",
        "session_id": "run-1",
        "agent": {"name": "terminus-2", "version": "2.0", "model_name": "org/model"},
        "steps": [first, *steps],
        **others,
    }


def two_steps(**others: Any) -> dict[str, Any]:
    """Return a trajectory of two calls: 1,000 and 1,500 tokens, 900 of the second cached, and 50 and 30 of output."""
    cached = {"cached_tokens": 900, "cost_usd": 0.002, "extra": {"cache_creation_input_tokens": 500}}
    return trajectory(
        step(2, 1000, 50, metrics={"cached_tokens": 0, "cost_usd": 0.004}, tool_calls=[_tool("a"), _tool("b")]),
        step(3, 1500, 30, metrics=cached),
        **others,
    )


def _tool(identifier: str) -> dict[str, Any]:
    return {"tool_call_id": identifier, "function_name": "bash", "arguments": {}}


def totals(prompt: int, output: int, cached: int = 0, cost: float | None = None) -> dict[str, Any]:
    """Return the `final_metrics` of a trajectory."""
    return {
        "total_prompt_tokens": prompt,
        "total_completion_tokens": output,
        "total_cached_tokens": cached,
        "total_cost_usd": cost,
    }


def harbor_trial(task: str, attempt: int, reward: float | None = 1.0, **others: Any) -> dict[str, Any]:
    """Return `result.json` of a trial, of 10 seconds."""
    return {
        "id": f"{task}-{attempt}",
        "task_name": task,
        "trial_name": f"{task}__{attempt}",
        "trial_uri": "file:///x",
        "task_id": {"path": task},
        "source": "terminal-bench@2.0",
        "agent_info": {
            "name": "terminus-2",
            "version": "2.0",
            "model_info": {"name": "org/model", "provider": "x"},
        },
        "agent_result": {
            "n_input_tokens": 2500,
            "n_cache_tokens": 900,
            "n_output_tokens": 80,
            "cost_usd": 0.006,
        },
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
        "exception_info": None,
        "started_at": at(attempt),
        "agent_execution": {"started_at": at(attempt + 1), "finished_at": at(attempt + 11)},
        **others,
    }


def failed(kind: str) -> dict[str, Any]:
    """Return the `exception_info` of a trial."""
    return {"exception_type": kind, "exception_message": "it did", "exception_traceback": "", "occurred_at": at(5)}


def write_harbor(folder: Path, *trials: Mapping[str, Any]) -> Path:
    """Write a job of some trials; those that ran have a trajectory of two calls."""
    for trial in trials:
        place = folder / str(trial["trial_name"])
        written(place / "result.json", trial)
        if trial["agent_result"]:
            written(place / "agent" / "trajectory.json", two_steps(final_metrics=totals(2500, 80, 900, 0.006)))
    written(folder / "result.json", {"id": "j", "n_total_trials": len(trials), "stats": {}})
    return folder


def terminal_bench_trial(task: str, number: int = 1, of: int = 1, **others: Any) -> dict[str, Any]:
    """Return a trial of Terminal-Bench that was solved in 30 seconds."""
    return {
        "id": f"{task}.{number}",
        "trial_name": f"{task}.{number}-of-{of}",
        "task_id": task,
        "instruction": f"Do {task}.",
        "is_resolved": True,
        "failure_mode": "unset",
        "total_input_tokens": 1000,
        "total_output_tokens": 100,
        "agent_started_at": "2025-08-28T02:13:15+00:00",
        "agent_ended_at": "2025-08-28T02:13:45+00:00",
        **others,
    }


def write_terminal_bench(folder: Path, *trials: Mapping[str, Any], model: str | None = "org/model") -> Path:
    """Write a run of Terminal-Bench, with the file of each trial below its own."""
    written(folder / "results.json", {"id": "r", "results": list(trials), "accuracy": 0.5})
    described = {"agent_name": "terminus", "model_name": model, "dataset_name": "core", "dataset_version": "0.1.1"}
    written(folder / "run_metadata.json", described)
    for trial in trials:
        written(folder / str(trial["task_id"]) / str(trial["trial_name"]) / "results.json", trial)
    return folder


def mini_response(prompt: int, output: int, *, cached: int = 0, tools: int = 1) -> dict[str, Any]:
    """Return an answer as litellm has it."""
    calls = [{"id": str(each), "function": {"name": "bash", "arguments": "{}"}} for each in range(tools)]
    return {
        "model": "model-2026",
        "choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": calls}}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
    }


def mini_trajectory(instance: str = "repo-1", status: str = "Submitted", **stats: Any) -> dict[str, Any]:
    """Return a trajectory of mini-swe-agent with three calls, of which the second could not be parsed."""
    costs = stats.pop("costs", (0.01, 0.02, 0.03))
    answered = [
        ("assistant", mini_response(1000, 50), 5.0),
        ("user", mini_response(1200, 20, cached=900, tools=0), None),
        ("assistant", mini_response(1300, 40, cached=1000), 9.0),
    ]
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You can."},
        {"role": "user", "content": "Mend it."},
    ]
    for (role, response, second), cost in zip(answered, costs, strict=True):
        extra = {"response": response, "cost": cost} | ({} if second is None else {"timestamp": START_S + second})
        messages.append({"role": role, "content": "said", "extra": extra})
    messages.append({"role": "exit", "content": "", "extra": {"exit_status": status}})
    return {
        "info": {
            "model_stats": {"instance_cost": sum(costs), "api_calls": 3} | stats,
            "config": {"model": {"model_name": "org/model", "cost_tracking": "default"}},
            "mini_version": "2.4.6",
            "exit_status": status,
            "submission": "diff",
        },
        "messages": messages,
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": instance,
    }


def spend_row(identifier: str, session: str | None, second: float = 0, **others: Any) -> dict[str, Any]:
    """Return a row of LiteLLM's spend logs: a call of 2 seconds, its prompt of 1,000 tokens, 800 of them cached."""
    usage = {"prompt_tokens_details": {"cached_tokens": 800}, "completion_tokens_details": {"reasoning_tokens": 10}}
    return {
        "request_id": identifier,
        "call_type": "acompletion",
        "api_key": "hashed",
        "spend": 0.01,
        "total_tokens": 1100,
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "startTime": at(second),
        "endTime": at(second + 2),
        "completionStartTime": at(second + 0.5),
        "model": "gpt-5-2026",
        "model_group": "gpt-5",
        "metadata": json.dumps({"usage_object": usage}),
        "cache_hit": "False",
        "session_id": session,
        "status": "success",
        **others,
    }


def simulation(task: str, trial: int, reward: float | None = 1.0, **others: Any) -> dict[str, Any]:
    """Return a simulation of tau2: a greeting, and two model calls of the agent."""
    usage = {"prompt_tokens": 500, "completion_tokens": 20}
    said = {"role": "assistant", "content": "Done.", "cost": 0.002, "usage": usage, "timestamp": at(10)}
    detailed = {"usage": {"prompt_tokens": 500, "prompt_tokens_details": {"cached_tokens": 400}}, "model": "m-2026"}
    return {
        "id": f"{task}-{trial}",
        "task_id": task,
        "start_time": at(0),
        "end_time": at(30),
        "duration": 30.0,
        "termination_reason": "user_stop",
        "agent_cost": 0.004,
        "user_cost": 0.5,
        "reward_info": None if reward is None else {"reward": reward},
        "messages": [
            {"role": "assistant", "content": "Hi! How can I help?", "cost": 0.0, "usage": None},
            {"role": "user", "content": "Help.", "cost": 0.25, "usage": {"prompt_tokens": 9, "completion_tokens": 9}},
            said | {"raw_data": detailed, "tool_calls": [{"id": "1", "name": "look", "arguments": {}}]},
            said | {"raw_data": detailed, "generation_time_seconds": 1.5, "timestamp": at(20)},
        ],
        "trial": trial,
        **others,
    }


def tau2_results(*simulations: Mapping[str, Any]) -> dict[str, Any]:
    """Return results of tau2 in the airline domain."""
    return {
        "timestamp": START,
        "info": {
            "git_commit": "abc",
            "num_trials": 2,
            "max_steps": 200,
            "user_info": {"implementation": "user_simulator", "llm": "user-model"},
            "agent_info": {"implementation": "llm_agent", "llm": "org/model"},
            "environment_info": {"domain_name": "airline", "policy": "p"},
        },
        "tasks": [{"id": "t1", "user_scenario": {"instructions": "Cancel it."}}],
        "simulations": list(simulations),
    }


SUBMISSION = {
    "model_name": "Model 5",
    "model_organization": "Org",
    "submitting_organization": "Org",
    "submission_date": "2026-02-26",
    "contact_info": {"email": "a@example.org"},
    "results": {
        "airline": {"pass_1": 72.0, "pass_2": 62.0, "pass_3": 54.5, "pass_4": None, "cost": 0.25},
        "telecom": {"pass_1": 84.5, "pass_2": None, "pass_3": None, "pass_4": None},
    },
}


def genai_span(
    identifier: str, parent: str | None, start: float, end: float, operation: str = "chat", **others: Any
) -> dict[str, Any]:
    """Return a span of OTLP's JSON. Other attributes are named with ``__`` for a dot."""
    trace, status = others.pop("trace", "t1"), others.pop("status", None)
    values = {"gen_ai.operation.name": operation} | {key.replace("__", "."): value for key, value in others.items()}
    return {
        "traceId": trace,
        "spanId": identifier,
        "parentSpanId": parent or "",
        "name": operation,
        "startTimeUnixNano": str(round((START_S + start) * 1e9)),
        "endTimeUnixNano": str(round((START_S + end) * 1e9)),
        "attributes": [{"key": key, "value": _wrapped(value)} for key, value in values.items()],
        "status": {} if status is None else {"code": 2, "message": status},
    }


def _wrapped(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def usage(prompt: int, output: int, cached: int | None = None, cost: float | None = None) -> dict[str, Any]:
    """Return the attributes of a usage, for `genai_span`."""
    return {
        "gen_ai__usage__input_tokens": prompt,
        "gen_ai__usage__output_tokens": output,
        **({} if cached is None else {"gen_ai__usage__cache_read__input_tokens": cached}),
        **({} if cost is None else {"gen_ai__usage__cost__amount": cost}),
    }


def resource_spans(*spans: Mapping[str, Any]) -> dict[str, Any]:
    """Return a batch of spans."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def claude_code_lines(session: str = "11111111-2222-3333-4444-555555555555") -> list[dict[str, Any]]:
    """Return a log of Claude Code: two calls, the first in two lines with the same message and usage."""
    common = {"sessionId": session, "isSidechain": False, "cwd": "/x", "version": "2.0.0", "userType": "external"}

    def said(uuid: str, parent: str, message: str, content: Any, second: int, **counts: int) -> dict[str, Any]:
        stated = {"input_tokens": 10, "output_tokens": 20} | counts
        body = {
            "id": message, "type": "message", "role": "assistant", "model": "claude-x", "content": content,
            "stop_reason": "end_turn", "usage": stated,
        }  # fmt: skip
        return {
            **common,
            "type": "assistant",
            "uuid": uuid,
            "parentUuid": parent,
            "timestamp": at(second),
            "message": body,
        }

    def user(uuid: str, parent: str | None, content: Any, second: int) -> dict[str, Any]:
        body = {"role": "user", "content": content}
        return {**common, "type": "user", "uuid": uuid, "parentUuid": parent, "timestamp": at(second), "message": body}

    tool: Sequence[Any] = [{"type": "tool_use", "id": "tool1", "name": "Bash", "input": {"command": "ls"}}]
    answer: Sequence[Any] = [{"type": "tool_result", "tool_use_id": "tool1", "content": "a.py"}]
    first = {"cache_read_input_tokens": 100, "cache_creation_input_tokens": 50}
    return [
        user("u1", None, "Mend it.", 0),
        said("a1", "u1", "m1", [{"type": "text", "text": "I look."}], 2, **first),
        said("a2", "a1", "m1", tool, 3, **first),
        user("u2", "a2", answer, 4),
        said("a3", "u2", "m2", [{"type": "text", "text": "Done."}], 6, cache_read_input_tokens=150),
    ]


def write_scout_database(folder: Path) -> Path:
    """Write a database of inspect_scout with three transcripts: solved, over a limit, and one that never ran."""
    import asyncio
    from datetime import UTC, datetime, timedelta

    from inspect_ai.event import ModelEvent
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        ChatMessageUser,
        GenerateConfig,
        ModelOutput,
        ModelUsage,
    )
    from inspect_scout import Transcript, transcripts_db

    start = datetime.fromtimestamp(START_S, UTC)

    def called(second: int, cache: Any = None) -> ModelEvent:
        counts = ModelUsage(
            input_tokens=100, output_tokens=50, total_tokens=1150, input_tokens_cache_read=800,
            input_tokens_cache_write=200, total_cost=0.015,
        )  # fmt: skip
        message = ChatMessageAssistant(id=f"m{second}", content="said")
        output = ModelOutput(
            model="m-2026", choices=[ChatCompletionChoice(message=message, stop_reason="stop")], usage=counts
        )
        moment = start + timedelta(seconds=second)
        ended = moment + timedelta(seconds=2)
        return ModelEvent(
            model="org/m", input=[ChatMessageUser(content="Mend it.")], tools=[], tool_choice="auto",
            config=GenerateConfig(), output=output, timestamp=moment, completed=ended, cache=cache,
        )  # fmt: skip

    common: Mapping[str, Any] = {"source_type": "eval_log", "agent": "react", "model": "org/m", "task_set": "swe"}
    transcripts = [
        Transcript(
            transcript_id="t1", task_id="a", score="C", events=[called(0), called(5), called(9, "read")], **common
        ),
        Transcript(transcript_id="t2", task_id="a", score="I", limit="token", events=[called(0)], **common),
        Transcript(transcript_id="t3", task_id="b", error="no sandbox", events=[], **common),
    ]

    async def write() -> None:
        async with transcripts_db(str(folder)) as database:
            await database.insert(transcripts)

    folder.mkdir(parents=True)
    asyncio.run(write())
    return folder
