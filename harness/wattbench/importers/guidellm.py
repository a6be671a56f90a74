"""Read GuideLLM's report in JSON: times and tokens of every request; no accuracy, no joules.

``benchmarks.json`` holds a list of benchmarks, each with its requests by outcome, or with its metrics alone. This reads
the format of GuideLLM 0.2 to 0.8: `GenerativeBenchmarksReport`, schema versions 1 and 2, whose requests are
`GenerativeRequestStats` (`GenerativeTextResponse` in 0.2 and 0.3).

Traps: requests are in the order in which they ended, and are numbered by when each was queued, which is the order of
the prompt file; a report may hold a sample of its requests; rates and requests in flight have sums that mean nothing;
``time_per_output_token_ms`` counts the first token in, and keeps its name; headers of a request hold a key.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.fields import (
    MS,
    REQUESTS,
    Field,
    at,
    count,
    figure,
    kept,
    read_fields,
    section,
    words,
    words_or_none,
)
from wattbench.importers.files import digest, head, mapping, read_object, text, without_credentials
from wattbench.importers.imported import AT_ONCE, RATE, Format, ImportDraft
from wattbench.importers.stated import Total, statistic

FILE = "benchmarks.json"
OUTCOMES = ("successful", "errored", "incomplete")
CUT = "incomplete"


def _timing(name: str, *keys: str) -> Field:
    """Describe the field of a moment, whose section in the report differs by version."""
    sections = ("info.timings", "info", "scheduler_info.timings", "scheduler_info")
    return figure(*(f"{each}.{key}" for each in sections for key in keys), name=name)


REQUEST = {
    "scheduled_s": _timing("when it was due", "targeted_start", "targeted_start_time"),
    "started_s": figure("request_start_time", "start_time", name="the start"),
    "seconds": figure("request_latency"),
    "first_token_seconds": figure("time_to_first_token_ms", scale=MS),
    "prompt_tokens": count("prompt_tokens"),
    "cached_tokens": count("cached_tokens", "input_metrics.cached_tokens"),
    "output_tokens": count("output_tokens"),
    "failure": words_or_none("info.error", "error"),
    "answer": words("output"),
}
ENDED = figure("request_end_time", "end_time", name="the end")
QUEUED = _timing(
    "when it was queued", "queued", "queued_time", "dequeued", "dequeued_time", "targeted_start", "request_start"
)
LAST_TOKEN = Field(
    ("last_token_time", *_timing("", "last_token_iteration", "last_iteration").paths), number, name="the last token"
)
ITERATIONS = {name: _timing("", name).paths for name in ("request_iterations", "token_iterations", "iterations")}
IN_FIELDS = (
    "request_start_time", "request_end_time", "start_time", "end_time", "request_latency", "time_to_first_token_ms",
    "prompt_tokens", "cached_tokens", "output_tokens", "first_token_time", "last_token_time",
)  # fmt: skip
"""Figures of a request that the answer's fields hold: the others are its metrics."""
LOAD = {
    "type_": "scenario", "rate": RATE, "streams": "streams", "max_concurrency": AT_ONCE,
    "rampup_duration": "ramp, seconds",
}  # fmt: skip
"""A setting of the strategy to its name in the record."""
TOTALS = {
    "request_latency": "latency",
    "time_to_first_token_ms": "first_token",
    "inter_token_latency_ms": "token",
    "root_dispatch_delay": "schedule_delay",
    "requests_per_second": "requests_per_s",
    "request_concurrency": "in_flight",
    "prompt_token_count": "prompt_tokens",
    "output_token_count": "output_tokens",
    "prompt_tokens_per_second": "prompt_tokens_per_s",
    "output_tokens_per_second": "output_tokens_per_s",
    "tokens_per_second": "tokens_per_s",
}
"""A metric to the figure that it is."""
WITHOUT_SUM = ("requests_per_s", "in_flight", "prompt_tokens_per_s", "output_tokens_per_s", "tokens_per_s")


