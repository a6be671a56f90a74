"""Entries of the routing logs of others, with the fields that their sources have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def decision_event(request_id: str, model: str, asked_for: str = "MoM", **changed: Any) -> dict[str, Any]:
    """Return the event `routing_decision` of vLLM's semantic router, as its logger writes it."""
    return {
        "level": "info", "ts": "2026-08-22T20:57:46.123", "caller": "recorder.go:25", "msg": "routing_decision",
        "component": "extproc", "event": "routing_decision", "reason_code": "auto_routing", "request_id": request_id,
        "original_model": asked_for, "selected_model": model, "decision": "math_decision", "reasoning_enabled": False,
        "reasoning_effort": "", "routing_latency_ms": 12, **changed,
    }  # fmt: skip


def replay_record(request_id: str, model: str, prompt: str, asked_for: str = "MoM", **changed: Any) -> dict[str, Any]:
    """Return a record of the Router Replay of vLLM's semantic router."""
    return {
        "id": f"replay-{request_id}", "timestamp": "2026-08-22T20:57:46.123Z", "request_id": request_id,
        "turn_index": 0, "decision": "math_decision", "decision_tier": 0, "decision_priority": 10, "category": "math",
        "original_model": asked_for, "selected_model": model, "reasoning_mode": "off", "signals": {},
        "request_body": json.dumps({"model": asked_for, "messages": [{"role": "user", "content": prompt}]}),
        "lifecycle_state": "completed", "response_status": 200, "prompt": prompt, **changed,
    }  # fmt: skip


def standard_payload(
    name: str, model: str, prompt: str, router: str | None = "smart-router", **changed: Any
) -> dict[str, Any]:
    """Return LiteLLM's standard logging payload of a request, decided by an auto-router or not."""
    decision = {
        "router_model_name": router, "router_type": "complexity", "routed_model": model, "cause": "llm_classifier",
        "tier": "SIMPLE", "classifier_cost": 0.0004,
    }  # fmt: skip
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]
    return {
        "id": f"chatcmpl-{name}", "trace_id": f"trace-{name}", "litellm_call_id": name, "call_type": "acompletion",
        "stream": False, "response_cost": 0.0021, "status": "success", "total_tokens": 52, "prompt_tokens": 40,
        "completion_tokens": 12, "startTime": 1780000000.0, "endTime": 1780000001.5, "model": f"openai/{model}",
        "model_id": "d2f1", "model_group": model, "api_base": "https://api.openai.com", "cache_hit": None,
        "metadata": {"requester_custom_headers": None, "routing_decision": None if router is None else decision},
        "request_tags": [], "messages": messages,
        "response": {"choices": []}, "hidden_params": {}, "model_parameters": {}, **changed,
    }  # fmt: skip


def spend_row(name: str, model: str, prompt: str, router: str = "smart-router", **changed: Any) -> dict[str, Any]:
    """Return a row of LiteLLM's spend logs, with prompts stored; columns of JSON are texts."""
    body = {"model": router, "messages": [{"role": "user", "content": prompt}]}
    decision = {"router_model_name": router, "router_type": "semantic", "routed_model": model}
    return {
        "request_id": f"chatcmpl-{name}", "call_type": "acompletion", "spend": 0.0021, "total_tokens": 52,
        "startTime": "2026-08-22T20:57:46.123Z", "model": f"azure/{model}-2026-05", "model_group": model,
        "metadata": json.dumps({"routing_decision": decision}), "cache_hit": "False", "request_tags": "[]",
        "messages": {}, "response": {}, "session_id": f"session-{name}", "status": "success",
        "proxy_server_request": json.dumps(body), **changed,
    }  # fmt: skip


def write_lines(path: Path, entries: Iterable[Mapping[str, Any]]) -> Path:
    """Write one object per line."""
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf-8")
    return path
