"""Write the sessions of agents as spans with GenAI attributes, in OTLP's JSON.

Source: `gen-ai-spans.md`, `gen-ai-agent-spans.md` and `registry.yaml` of open-telemetry/semantic-conventions-genai,
snapshot e8fc5751, with the attributes of money of its draft 443; opentelemetry-proto's `trace.proto`. These conventions
are not stable and have no versions: the scope's attribute `wattbench.conventions` names the snapshot.

A session is a trace: a span ``invoke_agent`` around a span per model call. Tokens, money and joules are on the calls
alone (tokens on the session where no call is listed), so that a sum over spans counts them once: joules as
`wattbench.energy_j` (and by the other rules of division as `wattbench.energy_by_time_j` and
`wattbench.energy_equal_j`). What the agent's own processes drew is a span of its own, without a model. Money and tokens
of a session, which may hold more than its calls list, are `wattbench.cost.amount` and `wattbench.tokens.*`, outside of
the conventions.

A session per line, as the collector's file exporter writes. `wattbench runs import` reads it back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wattbench_reports.export.interchange.agent_sessions import Session

CONVENTIONS = "open-telemetry/semantic-conventions-genai@e8fc5751506258db1459d1bde47994e01dee922e"
OPERATIONS = {"completions": "text_completion", "embeddings": "embeddings", "other": "generate_content"}
"""What was called to `gen_ai.operation.name`; chat for any other."""
PROVIDERS = {"messages": "anthropic", "other": "unknown"}
"""The same to `gen_ai.provider.name`, which names the flavour of a protocol; openai for any other."""
USAGE = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
JOULES = ("energy_j", "energy_above_idle_j", "energy_by_time_j", "energy_equal_j")
INTERNAL, CLIENT = 1, 3
FAILED = 2


def otlp_lines(run: str, sessions: Iterable[Session]) -> Iterator[bytes]:
    """Yield a line of OTLP's JSON per session.

    Args:
        run: its name, of which the identifiers of traces are made.
        sessions: of `agent_sessions`.
    """
    for number, session in enumerate(sessions):
        scope = {"name": "wattbench", "attributes": _attributes({"wattbench.conventions": CONVENTIONS})}
        resource = {"attributes": _attributes({"service.name": "wattbench", "wattbench.run": run})}
        spans = list(_spans(run, number, session))
        batch = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]}
        yield json.dumps(batch, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _spans(run: str, number: int, session: Session) -> Iterator[dict[str, Any]]:
    trace = _identifier(32, run, str(number), session.name)
    around = "" if not session.answer else _identifier(16, trace)
    if session.answer:
        yield _session_span(trace, around, session)
        yield from _agents_own(trace, around, session)
    for call in session.calls:
        yield _call_span(trace, around, call)


def _session_span(trace: str, identifier: str, session: Session) -> dict[str, Any]:
    answer, bounds_s = session.answer, session.bounds_s
    values = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": answer["system"],
        "gen_ai.conversation.id": session.name,
        "wattbench.system": answer["system"],
        "wattbench.task": answer["task"],
        "wattbench.item": str(int(answer["doc_id"])),
        "wattbench.repeat": int(answer["repeat"]),
        "wattbench.ended": answer["ended"],
        "wattbench.calls": None if answer["calls"] is None else int(answer["calls"]),
        "wattbench.cost.amount": session.money,
        "wattbench.cost.currency": None if session.money is None else session.currency or None,
        "wattbench.started_s": answer["started_s"],
        "wattbench.seconds": None if answer["finished_s"] is None else answer["finished_s"] - answer["started_s"],
        **{f"wattbench.tokens.{name}": count for name, count in session.tokens.items()},
        **({} if session.calls else {USAGE[name]: count for name, count in session.tokens.items()}),
    }
    span = _span(trace, identifier, "", f"invoke_agent {answer['system']}", INTERNAL, bounds_s or (0.0, 0.0), values)
    if answer["correct"] is not None:
        evaluation = {"gen_ai.evaluation.name": "solved", "gen_ai.evaluation.score.value": float(answer["correct"])}
        ended = {"timeUnixNano": span["endTimeUnixNano"], "name": "gen_ai.evaluation.result"}
        span["events"] = [{**ended, "attributes": _attributes(evaluation)}]
    if answer["failure"] is not None:
        span["status"] = {"code": FAILED, "message": answer["failure"]}
    return span


def _agents_own(trace: str, around: str, session: Session) -> Iterator[dict[str, Any]]:
    """Yield the span of what the agent's own processes drew, if that is known."""
    own_j = session.answer.get("agent_energy_j")
    if own_j:
        values = {"wattbench.energy_j": own_j, "wattbench.energy_provenance": session.answer["energy_provenance"]}
        bounds_s = session.bounds_s or (0.0, 0.0)
        yield _span(trace, _identifier(16, trace, "own"), around, "agent processes", INTERNAL, bounds_s, values)


