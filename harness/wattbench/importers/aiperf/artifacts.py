"""Read AIPerf's artifacts: times, tokens and scores of every request, and the readings of GPUs.

A folder of artifacts has ``profile_export.jsonl`` (a record per request, `MetricRecordInfo`: metadata, metrics, error)
and ``profile_export_aiperf.json`` (totals, version and settings); if they were asked for, ``inputs.json`` (prompts),
``accuracy_export.jsonl`` (grades, `AccuracyRecordsData` of 0.12 and later) and ``gpu_telemetry_export.jsonl``. This
reads the format of AIPerf 0.3 to 0.13, up to schema 1.4 of the totals.

Traps: a figure is a value with its unit; moments are in nanoseconds; requests of the warm-up are among the others; two
profiles ask the same documents only as far as their inputs show it; settings are in two layouts: sections ``endpoint``
and ``loadgen`` (to 0.11), and ``models``, ``endpoint`` and a list of ``phases`` (0.12 and later); they hold a key.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.aiperf.totals import READINGS, SECONDS, add_gpus, add_totals, config_of, load_of
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.fields import REQUESTS, Field, at, read_fields, words
from wattbench.importers.files import digest, mapping, read_object, read_objects, text
from wattbench.importers.imported import Format, ImportDraft
from wattbench.records.rows.schema import LARGEST_NUMBER

RECORDS, TOTALS, INPUTS = "profile_export.jsonl", "profile_export_aiperf.json", "inputs.json"
GRADES = "accuracy_export.jsonl"
NANOSECONDS_PER_SECOND = 1e9


def _scale(metric: Mapping[str, Any], name: str, where: str) -> float:
    unit = str(metric.get("unit"))
    if unit not in SECONDS:
        raise UserError(f"{where}: {name} is in {unit!r:.40}, not a known unit of time{nearest(unit, SECONDS)}")
    return SECONDS[unit]


def _seconds(metric: Any, name: str, where: str) -> float | None:
    value = number(mapping(metric).get("value"), name, where)
    return None if value is None else value * _scale(metric, name, where)


def _many_seconds(metric: Any, name: str, where: str) -> list[float]:
    values = mapping(metric).get("value")
    if not isinstance(values, list) or not values:
        return []
    scale = _scale(metric, name, where)
    times = [number(value, name, where) for value in values]
    return [] if None in times else [value * scale for value in times if value is not None]


def _moment(value: Any, name: str, where: str) -> float | None:
    nanoseconds = number(value, name, where, most=LARGEST_NUMBER * NANOSECONDS_PER_SECOND)
    return None if nanoseconds is None else nanoseconds / NANOSECONDS_PER_SECOND


def _tokens(*names: str) -> Field:
    return Field(tuple(f"metrics.{name}.value" for name in names), whole_number, name=names[0])


REQUEST = {
    "scheduled_s": Field(("metadata.credit_issued_ns",), _moment),
    "started_s": Field(("metadata.request_start_ns",), _moment),
    "seconds": Field(("metrics.request_latency",), _seconds),
    "first_token_seconds": Field(("metrics.time_to_first_token",), _seconds),
    "prompt_tokens": _tokens("input_sequence_length", "error_isl"),
    "cached_tokens": _tokens("usage_prompt_cache_read_tokens"),
    "cache_write_tokens": _tokens("usage_prompt_cache_write_tokens"),
    "output_tokens": _tokens("output_sequence_length", "output_token_count"),
    "reasoning_tokens": _tokens("reasoning_token_count", "usage_reasoning_tokens"),
}
ENDED = Field(("metadata.request_end_ns",), _moment)
GAPS = Field(("metrics.inter_chunk_latency",), _many_seconds)
IN_FIELDS = {path.split(".")[1] for each in (*REQUEST.values(), GAPS) for path in each.paths}
"""Metrics that the answer's fields hold: the others are its metrics."""
GRADE = {
    "task": words("task"),
    "answer": words("model_output"),
    "filtered": words("actual"),
    "target": words("expected"),
}
OF_A_GRADE = ("grader_name", "unparsed", "confidence", "explanation", "model_thinking")
"""What else is kept of a grade, under these names."""
PROMPTS = ("messages", "prompt", "input", "text", "query")
"""Where a payload has its prompt, by the type of its endpoint."""


