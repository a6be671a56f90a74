"""Read a request from what vLLM's semantic router logs.

Three forms, all with `selected_model`: the event `routing_decision` of its own log (one JSON object per line), the
events `router_replay_start` and `router_replay_complete` there, and records of Router Replay, as its API returns them.
The events name the request by its header `x-request-id`; only a record of Router Replay holds the prompt.

Source: vllm-project/semantic-router, `src/semantic-router/pkg/extproc/recorder.go`,
`pkg/routerreplay/store/store.go` and `pkg/observability/logging/logging.go` (August 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench_reports.tables.routes.logged_route import BY_CLIENT, LoggedRoute, NoRoute, amount, hashes_of, texts_of

NAME = "vLLM's semantic router"


def is_entry(entry: Mapping[str, Any]) -> bool:
    """Return whether this router wrote an object of a log."""
    return "selected_model" in entry and bool({"original_model", "decision", "signals"} & entry.keys())


def route_of(entry: Mapping[str, Any]) -> LoggedRoute | NoRoute:
    """Return the route that an entry records, or why it records none."""
    if entry.get("reason_code") == "model_specified":
        return NoRoute(BY_CLIENT)
    if entry.get("from_cache") is True:
        return NoRoute("answered from a cache")
    model = entry.get("selected_model")
    if not isinstance(model, str) or not model.strip():
        return NoRoute("without a model")
    if entry.get("lifecycle_state") in ("failed", "aborted"):
        return NoRoute("that failed")
    asked_for = entry.get("original_model")
    body = entry.get("request_body") if entry.get("request_body_truncated") is not True else None
    prompt = entry.get("prompt") if entry.get("prompt_truncated") is not True else None
    request_id = entry.get("request_id")
    return LoggedRoute(
        router=asked_for.strip() if isinstance(asked_for, str) and asked_for.strip() else NAME,
        models=(model.strip(),),
        ids=(request_id,) if isinstance(request_id, str) and request_id else (),
        texts=tuple(
            dict.fromkeys([*([prompt] if isinstance(prompt, str) and prompt.strip() else []), *texts_of(body)])
        ),
        hashes=hashes_of(body),
        router_s=amount(entry.get("routing_latency_ms")) / 1000,
        entry=request_id if isinstance(request_id, str) else "",
    )
