"""Read a request from what LiteLLM logs.

Two forms: its standard logging payload, which callbacks write (`generic_api` with `log_format: ndjson`, S3, GCS), and a
row of its spend logs (`/spend/logs`). What its auto-routers decided is in `metadata.routing_decision`; in an older log
the name that the client asked for is `model_group`, and what answered `model`.

Source: BerriAI/litellm 1.110.2, `litellm/types/utils.py` (`StandardLoggingPayload`,
`StandardLoggingRoutingDecision`) and `litellm/proxy/schema.prisma` (`LiteLLM_SpendLogs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wattbench_reports.tables.routes.logged_route import LoggedRoute, NoRoute, amount, hashes_of, parsed, texts_of

NAME = "LiteLLM"
CALLS = frozenset(
    {
        "completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses",
        "anthropic_messages", "aanthropic_messages", "",
    }
)  # fmt: skip
"""Kinds of calls that answer a prompt: an auto-router's own embeddings are logged too."""


def is_entry(entry: Mapping[str, Any]) -> bool:
    """Return whether LiteLLM wrote an object of a log."""
    return "model" in entry and bool({"model_group", "call_type"} & entry.keys())


def is_routed(entry: Mapping[str, Any]) -> bool:
    """Return whether an auto-router chose the model."""
    return bool(_decision(entry))


def route_of(entry: Mapping[str, Any]) -> LoggedRoute | NoRoute:
    """Return the route that an entry records, or why it records none."""
    if _text(entry, "call_type") not in CALLS:
        return NoRoute("for no answer, such as embeddings")
    if entry.get("status") == "failure":
        return NoRoute("that failed")
    if str(entry.get("cache_hit")).lower() == "true":
        return NoRoute("answered from a cache")
    decision = _decision(entry)
    models = tuple(dict.fromkeys(_models(entry, decision)))
    if not models:
        return NoRoute("without a model")
    body = entry.get("messages") or entry.get("proxy_server_request")
    return LoggedRoute(
        router=_text(decision, "router_model_name") or _text(entry, "model_group") or NAME,
        models=models,
        ids=tuple(dict.fromkeys(_ids(entry))),
        texts=texts_of(body),
        hashes=hashes_of(body),
        router_usd=amount(decision.get("classifier_cost")),
    )


def _decision(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = parsed(entry.get("metadata"))
    decision = metadata.get("routing_decision") if isinstance(metadata, Mapping) else None
    return decision if isinstance(decision, Mapping) else {}


def _models(entry: Mapping[str, Any], decision: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the model that answered, with the provider's prefix and without."""
    for name in (_text(decision, "routed_model"), _text(entry, "model"), _text(entry, "model_group")):
        if name:
            yield name
            yield name.rpartition("/")[2]


def _ids(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the request: the client's in a header or a tag, then LiteLLM's."""
    metadata = parsed(entry.get("metadata"))
    if isinstance(metadata, Mapping) and isinstance(headers := metadata.get("requester_custom_headers"), Mapping):
        yield from (_text(headers, "x-request-id"), _text(headers, "x-litellm-call-id"))
    tags = parsed(entry.get("request_tags"))
    yield from (tag for tag in (tags if isinstance(tags, list) else []) if isinstance(tag, str))
    yield from (_text(entry, name) for name in ("litellm_call_id", "id", "request_id", "trace_id", "session_id"))


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""
