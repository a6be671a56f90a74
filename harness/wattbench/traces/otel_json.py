"""Read requests from spans of OpenTelemetry: OTLP's JSON, or a list of spans as inference-perf collects them.

Sources: `gen-ai-spans.md` of github.com/open-telemetry/semantic-conventions (`gen_ai.operation.name`,
`gen_ai.usage.input_tokens`, `gen_ai.conversation.id`); `trace.proto` of opentelemetry-proto, whose JSON has
`startTimeUnixNano` as text; examples/otel of github.com/kubernetes-sigs/inference-perf, whose spans have `start_time`.

A span is a request if its operation asks a model for text (`OPERATIONS`); others (tools, agents, embeddings) are
counted. A session is a conversation, or a trace where none is named. In it a request follows those that had ended
before it began; requests that overlapped do not wait for each other.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from wattbench.traces.model import MOST_S, Stamped, TraceRows, check_number, clean, moment_ns, refuse, tokens

OPERATIONS = ("chat", "text_completion", "generate_content")
"""Of `gen_ai.operation.name`: what the conventions call inference."""
_UNIT = "span"
_LISTS = ("resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "spans")


def is_format(first: str) -> bool:
    """Return whether the first line begins JSON."""
    return first.startswith(("{", "["))


def read(path: Path, text: str) -> TraceRows:
    """Read every span.

    Raises:
        UserError: it is not JSON, has no spans, or a span is wrong.
    """
    stamped: list[Stamped] = []
    ends_ns: list[int] = []
    rows = 0
    for row, span in enumerate(spans(path, text), 1):
        rows = row
        attributes = attributes_of(path, row, span.get("attributes"))
        start_ns = moment_of(path, row, span, "startTimeUnixNano", "start_time")
        end_ns = moment_of(path, row, span, "endTimeUnixNano", "end_time")
        if end_ns < start_ns:
            refuse(path, row, "it ends before it begins", unit=_UNIT)
        if attributes.get("gen_ai.operation.name") not in OPERATIONS:
            continue
        session = attributes.get("gen_ai.conversation.id") or span.get("traceId") or span.get("trace_id")
        stamped.append(
            Stamped(
                start_ns,
                row,
                tokens(path, row, "gen_ai.usage.input_tokens", attributes.get("gen_ai.usage.input_tokens"), unit=_UNIT),
                tokens(
                    path, row, "gen_ai.usage.output_tokens", attributes.get("gen_ai.usage.output_tokens"), unit=_UNIT
                ),
                None if session is None else clean(session, 80),
            )
        )
        ends_ns.append(end_ns)
        check_number(path, stamped)
    if not rows:
        refuse(path, 1, "JSON without spans; a trace of OpenTelemetry has them under resourceSpans or spans")
    _follow(stamped, ends_ns)
    return TraceRows("OpenTelemetry spans", stamped, rows, rows - len(stamped))


def spans(path: Path, text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the spans of a file, which holds one JSON value or one value per line.

    Raises:
        UserError: it is not JSON, or has something else where spans should be.
    """
    try:
        values = [json.loads(text)]
    except RecursionError:
        refuse(path, 1, "its JSON is nested too deeply")
    except ValueError as error:
        values = []
        for row, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    values.append(json.loads(line))
                except (ValueError, RecursionError):
                    where = row if values else getattr(error, "lineno", 1)
                    refuse(path, where, "not valid JSON, nor JSON lines; is the file complete?")
    for value in values:
        yield from _within(path, value)


def _within(path: Path, value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for each in value:
            if isinstance(each, list):
                refuse(path, 1, "a list where a span should be")
            yield from _within(path, each, depth)
        return
    if not isinstance(value, dict):
        refuse(path, 1, f"a {type(value).__name__} where a span or a list of them should be")
    lists = [value[name] for name in _LISTS if name in value]
    if not lists and (depth or "attributes" in value or "startTimeUnixNano" in value or "start_time" in value):
        yield value
    for each in lists:
        if depth >= len(_LISTS) or not isinstance(each, list):
            refuse(path, 1, "its spans are not in a list")
        yield from _within(path, each, depth + 1)


def attributes_of(path: Path, row: int, value: Any) -> dict[str, Any]:
    """Return the attributes of a span by their keys, without the wrappers of their types.

    Raises:
        UserError: they are no attributes.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        refuse(path, row, "its attributes are neither an object nor a list", unit=_UNIT)
    values: dict[str, Any] = {}
    for each in value:
        if not isinstance(each, dict) or not isinstance(each.get("key"), str):
            refuse(path, row, "an attribute of it has no key", unit=_UNIT)
        wrapped = each.get("value")
        values[each["key"]] = next(iter(wrapped.values()), None) if isinstance(wrapped, dict) else wrapped
    return values


def moment_of(path: Path, row: int, span: Mapping[str, Any], nano: str, iso: str) -> int:
    """Return a moment of a span, in nanoseconds since 1970.

    Raises:
        UserError: it has none, or an impossible one.
    """
    value = span.get(nano)
    if value is None:
        return moment_ns(path, row, iso, span.get(iso), unit=_UNIT)[0]
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 21 else value
    if type(number) is not int or not 0 < number <= MOST_S * 1e9:
        refuse(path, row, f"{nano} is {clean(value)!r}; it is a number of nanoseconds since 1970", unit=_UNIT)
    return number


def _follow(stamped: Sequence[Stamped], ends_ns: Sequence[int]) -> None:
    """Set for each request those of its session that it follows: the last ones that ended before it began."""
    sessions: dict[str, list[int]] = defaultdict(list)
    for index, request in enumerate(stamped):
        if request.session is not None:
            sessions[request.session].append(index)
    for indexes in sessions.values():
        by_end = sorted(indexes, key=lambda each: ends_ns[each])
        ends = [ends_ns[index] for index in by_end]
        latest_start = list(accumulate((stamped[index].at_ns for index in by_end), max))
        for index in indexes:
            request = stamped[index]
            ended = bisect_right(ends, request.at_ns)
            if by_end[:ended] and request.at_ns == ends_ns[index]:
                ended = bisect_right(ends, request.at_ns - 1)  # a span of no length does not follow itself
            if not ended:
                continue
            first = bisect_right(ends, latest_start[ended - 1])
            request.after = tuple(by_end[min(first, ended - 1) : ended])