def _call_span(trace: str, around: str, call: Mapping[str, Any]) -> dict[str, Any]:
    operation = OPERATIONS.get(call["protocol"], "chat")
    model = call["model_answered"] or call["model_asked"]
    first_byte_s = call["first_byte_s"]
    error = call["error"]
    values = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": PROVIDERS.get(call["protocol"], "openai"),
        "gen_ai.request.model": call["model_asked"],
        "gen_ai.response.model": call["model_answered"],
        "gen_ai.request.stream": True if call["streamed"] else None,
        "gen_ai.response.finish_reasons": None if call["finish_reason"] is None else [call["finish_reason"]],
        "gen_ai.response.time_to_first_chunk": None if first_byte_s is None else first_byte_s - call["started_s"],
        **{attribute: None if call[name] is None else int(call[name]) for name, attribute in USAGE.items()},
        "gen_ai.usage.cost.amount": call["stated_cost"],
        "gen_ai.usage.cost.currency": None if call["stated_cost"] is None else "USD",
        "gen_ai.usage.cost.source": None if call["stated_cost"] is None else "provider",
        "error.type": None if error is None else "failed" if call["status"] is None else str(int(call["status"])),
        "wattbench.system": call["system"] if not around else None,
        "wattbench.call": call["call"],
        "wattbench.retry_of": call["retry_of"],
        "wattbench.tool_calls": None if call["tool_calls"] is None else int(call["tool_calls"]),
        **{f"wattbench.{name}": call[name] for name in JOULES},
        "wattbench.energy_provenance": call["energy_provenance"] or None,
    }
    bounds_s = call["started_s"], call["finished_s"]
    span = _span(
        trace,
        _identifier(16, trace, call["call"]),
        around,
        f"{operation} {model or ''}".rstrip(),
        CLIENT,
        bounds_s,
        values,
    )
    if error is not None:
        span["status"] = {"code": FAILED, "message": error}
    return span


def _span(
    trace: str,
    identifier: str,
    around: str,
    name: str,
    kind: int,
    bounds_s: tuple[float, float],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    started_s, ended_s = bounds_s
    return {
        "traceId": trace,
        "spanId": identifier,
        **({"parentSpanId": around} if around else {}),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": _nanoseconds(started_s),
        "endTimeUnixNano": _nanoseconds(max(ended_s, started_s)),
        "attributes": _attributes(values),
    }


def _nanoseconds(moment_s: float) -> str:
    """Return a moment as OTLP has it: text, and above 0."""
    return str(max(round(moment_s * 1e9), 1))


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as OTLP's JSON has them; those that are None are left out."""
    return [{"key": key, "value": _wrapped(value)} for key, value in values.items() if value is not None]


def _wrapped(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_wrapped(each) for each in value]}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _identifier(digits: int, *parts: str) -> str:
    """Return the identifier of a trace or span: hexadecimal, and the same whenever the run is exported."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:digits]
