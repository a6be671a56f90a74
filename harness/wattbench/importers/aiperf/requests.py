"""Read ``profile_export.jsonl``: a record per request (`MetricRecordInfo`: metadata, metrics, error)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.aiperf.grades import Grade
from wattbench.importers.aiperf.metrics import count_of, many_seconds_of, seconds_of
from wattbench.importers.aiperf.prompts import Prompts
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import digest, mapping, read_objects, text
from wattbench.records.rows.field_checks import LARGEST_NUMBER

TASK = "requests"
"""The task of requests whose data set has none."""

NANOSECONDS_PER_SECOND = 1e9

PROMPT_TOKENS = ("input_sequence_length", "error_isl")
OUTPUT_TOKENS = ("output_sequence_length", "output_token_count")
CACHED_TOKENS = ("usage_prompt_cache_read_tokens",)
CACHE_WRITE_TOKENS = ("usage_prompt_cache_write_tokens",)
REASONING_TOKENS = ("reasoning_token_count", "usage_reasoning_tokens")
_KEPT = {
    *PROMPT_TOKENS, *OUTPUT_TOKENS, *CACHED_TOKENS, *CACHE_WRITE_TOKENS, *REASONING_TOKENS,
    "request_latency", "time_to_first_token", "inter_chunk_latency",
}  # fmt: skip
"""Metrics that the answer's own fields hold."""


@dataclass(frozen=True)
class ProfileRequests:
    """What the requests of a profile are read with."""

    system: str
    records: Path
    prompts: Prompts
    grades: Mapping[str, Grade] | None
    """None: the profile was not graded."""


def answers_of(source: ProfileRequests, left_out: Counter[str]) -> Iterator[Answer]:
    """Yield the answers of a profile in the order in which they ended, and count what is left out.

    Raises:
        UserError: a record is damaged.
    """
    for where, record in read_objects(source.records):
        metadata, metrics = record.get("metadata"), record.get("metrics")
        if not isinstance(metadata, Mapping) or not isinstance(metrics, Mapping):
            raise UserError(f"{where}: no `metadata` and `metrics`; this is not a record of AIPerf")
        if metadata.get("benchmark_phase", "profiling") != "profiling":
            left_out["requests of the warm-up"] += 1
            continue
        failed = bool(record.get("error")) or metadata.get("was_cancelled") is True
        grade = None if source.grades is None else source.grades.get(text(metadata.get("x_request_id")))
        if source.grades is not None and grade is None and not failed:
            left_out["requests that were not graded"] += 1
            continue
        yield _answer(source, where, metadata, metrics, record.get("error"), grade, failed=failed)


def _answer(
    source: ProfileRequests,
    where: str,
    metadata: Mapping[str, Any],
    metrics: Mapping[str, Any],
    error: Any,
    grade: Grade | None,
    *,
    failed: bool,
) -> Answer:
    started_s, ended_s = (_nanoseconds(metadata, f"request_{edge}_ns", where) for edge in ("start", "end"))
    seconds = seconds_of(metrics, "request_latency", where)
    if seconds is None and started_s is not None and ended_s is not None:
        seconds = number(ended_s - started_s, "its end minus its start", where)
    if seconds is None and not failed:
        raise UserError(f"{where}: no request_latency, and no start and end; this is not a record of AIPerf")
    first_s = None if failed else seconds_of(metrics, "time_to_first_token", where)
    gaps_s = [] if first_s is None else many_seconds_of(metrics, "inter_chunk_latency", where)
    item, repeat, prompt, doc_hash = _document(source.prompts, metadata, where)
    return Answer(
        where=where,
        system=source.system,
        task=(grade.task if grade is not None else "") or TASK,
        item=item,
        repeat=repeat,
        score=None if source.grades is None else float(grade is not None and grade.passed),
        scheduled_s=_nanoseconds(metadata, "credit_issued_ns", where),
        started_s=started_s,
        seconds=seconds,
        first_token_seconds=first_s,
        token_seconds=() if first_s is None else tuple(itertools.accumulate(gaps_s, initial=first_s)),
        prompt_tokens=count_of(metrics, PROMPT_TOKENS, where),
        cached_tokens=count_of(metrics, CACHED_TOKENS, where),
        cache_write_tokens=count_of(metrics, CACHE_WRITE_TOKENS, where),
        output_tokens=count_of(metrics, OUTPUT_TOKENS, where),
        reasoning_tokens=count_of(metrics, REASONING_TOKENS, where),
        failure=(text(mapping(error).get("message")) or text(error) or "cancelled") if failed else None,
        doc_hash=doc_hash,
        prompt=prompt,
        answer="" if grade is None else grade.answer,
        filtered="" if grade is None else grade.extracted,
        target="" if grade is None else grade.target,
        metrics=_others(metrics) | ({} if grade is None else dict(grade.metrics)),
    )


def _document(prompts: Prompts, metadata: Mapping[str, Any], where: str) -> tuple[str, int, str, str]:
    """Return the item's name, how often it was asked before, its prompt, and what identifies its document.

    Two profiles ask the same documents only as far as their inputs show it: without them each request is its own.
    """
    turn = whole_number(metadata.get("turn_index"), "turn_index", where) or 0
    conversation = text(metadata.get("conversation_id"))
    prompt = prompts.prompt(conversation, turn)
    if prompt:
        return *prompts.count(prompt), prompt, digest(prompt)
    session = whole_number(metadata.get("session_num"), "session_num", where)
    identity = text(metadata.get("x_request_id")) or conversation or where
    item = identity if session is None else f"{session}" if turn == 0 else f"{session}.{turn}"
    return item, 0, "", digest(f"{identity}.{turn}")


def _others(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of a request that no field of an answer holds, with their units in their names."""
    return {
        f"{name} ({unit})" if (unit := mapping(metric).get("unit")) else name: mapping(metric).get("value")
        for name, metric in metrics.items()
        if name not in _KEPT
    }


def _nanoseconds(metadata: Mapping[str, Any], name: str, where: str) -> float | None:
    nanoseconds = number(metadata.get(name), name, where, most=LARGEST_NUMBER * NANOSECONDS_PER_SECOND)
    return None if nanoseconds is None else nanoseconds / NANOSECONDS_PER_SECOND