def _looks_like(source: Path) -> bool:
    if source.is_dir():
        return (source / FILE).is_file()
    if source.suffix != ".json" or head(source).lstrip("\ufeff \t\r\n").startswith("["):
        return False  # a list is a table, or of another tool
    report = read_object(source)
    return isinstance(report.get("benchmarks"), list) and "machine_info" not in report  # which pytest-benchmark's have


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some reports. Each benchmark in them is a system, because each has its load."""
    numbers: dict[str, int] = {}
    for source in sources:
        path = source / FILE if source.is_dir() else source
        draft.files.append(path)
        report = read_object(path)
        if version := at(report, "metadata.guidellm_version"):
            draft.add_version(str(version))
        benchmarks = report.get("benchmarks")
        if not isinstance(benchmarks, list) or not benchmarks:
            raise UserError(f"{path}: the list `benchmarks` is missing or empty; this is not a report of GuideLLM")
        for index, each in enumerate(benchmarks):
            yield from _benchmark(path, f"{path}: benchmarks[{index}]", report, mapping(each), numbers, draft)


def _benchmark(
    path: Path,
    where: str,
    report: Mapping[str, Any],
    benchmark: Mapping[str, Any],
    numbers: dict[str, int],
    draft: ImportDraft,
) -> Iterator[Answer]:
    load, config = _load(benchmark), _config(report, benchmark)
    rate, streams = load.get(RATE), load.get("streams")
    figures = f" {rate:g}/s" if isinstance(rate, int | float) else f" {streams}" if streams is not None else ""
    words_of_load = f"{load.get('scenario', '')}{figures}"
    name = draft.unique(f"{config['model'] or path.parent.name} {words_of_load}".strip())
    system = draft.add_system(name, load, **config)
    before, held = len(draft.stated.rows), 0
    _add_totals(draft, system, benchmark, path.name)
    for answer in _answers(system, section(benchmark, "requests"), where, numbers, draft):
        held += 1
        yield answer
    stated = draft.stated.rows[before:]
    if not held and not stated:
        raise UserError(f"{where}: it has neither requests nor metrics; this is not a report of GuideLLM")
    counted = sum(row.value for row in stated if row.figure in ("requests", "failed_requests"))
    if held:
        draft.left_out["requests that the report counts and does not hold"] += max(0, int(counted) - held)


def _load(benchmark: Mapping[str, Any]) -> dict[str, Any]:
    strategy = section(benchmark, "config.strategy", "args.strategy")
    load = kept(strategy, LOAD)
    if not load.get(LOAD["rampup_duration"]):
        load.pop(LOAD["rampup_duration"], None)
    return load


def _config(report: Mapping[str, Any], benchmark: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a benchmark: its own in schemas 1 and 2, else the settings of the report."""
    backend = section(benchmark, "config.backend") or section(report, "config.spec.backend")
    sections = (backend, section(report, "args.backend_kwargs"), section(report, "args"), section(benchmark, "worker"))
    model, server = (
        next((value for each in sections for key in keys if isinstance(value := each.get(key), str) and value), None)
        for keys in (("model", "backend_model"), ("target", "backend_target"))
    )
    data = ", ".join(_data(at(report, "config.spec.data") or at(report, "args.data")))
    sent = {key: backend.get(key) for key in ("request_format", "stream", "max_tokens")}
    return {"engine": "guidellm", "model": model, "base_url": without_credentials(server), **sent, "data": data}


def _data(given: Any) -> Iterator[str]:
    """Yield the name of each source of prompts. A file is named without its folder."""
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, str):
            yield PurePath(each).name
        elif isinstance(each, Mapping):
            named = {key: each[key] for key in ("kind", "path", "source", "name", "split") if each.get(key)}
            yield " ".join(PurePath(str(value)).name if key == "path" else str(value) for key, value in named.items())


def _add_totals(draft: ImportDraft, system: str, benchmark: Mapping[str, Any], where: str) -> None:
    """Add the metrics of successful requests, the numbers of requests and the duration."""

    def add(total: Total, value: Any, source: str, unit: str = "", requests: Any = None) -> None:
        draft.stated.add(system, total, value, source=source, where=where, unit=unit, requests=requests)

    counts = section(benchmark, "metrics.request_totals", "request_totals")
    for outcome, label in (("successful", "requests"), ("errored", "failed_requests")):
        add(Total(label), counts.get(outcome), f"request_totals.{outcome}")
    add(Total("duration"), benchmark.get("duration"), "duration")
    for name, metric in section(benchmark, "metrics").items():
        spread = section(metric, "successful") or mapping(metric)
        if "percentiles" not in spread:
            continue
        milli, label = name.endswith("_ms"), TOTALS.get(name, name.removesuffix("_ms"))
        unit = "s" if milli or name.endswith(("delay", "latency")) else ""
        percentiles = {f"percentiles.{key}": value for key, value in section(spread, "percentiles").items()}
        for key, value in {**spread, **percentiles}.items():
            which = _percentile(key.removeprefix("percentiles.")) if key in percentiles else statistic(key)
            if which is not None and not (which == "total" and label in WITHOUT_SUM):
                total = Total(label, which, MS if milli else 1.0)
                add(total, value, f"metrics.{name}.{key}", unit, spread.get("count"))


