"""Read the requests of a benchmark (`GenerativeRequestStats`, and `GenerativeTextResponse` of 0.2 and 0.3)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import digest, mapping, text

TASK = "requests"
MS = 1e-3
OUTCOMES = ("successful", "errored", "incomplete")
CUT = "incomplete"
_KEPT = {
    "request_start_time", "request_end_time", "start_time", "end_time", "request_latency", "time_to_first_token_ms",
    "prompt_tokens", "cached_tokens", "output_tokens", "first_token_time", "last_token_time",
}  # fmt: skip
"""Figures that the answer's own fields hold."""


class PromptFile:
    """The documents of a report, numbered in the order of the prompt file.

    A report lists requests in the order in which they ended, which is not that of another report. They were taken from
    the file in order, so that when each was queued says which line it is.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, document: str) -> int:
        """Return the number of a document, by what identifies it."""
        return self._numbers.setdefault(document, len(self._numbers))


def answers_of(
    system: str, requests: Mapping[str, Any], where: str, documents: PromptFile, left_out: Counter[str]
) -> Iterator[Answer]:
    """Yield the answers of a benchmark in the order of the prompt file, and count those that were cut off.

    Raises:
        UserError: a request is damaged.
    """
    listed = [each for outcome in OUTCOMES for each in _listed(requests, outcome, where)]
    listed.sort(key=lambda each: each[2])
    repeats: Counter[int] = Counter()
    for outcome, request, _, at in listed:
        prompt = _prompt(request)
        document = digest(prompt or text(request.get("request_id")) or at)
        item = documents.number(document)
        repeats[item] += 1
        if outcome == CUT:
            left_out["requests that were cut off at the end"] += 1
        else:
            yield _answer(system, request, at, item, repeats[item] - 1, (prompt, document), failed=outcome == "errored")


def _listed(
    requests: Mapping[str, Any], outcome: str, where: str
) -> Iterator[tuple[str, Mapping[str, Any], float, str]]:
    listed = requests.get(outcome) or []
    if not isinstance(listed, list):
        raise UserError(f"{where}.requests.{outcome}: of type {type(listed).__name__}, not a list")
    for index, request in enumerate(listed):
        at = f"{where}.requests.{outcome}[{index}]"
        if not isinstance(request, Mapping):
            raise UserError(f"{at}: of type {type(request).__name__}, not an object")
        names = ("queued", "queued_time", "dequeued", "dequeued_time", "targeted_start", "request_start")
        queued_s = number(_first(_timings(request), *names), "when it was queued", at)
        started_s = number(_first(request, "request_start_time", "start_time"), "the start", at)
        yield outcome, request, next((each for each in (queued_s, started_s) if each is not None), 0.0), at


def _answer(
    system: str,
    request: Mapping[str, Any],
    where: str,
    item: int,
    repeat: int,
    document: tuple[str, str],
    *,
    failed: bool,
) -> Answer:
    started_s = number(_first(request, "request_start_time", "start_time"), "the start", where)
    ended_s = number(_first(request, "request_end_time", "end_time"), "the end", where)
    seconds = number(request.get("request_latency"), "request_latency", where)
    if seconds is None and started_s is not None and ended_s is not None:
        seconds = number(ended_s - started_s, "its end minus its start", where)
    if seconds is None and not failed:
        raise UserError(f"{where}: no request_latency, and no start and end; this is not a request of GuideLLM")
    first_ms = number(request.get("time_to_first_token_ms"), "time_to_first_token_ms", where)
    first_s = None if failed or first_ms is None else first_ms * MS
    timings = _timings(request)
    error = mapping(request.get("info")).get("error") or request.get("error")
    cached = _first(request, "cached_tokens") or mapping(request.get("input_metrics")).get("cached_tokens")
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=str(item),
        repeat=repeat,
        scheduled_s=number(_first(timings, "targeted_start", "targeted_start_time"), "when it was due", where),
        started_s=started_s,
        seconds=seconds,
        first_token_seconds=first_s,
        token_seconds=_arrivals(request, started_s, first_s, where),
        prompt_tokens=whole_number(request.get("prompt_tokens"), "prompt_tokens", where),
        cached_tokens=whole_number(cached, "cached_tokens", where),
        output_tokens=whole_number(request.get("output_tokens"), "output_tokens", where),
        failure=(text(error) or "failed") if failed else None,
        doc_hash=document[1],
        prompt=document[0],
        answer=text(request.get("output")),
        metrics=_others(request),
    )


def _arrivals(
    request: Mapping[str, Any], started_s: float | None, first_s: float | None, where: str
) -> tuple[float, ...]:
    """Return the seconds until the first token and until the last one; a report has none in between."""
    last = _first(request, "last_token_time") or _first(_timings(request), "last_token_iteration", "last_iteration")
    last_s = number(last, "the last token", where)
    if first_s is None or last_s is None or started_s is None or last_s - started_s < first_s:
        return () if first_s is None else (first_s,)
    return first_s, last_s - started_s


def _others(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a request that no field of an answer holds, and the text of its thoughts."""
    figures = {
        name: value
        for name, value in request.items()
        if name not in _KEPT and isinstance(value, int | float) and not isinstance(value, bool)
    }
    texts = {name: request[name] for name in ("reasoning_output", "tool_calls") if request.get(name)}
    counts = {name: _timings(request).get(name) for name in ("request_iterations", "token_iterations", "iterations")}
    return figures | texts | {name: count for name, count in counts.items() if count is not None}


def _timings(request: Mapping[str, Any]) -> Mapping[str, Any]:
    info = mapping(request.get("info")) or mapping(request.get("scheduler_info"))
    return mapping(info.get("timings")) or info


def _first(values: Mapping[str, Any], *names: str) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _prompt(request: Mapping[str, Any]) -> str:
    """Return the prompt from the body that was sent, never from its headers, which hold a key."""
    if isinstance(request.get("prompt"), str):
        return str(request["prompt"])
    sent = request.get("request_args")
    if isinstance(sent, str):
        try:
            sent = json.loads(sent)
        except (ValueError, RecursionError):
            return ""
    sent = mapping(sent)
    body = mapping(sent.get("body")) or mapping(sent.get("json")) or sent
    return text(_first(body, "messages", "prompt", "input"))
