"""Small traces after the formats of Azure, Mooncake and OpenTelemetry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens"


def azure(seconds: Sequence[float], *, zone: str = "") -> str:
    """Return a CSV with a row at each moment, seven decimals, in the first minute of an hour."""
    rows = [f"2023-11-16 18:17:{each:010.7f}{zone},{100 + n},{n % 7}" for n, each in enumerate(seconds)]
    return "\r\n".join([AZURE, *rows])


def mooncake(*rows: tuple[float, int, int, list[int]]) -> str:
    """Return JSON lines of milliseconds, prompt and output tokens, and blocks."""
    names = ("timestamp", "input_length", "output_length", "hash_ids")
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)


def span(
    start_s: float, end_s: float, *, trace: str = "t1", operation: str = "chat", conversation: str | None = None
) -> dict[str, Any]:
    """Return a span of OTLP's JSON."""
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": operation}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}},
    ]
    if conversation is not None:
        attributes.append({"key": "gen_ai.conversation.id", "value": {"stringValue": conversation}})
    return {
        "traceId": trace,
        "spanId": f"{start_s}",
        "startTimeUnixNano": str(1_700_000_000_000_000_000 + round(start_s * 1e9)),
        "endTimeUnixNano": str(1_700_000_000_000_000_000 + round(end_s * 1e9)),
        "attributes": attributes,
    }


def otlp(*spans: dict[str, Any]) -> str:
    """Return a batch of spans as OpenTelemetry's collector writes one."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})


def write(path: Path, text: str) -> Path:
    """Write a trace, and return its path."""
    path.write_bytes(text.encode())
    return path
