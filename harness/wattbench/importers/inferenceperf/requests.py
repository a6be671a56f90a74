"""Read ``per_request_lifecycle_metrics.json``: every request of all stages, without the number of its stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import digest, mapping, read_array, text
from wattbench.importers.request_bodies import answer_of, prompt_of

TASK = "requests"
SAME = 1e-6
"""By how much two means of the same latencies may differ, relative: by rounding."""


def answers_of_stages(path: Path, whole: str, stages: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Answer]:
    """Yield the answers in the order sent.

    Stages follow each other, so that the counts in their reports divide the requests. They are only divided if the mean
    latency of each part is what its report says; else all are of one system, without a load.

    Args:
        path: the file.
        whole: the system of all of them.
        stages: systems with their reports, in the order of their stages.

    Raises:
        UserError: the file is damaged.
    """
    listed = [_checked(each, f"{path}: [{position}]") for position, each in enumerate(read_array(path))]
    listed.sort(key=lambda each: each[1])
    systems = _systems(listed, stages) or [whole] * len(listed)
    first_s = listed[0][1] if listed else 0.0
    repeats: Counter[tuple[str, str]] = Counter()
    for system, (where, start_s, request) in zip(systems, listed, strict=True):
        prompt = prompt_of(request.get("request"))
        item = digest(prompt)[:16]
        yield _answer(system, where, request, start_s, first_s, prompt, item, repeats[system, item])
        repeats[system, item] += 1


def _checked(request: Any, where: str) -> tuple[str, float, Mapping[str, Any]]:
    start_s = number(mapping(request).get("start_time"), "start_time", where)
    if start_s is None or not isinstance(request, Mapping):
        raise UserError(f"{where}: no start_time; this is no request of inference-perf")
    return where, start_s, request


def _systems(
    listed: Sequence[tuple[str, float, Mapping[str, Any]]], stages: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[str] | None:
    systems: list[str] = []
    for system, report in stages:
        count = mapping(report.get("load_summary")).get("count")
        successes = mapping(report.get("successes"))
        latency = mapping(mapping(successes.get("latency")).get("request_latency") or successes.get("request_latency"))
        mean_s = latency.get("mean")
        if not isinstance(count, int) or not isinstance(mean_s, int | float):
            return None
        part = listed[len(systems) : len(systems) + count]
        seconds = [_seconds(request, start_s, where) for where, start_s, request in part if not request.get("error")]
        if not seconds or abs(sum(seconds) / len(seconds) - mean_s) > SAME * max(1.0, mean_s):
            return None
        systems += [system] * len(part)
    return systems if len(systems) == len(listed) else None


def _seconds(request: Mapping[str, Any], start_s: float, where: str) -> float:
    end_s = number(request.get("end_time"), "end_time", where)
    if end_s is None:
        raise UserError(f"{where}: no end_time; this is no request of inference-perf")
    return number(end_s - start_s, "its end minus its start", where) or 0.0


def _answer(
    system: str,
    where: str,
    request: Mapping[str, Any],
    start_s: float,
    first_s: float,
    prompt: str,
    item: str,
    repeat: int,
) -> Answer:
    info = mapping(request.get("info"))
    response = mapping(info.get("response_metrics")) or info  # older: in `info` itself
    sent = mapping(mapping(info.get("request_metrics")).get("text")) or info
    usage = mapping(response.get("server_usage"))
    error = request.get("error")
    times = response.get("output_token_times") or []
    if not isinstance(times, list):
        raise UserError(f"{where}: output_token_times is of type {type(times).__name__}, not a list")
    ends = [number((number(each, "a token's time", where) or 0.0) - start_s, "a token's time", where) for each in times]
    known = [each for each in ends if each is not None]
    streamed = len(known) > 1 and not error  # as the tool itself decides
    message = mapping(error).get("error_msg") or mapping(error).get("error_type")
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=item,
        repeat=repeat,
        started_s=start_s - first_s,
        seconds=None if error else _seconds(request, start_s, where),
        first_token_seconds=known[0] if streamed else None,
        token_seconds=known if streamed else (),
        prompt_tokens=whole_number(sent.get("input_tokens"), "input_tokens", where),
        cached_tokens=whole_number(
            mapping(usage.get("prompt_tokens_details")).get("cached_tokens"), "cached_tokens", where
        ),
        output_tokens=None if error else whole_number(response.get("output_tokens"), "output_tokens", where),
        failure=(text(message) or text(error)) if error else None,
        doc_hash=digest(prompt),
        prompt=prompt,
        answer=answer_of(request.get("response")),
    )
