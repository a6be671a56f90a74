"""Read AIPerf's artifacts: times and tokens of every request; no accuracy, no joules.

``profile_export.jsonl`` has a record per request (`MetricRecordInfo`: metadata, metrics with their units, error), and
``profile_export_aiperf.json`` in the same folder has the totals, the version and the settings. This reads the format of
AIPerf 0.3 to 0.13, schema 1 of the totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import digest, mapping, read_object, read_objects, text, without_credentials
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.records.field_checks import LARGEST_NUMBER

RECORDS, TOTALS, INPUTS = "profile_export.jsonl", "profile_export_aiperf.json", "inputs.json"
TASK = "requests"
NANOSECONDS_PER_SECOND = 1e9
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}
"""A unit of time, as AIPerf names it, in seconds."""


def looks_like(source: Path) -> bool:
    """Return whether a folder has the records, or a file is named as one of AIPerf's."""
    if source.is_dir():
        return (source / RECORDS).is_file() or (source / TOTALS).is_file()
    return source.name.endswith((RECORDS, TOTALS)) or (source.suffix == ".jsonl" and _is_record(source))


def _is_record(source: Path) -> bool:
    first = next(iter(read_objects(source)), None)
    return first is not None and {"metadata", "metrics"} <= set(first[1])


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read the records of some profiles, each of which becomes a system.

    Args:
        sources: folders, or files of records.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is not one of AIPerf's, is damaged, or has only totals.
    """
    files: list[Path] = []
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    left_out: Counter[str] = Counter()
    versions: dict[str, None] = {}

    def answers() -> Iterator[Answer]:
        for source in sources:
            records = _records(source)
            totals_path = records.with_name(TOTALS)
            totals = read_object(totals_path) if totals_path.is_file() else {}
            settings = mapping(totals.get("input_config"))
            model, server = _served(settings)
            name = model or records.parent.resolve().name or "aiperf"
            load = _load(settings)
            name = name if name not in scenario else f"{name} {' '.join(map(str, load.values()))}".strip()
            if name in scenario:
                raise UserError(
                    f"{records}: {name} at the same load was read from another source; import it separately"
                )
            scenario[name] = load
            configs[name] = {"engine": "aiperf"} | {
                key: value for key, value in (("model", model), ("base_url", server)) if value
            }
            if totals.get("aiperf_version"):
                versions[str(totals["aiperf_version"])] = None
            yield from _answers(name, records, _prompts(records.with_name(INPUTS)), left_out)
            files.extend(path for path in (records, totals_path) if path.is_file())

    spool = Spool.of(answers(), scratch)
    return Imported("aiperf", ", ".join(versions) or None, tuple(files), spool, left_out, scenario, configs)


def _records(source: Path) -> Path:
    path = source / RECORDS if source.is_dir() else source
    if path.name.endswith(TOTALS):
        path = path.with_name(RECORDS)
    if not path.is_file():
        raise UserError(
            f"{source}: there is no {RECORDS}, and the totals alone have no requests to compare. Profile with "
            "--export-level records"
        )
    return path


def _served(settings: Mapping[str, Any]) -> tuple[str | None, str | None]:
    endpoint = mapping(settings.get("endpoint"))
    models, urls = endpoint.get("model_names"), endpoint.get("urls") or endpoint.get("url")
    named = [str(model) for model in models if model] if isinstance(models, list) else []
    url = urls[0] if isinstance(urls, list) and urls else urls
    return ", ".join(named) or None, without_credentials(url if isinstance(url, str) else None)


def _load(settings: Mapping[str, Any]) -> dict[str, Any]:
    settings = mapping(settings.get("loadgen"))
    keys = {"concurrency": "concurrency", "request_rate": "requests per second"}
    return {label: settings[key] for key, label in keys.items() if isinstance(settings.get(key), int | float)}


def _prompts(path: Path) -> dict[tuple[str, int], str]:
    """Map (conversation, turn) to its prompt; empty if the inputs were not kept."""
    if not path.is_file():
        return {}
    sessions = read_object(path).get("data")
    prompts = {}
    for session in sessions if isinstance(sessions, list) else []:
        payloads = mapping(session).get("payloads")
        for turn, payload in enumerate(payloads if isinstance(payloads, list) else []):
            prompt = mapping(payload).get("messages") or mapping(payload).get("prompt")
            prompts[str(mapping(session).get("session_id")), turn] = text(prompt)
    return prompts


def _answers(
    system: str, records: Path, prompts: Mapping[tuple[str, int], str], left_out: Counter[str]
) -> Iterator[Answer]:
    for where, record in read_objects(records):
        metadata, metrics = record.get("metadata"), record.get("metrics")
        if not isinstance(metadata, Mapping) or not isinstance(metrics, Mapping):
            raise UserError(f"{where}: no `metadata` and `metrics`; this is not a record of AIPerf")
        if metadata.get("benchmark_phase", "profiling") != "profiling":
            left_out["requests of the warm-up"] += 1
        else:
            yield _answer(system, where, metadata, metrics, record.get("error"), prompts)


def _answer(
    system: str,
    where: str,
    metadata: Mapping[str, Any],
    metrics: Mapping[str, Any],
    error: Any,
    prompts: Mapping[tuple[str, int], str],
) -> Answer:
    started_s = _nanoseconds(metadata, "request_start_ns", where)
    ended_s = _nanoseconds(metadata, "request_end_ns", where)
    seconds = _seconds(metrics, "request_latency", where)
    if seconds is None and started_s is not None and ended_s is not None:
        seconds = number(ended_s - started_s, "its end minus its start", where)
    failed = bool(error) or metadata.get("was_cancelled") is True
    if seconds is None and not failed:
        raise UserError(f"{where}: no request_latency, and no start and end; this is not a record of AIPerf")
    turn = whole_number(metadata.get("turn_index"), "turn_index", where) or 0
    session = whole_number(metadata.get("session_num"), "session_num", where)
    prompt = prompts.get((str(metadata.get("conversation_id")), turn), "")
    identity = text(metadata.get("conversation_id")) or text(metadata.get("x_request_id")) or where
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=f"{identity if session is None else session}.{turn}",
        started_s=started_s,
        seconds=None if failed else seconds,
        first_token_seconds=None if failed else _seconds(metrics, "time_to_first_token", where),
        prompt_tokens=_count(metrics, ("input_sequence_length", "error_isl"), where),
        output_tokens=_count(metrics, ("output_sequence_length", "output_token_count"), where),
        failure=(text(mapping(error).get("message")) or text(error) or "cancelled") if failed else None,
        doc_hash=digest(prompt or f"{identity}.{turn}"),
        prompt=prompt,
    )


def _nanoseconds(metadata: Mapping[str, Any], name: str, where: str) -> float | None:
    nanoseconds = number(metadata.get(name), name, where, most=LARGEST_NUMBER * NANOSECONDS_PER_SECOND)
    return None if nanoseconds is None else nanoseconds / NANOSECONDS_PER_SECOND


def _seconds(metrics: Mapping[str, Any], name: str, where: str) -> float | None:
    metric = mapping(metrics.get(name))
    value = number(metric.get("value"), name, where)
    if value is None:
        return None
    unit = str(metric.get("unit"))
    if unit not in SECONDS:
        raise UserError(f"{where}: {name} is in {unit!r:.40}, not a known unit of time{nearest(unit, SECONDS)}")
    return value * SECONDS[unit]


def _count(metrics: Mapping[str, Any], names: Sequence[str], where: str) -> int | None:
    for name in names:
        count = whole_number(mapping(metrics.get(name)).get("value"), name, where)
        if count is not None:
            return count
    return None