def _looks_like(source: Path) -> bool:
    if source.is_dir():
        return (source / RECORDS).is_file() or (source / TOTALS).is_file()
    if source.name.endswith((RECORDS, TOTALS)):
        return True
    first = next(iter(read_objects(source)), None) if source.suffix == ".jsonl" else None
    return first is not None and {"metadata", "metrics"} <= set(first[1])


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some profiles. Each is a system; one without records has its totals alone."""
    for source in sources:
        records = _records(source)
        paths = {name: records.with_name(name) for name in (TOTALS, INPUTS, GRADES, READINGS)}
        totals = read_object(paths[TOTALS]) if paths[TOTALS].is_file() else {}
        load, config = load_of(totals), config_of(totals)
        shown = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in load.items()
            if name != "arrivals"
        )
        name = config["model"] or records.parent.resolve().name or "aiperf"
        name = f"{name} {shown}".strip() if len(sources) > 1 else name
        if name in draft.configs:
            raise UserError(f"{records}: {name} at the same load was read from another source; import it separately")
        system = draft.add_system(name, load, **config)
        version = str(totals.get("aiperf_version") or "")
        draft.add_version(version)
        add_totals(draft, system, totals, paths[TOTALS].name)
        servers = config["base_url"].split(", ") if config["base_url"] else []
        add_gpus(draft, system, paths[READINGS], servers, version)
        draft.files += [path for path in (records, *paths.values()) if path.is_file()]
        if records.is_file():
            yield from _answers(draft, system, records, paths)


def _records(source: Path) -> Path:
    """Return the path of the records, which may be missing where there are totals."""
    path = source / RECORDS if source.is_dir() else source
    if path.name.endswith(TOTALS):
        path = path.with_name(RECORDS)
    if not path.is_file() and not path.with_name(TOTALS).is_file():
        raise UserError(f"{source}: there is no {RECORDS} and no {TOTALS}; this is no folder of AIPerf's artifacts")
    return path


def _answers(draft: ImportDraft, system: str, records: Path, paths: Mapping[str, Path]) -> Iterator[Answer]:
    """Yield the answers of a profile in the order in which they ended; count what is left out."""
    prompts, grades = _prompts(paths[INPUTS]), _grades(paths[GRADES])
    numbers: dict[str, int] = {}
    for prompt in prompts.values():
        numbers.setdefault(prompt, len(numbers))
    repeats: Counter[str] = Counter()
    for where, record in read_objects(records):
        metadata = record.get("metadata")
        if not isinstance(metadata, Mapping) or not isinstance(record.get("metrics"), Mapping):
            raise UserError(f"{where}: no `metadata` and `metrics`; this is not a record of AIPerf")
        if metadata.get("benchmark_phase", "profiling") != "profiling":
            draft.left_out["requests of the warm-up"] += 1
            continue
        failed = bool(record.get("error")) or metadata.get("was_cancelled") is True
        grade = {} if grades is None else grades.get(text(metadata.get("x_request_id")))
        if grade is None and not failed:
            draft.left_out["requests that were not graded"] += 1
            continue
        turn = whole_number(metadata.get("turn_index"), "turn_index", where) or 0
        prompt = prompts.get((text(metadata.get("conversation_id")), turn), "")
        fields = _timed(record, where, failed=failed) | (grade or {})
        if grades is not None:
            fields.setdefault("score", 0.0)
        if prompt:
            fields |= {"item": str(numbers[prompt]), "repeat": repeats[prompt], "doc_hash": digest(prompt)}
            repeats[prompt] += 1
        else:
            fields |= _document(metadata, turn, where)
        fields["metrics"] = _others(record["metrics"]) | fields.get("metrics", {})
        fields["task"] = fields.get("task") or REQUESTS
        yield Answer(where=where, system=system, prompt=prompt, **fields)


def _timed(record: Mapping[str, Any], where: str, *, failed: bool) -> dict[str, Any]:
    """Return the fields of a request, with its seconds and when each chunk came."""
    fields = read_fields(REQUEST, record, where)
    started_s, ended_s = fields["started_s"], ENDED.of(record, where)
    if fields["seconds"] is None and started_s is not None and ended_s is not None:
        fields["seconds"] = number(ended_s - started_s, "its end minus its start", where)
    if failed:
        error = record.get("error")
        said = text(at(error, "message")) or text(error) or "cancelled"
        return fields | {"first_token_seconds": None, "failure": said}
    if fields["seconds"] is None:
        raise UserError(f"{where}: no request_latency, and no start and end; this is not a record of AIPerf")
    first_s = fields["first_token_seconds"]
    if first_s is not None:
        fields["token_seconds"] = tuple(itertools.accumulate(GAPS.of(record, where), initial=first_s))
    return fields


def _document(metadata: Mapping[str, Any], turn: int, where: str) -> dict[str, Any]:
    """Name the document of a request whose prompt is not known: each such request has its own."""
    session = whole_number(metadata.get("session_num"), "session_num", where)
    identity = text(metadata.get("x_request_id")) or text(metadata.get("conversation_id")) or where
    item = identity if session is None else f"{session}" if turn == 0 else f"{session}.{turn}"
    return {"item": item, "doc_hash": digest(f"{identity}.{turn}")}


def _others(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other metrics of a request, with their units in their names."""
    return {
        f"{name} ({unit})" if (unit := mapping(metric).get("unit")) else name: mapping(metric).get("value")
        for name, metric in metrics.items()
        if name not in IN_FIELDS
    }


def _prompts(path: Path) -> dict[tuple[str, int], str]:
    """Map (conversation, turn) to prompts, in the order of the inputs; empty without a file."""
    sessions = read_object(path).get("data") if path.is_file() else []
    prompts: dict[tuple[str, int], str] = {}
    for session in sessions if isinstance(sessions, list) else []:
        payloads = mapping(session).get("payloads")
        for turn, payload in enumerate(payloads if isinstance(payloads, list) else []):
            body = mapping(payload)
            prompt = next((body[name] for name in PROMPTS if body.get(name)), None)
            others = {name: value for name, value in body.items() if name != "model"}
            prompts[str(mapping(session).get("session_id")), turn] = text(others if prompt is None else prompt)
    return prompts


def _grades(path: Path) -> dict[str, dict[str, Any]] | None:
    """Map ids of requests to the fields of their grades; None if the profile was not graded."""
    if not path.is_file():
        return None
    grades: dict[str, dict[str, Any]] = {}
    for where, record in read_objects(path):
        identity, passed = record.get("x_request_id"), record.get("passed")
        if not isinstance(identity, str) or not isinstance(passed, bool):
            raise UserError(f"{where}: no x_request_id and passed; this is not a grade of AIPerf")
        if identity in grades:
            raise UserError(f"{where}: the request {identity!r:.60} has a second grade")
        metrics = {name: record[name] for name in OF_A_GRADE if record.get(name) not in (None, "")}
        grades[identity] = {"score": float(passed), "metrics": metrics} | read_fields(GRADE, record, where)
    return grades


AIPERF = Format("aiperf", _looks_like, _read, needs="profile_export.jsonl or profile_export_aiperf.json")