def _percentile(name: str) -> str | None:
    """Return the statistic of a percentile: ``p99`` for p99, ``p99.9`` for p999, ``p0.1`` for p001.

    None for the median, which has its own name.
    """
    digits = re.fullmatch(r"p(\d{2,3})", name)
    return f"p{int(digits[1]) / (1 if len(digits[1]) == 2 else 10):g}" if digits and name != "p50" else None


def _answers(
    system: str, requests: Mapping[str, Any], where: str, numbers: dict[str, int], draft: ImportDraft
) -> Iterator[Answer]:
    """Yield the answers of a benchmark in the order of the prompt file, and count those that were cut off."""
    every = [each for outcome in OUTCOMES for each in _listed(requests, outcome, where)]
    every.sort(key=lambda each: each[0])
    repeats: Counter[int] = Counter()
    for _, outcome, request, here in every:
        prompt = _prompt(request)
        document = digest(prompt or text(request.get("request_id")) or here)
        item = numbers.setdefault(document, len(numbers))
        repeats[item] += 1
        if outcome == CUT:
            draft.left_out["requests that were cut off at the end"] += 1
            continue
        yield Answer(
            where=here,
            system=system,
            task=REQUESTS,
            item=str(item),
            repeat=repeats[item] - 1,
            doc_hash=document,
            prompt=prompt,
            metrics=_others(request),
            **_timed(request, here, failed=outcome == "errored"),
        )


def _listed(
    requests: Mapping[str, Any], outcome: str, where: str
) -> Iterator[tuple[float, str, Mapping[str, Any], str]]:
    """Yield (moment queued or sent, outcome, request, position) of each request of an outcome."""
    every = requests.get(outcome) or []
    if not isinstance(every, list):
        raise UserError(f"{where}.requests.{outcome}: of type {type(every).__name__}, not a list")
    for index, request in enumerate(every):
        here = f"{where}.requests.{outcome}[{index}]"
        if not isinstance(request, Mapping):
            raise UserError(f"{here}: of type {type(request).__name__}, not an object")
        moments = (QUEUED.of(request, here), REQUEST["started_s"].of(request, here), 0.0)
        yield next(each for each in moments if each is not None), outcome, request, here


def _timed(request: Mapping[str, Any], where: str, *, failed: bool) -> dict[str, Any]:
    """Return the fields of a request, with the times of its first and last token."""
    fields = read_fields(REQUEST, request, where)
    started_s, ended_s = fields["started_s"], ENDED.of(request, where)
    if fields["seconds"] is None and started_s is not None and ended_s is not None:
        fields["seconds"] = number(ended_s - started_s, "its end minus its start", where)
    if fields["seconds"] is None and not failed:
        raise UserError(f"{where}: no request_latency, and no start and end; this is not a request of GuideLLM")
    last_s = LAST_TOKEN.of(request, where)
    if failed:
        fields |= {"first_token_seconds": None, "failure": fields["failure"] or "failed"}
    else:
        fields["failure"] = None
    first_s = fields["first_token_seconds"]
    if first_s is None or last_s is None or started_s is None or last_s - started_s < first_s:
        return fields | {"token_seconds": () if first_s is None else (first_s,)}
    return fields | {"token_seconds": (first_s, last_s - started_s)}


def _others(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other figures of a request, and the texts of its reasoning and its tool calls."""
    figures = {
        name: value
        for name, value in request.items()
        if name not in IN_FIELDS and isinstance(value, int | float) and not isinstance(value, bool)
    }
    texts = {name: request[name] for name in ("reasoning_output", "tool_calls") if request.get(name)}
    counts = {name: value for name, paths in ITERATIONS.items() if (value := at(request, *paths)) is not None}
    return figures | texts | counts


def _prompt(request: Mapping[str, Any]) -> str:
    """Return the prompt from the body that was sent, never from its headers."""
    if isinstance(request.get("prompt"), str):
        return str(request["prompt"])
    sent = request.get("request_args")
    if isinstance(sent, str):
        try:
            sent = json.loads(sent)
        except (ValueError, RecursionError):
            return ""
    body = section(sent, "body", "json") or mapping(sent)
    return text(at(body, "messages", "prompt", "input"))


GUIDELLM = Format("guidellm", _looks_like, _read, needs="benchmarks.json with a list benchmarks")
