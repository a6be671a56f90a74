"""Write the sessions of agents as trajectories in ATIF 1.8, Harbor's Agent Trajectory Interchange Format.

Source: RFC 0001 and `harbor.models.trajectories` of Harbor 0.26, which these trajectories satisfy. A step is a model
call, after one with the prompt: prompts and answers of single calls are recorded only where that was asked, and are not
written. `final_metrics` hold the whole session. What ATIF has no field for (joules, times, whether it was solved) is in
`extra.wattbench`, of the trajectory and of each step. A trajectory per line; `wattbench runs import` reads it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from wattbench_reports.export.interchange.agent_sessions import Session

VERSION = "ATIF-v1.8"
NOT_KNOWN = "unknown"
"""What a field that ATIF requires has where nothing is recorded."""
OF_A_STEP = (
    "model_asked", "model_answered", "started_s", "first_byte_s", "finished_s", "tool_calls", "error",
    "energy_j", "energy_above_idle_j", "energy_by_time_j", "energy_equal_j", "energy_provenance",
)  # fmt: skip
_COUNTED = ("tool_calls",)


def atif_lines(sessions: Iterable[Session]) -> Iterator[bytes]:
    """Yield a trajectory per session, as JSON lines. A call that named no session is in none."""
    for session in sessions:
        if session.answer:
            yield json.dumps(_trajectory(session), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _trajectory(session: Session) -> dict[str, Any]:
    answer, tokens = session.answer, session.tokens
    model = next(
        (name for call in session.calls for name in (call["model_answered"], call["model_asked"]) if name), None
    )
    steps = [{"step_id": 1, "source": "user", "message": answer["prompt"] or ""}]
    steps += [_step(number, call) for number, call in enumerate(session.calls, start=2)]
    if session.calls:
        steps[-1]["message"] = answer["output"] or ""
    in_dollars = session.money if session.currency == "USD" else None
    ours = {
        "system": answer["system"],
        "task": answer["task"],
        "item": str(int(answer["doc_id"])),
        "repeat": int(answer["repeat"]),
        "session": session.name,
        "score": None if answer["correct"] is None else float(answer["correct"]),
        "ended": answer["ended"],
        "failure": answer["failure"],
        "calls": None if answer["calls"] is None else int(answer["calls"]),
        "started_s": answer["started_s"],
        "seconds": None if answer["finished_s"] is None else answer["finished_s"] - answer["started_s"],
        "energy_j": answer["energy_j"],
        "agent_energy_j": answer["agent_energy_j"],
        "energy_provenance": answer["energy_provenance"],
        "cost": session.money,
        "currency": session.currency or None,
    }
    return {
        "schema_version": VERSION,
        "session_id": session.name,
        "trajectory_id": session.name,
        "agent": _known({"name": answer["system"], "version": NOT_KNOWN, "model_name": model}),
        "steps": steps,
        "final_metrics": _known(
            {
                "total_prompt_tokens": tokens["prompt_tokens"],
                "total_completion_tokens": tokens["output_tokens"],
                "total_cached_tokens": tokens["cached_tokens"],
                "total_cost_usd": in_dollars,
                "total_steps": len(steps),
            }
        ),
        "extra": {"wattbench": {**_known(ours), "tokens": tokens}},
    }


def _step(number: int, call: Mapping[str, Any]) -> dict[str, Any]:
    metrics = {
        "prompt_tokens": _count(call["prompt_tokens"]),
        "completion_tokens": _count(call["output_tokens"]),
        "cached_tokens": _count(call["cached_tokens"]),
        "cost_usd": call["stated_cost"],
        "extra": _known(
            {
                "cache_creation_input_tokens": _count(call["cache_write_tokens"]),
                "reasoning_tokens": _count(call["reasoning_tokens"]),
            }
        )
        or None,
    }
    ours = {name: _count(call[name]) if name in _COUNTED else call[name] or None for name in OF_A_STEP}
    return _known(
        {
            "step_id": number,
            "timestamp": _timestamp(call["started_s"]),
            "source": "agent",
            "model_name": call["model_answered"] or call["model_asked"],
            "message": "",
            "metrics": _known(metrics) or None,
            "llm_call_count": 1,
            "extra": _known({"stop_reason": call["finish_reason"], "wattbench": _known(ours)}),
        }
    )


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not None."""
    return {name: value for name, value in values.items() if value is not None}


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)


def _timestamp(moment_s: float) -> str | None:
    """Return a moment in ISO 8601; None of one that is not recorded, or that no calendar has."""
    try:
        return datetime.fromtimestamp(moment_s, UTC).isoformat() if moment_s else None
    except (ValueError, OverflowError, OSError):
        return None
