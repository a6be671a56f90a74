"""Read the reports of inference-perf: totals of every stage, the server's own, and every request where they are kept.

A folder has ``stage_<n>_lifecycle_metrics.json`` and ``summary_lifecycle_metrics.json`` (`summarize_requests`, what the
client saw), the same with ``prometheus`` (what the server counted), ``config.yaml`` and, with ``per_request: true``,
``per_request_lifecycle_metrics.json``. Newer and older nestings of the same figures are read, in JSON and YAML, and
files whose names begin with that of a run and ``__``. All times are in seconds.

Traps: a stage is sent at a rate, and `schedule_delay` is how much later than due requests were sent: latencies count
from the sending, so that what requests waited in the client is in no latency. The server counts other things than a
client sees: its figures have names of their own. A request does not say its stage.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.fields import REQUESTS, at, count, figure, listed, read_fields, section
from wattbench.importers.files import (
    answer_of,
    digest,
    mapping,
    prompt_of,
    read_array,
    read_object,
    read_yaml,
    text,
    without_credentials,
)
from wattbench.importers.imported import AT_ONCE, RATE, Format, ImportDraft
from wattbench.importers.stated import Total, Totals, is_figure, leaves

REPORT = re.compile(
    r"(?:(?P<run>.+)__)?(?P<part>stage_(?P<stage>\d{1,6})|summary|adapter_.{1,200}?)_(?P<side>lifecycle|prometheus|"
    r"session_lifecycle)_metrics\.(?:json|ya?ml)"
)
PER_REQUEST = re.compile(r"(?:(?P<run>.+)__)?per_request_lifecycle_metrics\.json")
PLAIN_FOLDERS = ("results", "reports", "")
"""Folders whose name says nothing of the run: the one above has it."""
SAME = 1e-6
"""By how much two means of the same latencies may differ, relative: by rounding."""

REQUEST = {
    "prompt_tokens": count("info.request_metrics.text.input_tokens", "info.input_tokens"),
    "cached_tokens": count(
        "info.response_metrics.server_usage.prompt_tokens_details.cached_tokens",
        "info.server_usage.prompt_tokens_details.cached_tokens",
    ),
    "output_tokens": count("info.response_metrics.output_tokens", "info.output_tokens"),
}
"""Older files have them in `info` itself."""
TOKEN_TIMES = ("info.response_metrics.output_token_times", "info.output_token_times")
LOAD = {
    RATE: figure("load_summary.requested_rate", name="load_summary.requested_rate"),
    AT_ONCE: count("load_summary.concurrency", name="load_summary.concurrency"),
}
OF_REQUESTS = {
    "request_latency": "latency",
    "time_to_first_token": "first_token",
    "time_per_output_token": "token",
    "inter_token_latency": "token_gap",
    "prompt_len": "prompt_tokens",
    "output_len": "output_tokens",
}
"""Of requests that were answered, in `successes` or one level below."""
UNITS = {
    "queue_len": "requests", ".rate": "per s", "_rate": "requests/s",
    "_sec": "s", "seconds": "s", "_duration": "s", "_time": "s", "latency": "s", "_token": "s",
    "bytes": "bytes", "tokens": "tokens", "_len": "tokens", "percentage": "%", "percent": "%",
}  # fmt: skip
CLIENT = Totals(
    {
        "successes.count": Total("requests"),
        "failures.count": Total("failed_requests"),
        "benchmark_time_seconds": Total("duration"),
        "load_summary.schedule_delay": Total("schedule_delay"),
        "load_summary.schedule_delay.*": Total("schedule_delay"),
        **{
            f"successes.{part}{name}.*": Total(label)
            for part in ("", "latency.")
            for name, label in OF_REQUESTS.items()
        },
        "successes.throughput.requests_per_sec": Total("requests_per_s", "mean"),
        "successes.throughput.input_tokens_per_sec": Total("prompt_tokens_per_s", "mean"),
        "successes.throughput.output_tokens_per_sec": Total("output_tokens_per_s", "mean"),
        "successes.throughput.total_tokens_per_sec": Total("tokens_per_s", "mean"),
    },
    UNITS,
    settings=("load_summary.requested_rate", "load_summary.concurrency"),
)
SERVER = Totals({}, UNITS)


@dataclass
class _Run:
    """The files of one run of the tool."""

    folder: Path
    name: str
    reports: dict[str, dict[str, Path]] = field(default_factory=dict)
    """Part (``stage_0``, ``summary``) and side (``lifecycle``, ``prometheus``) to file."""
    requests: Path | None = None


def _looks_like(source: Path) -> bool:
    return any(_is_report(path) for path in source.iterdir()) if source.is_dir() else _is_report(source)


def _is_report(path: Path) -> bool:
    return (REPORT.fullmatch(path.name) or PER_REQUEST.fullmatch(path.name)) is not None


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read the reports of some runs. Each stage is a system, because each has its load."""
    for run in _runs(sources):
        config = run.folder / "config.yaml"
        server = section(read_yaml(config) if config.is_file() else {}, "server")
        model = server.get("model_name") if isinstance(server.get("model_name"), str) else None
        url = server.get("base_url")
        known = {
            "engine": "inference-perf",
            "model": model,
            "base_url": without_credentials(url) if isinstance(url, str) else None,
        }
        stages: list[tuple[str, Mapping[str, Any]]] = []
        for part, sides in sorted(run.reports.items(), key=lambda each: _order(each[0])):
            parsed = {side: _parsed(path) for side, path in sides.items()}
            client = parsed.get("lifecycle", {})
            load = {name: each for name, each in read_fields(LOAD, client, str(sides.get("lifecycle"))).items() if each}
            label = "all stages" if part == "summary" else part.replace("_", " ")
            name = model or run.name
            system = draft.system_name(name, load) if load else draft.unique(f"{name} {label}")
            draft.add_system(system, load, **known)
            for side, report in parsed.items():
                _add_figures(draft, system, side, report, sides[side])
            if part.startswith("stage_") and "lifecycle" in parsed:
                stages.append((system, client))
        draft.files += [path for sides in run.reports.values() for path in sides.values()]
        draft.files += [path for path in (run.requests, config) if path is not None and path.is_file()]
        if run.requests is not None:
            whole = f"{model or run.name} all stages"
            whole = whole if run.reports else draft.unique(whole)
            if whole not in draft.configs:
                draft.add_system(whole, {}, **known)
            yield from _answers(run.requests, whole, stages)


def _runs(sources: Sequence[Path]) -> list[_Run]:
    runs: dict[tuple[Path, str], _Run] = {}
    for source in sources:
        paths = sorted(path for path in source.iterdir() if _is_report(path)) if source.is_dir() else [source]
        if not paths:
            raise UserError(
                f"{source}: it has no stage_<n>_lifecycle_metrics.json; this is no folder of inference-perf"
            )
        for path in paths:
            matched, requests = REPORT.fullmatch(path.name), PER_REQUEST.fullmatch(path.name)
            named = matched or requests
            run_name = (named["run"] or "") if named is not None else path.stem
            run = runs.setdefault((path.parent, run_name), _Run(path.parent, run_name or _named_after(path.parent)))
            if requests is not None:
                run.requests = path
            else:  # a file of another name was named with --from
                part, side = ("summary", "lifecycle") if matched is None else (matched["part"], matched["side"])
                run.reports.setdefault(part, {})[side] = path
    return list(runs.values())


def _named_after(folder: Path) -> str:
    folder = folder.resolve()
    return next((each.name for each in (folder, *folder.parents) if each.name not in PLAIN_FOLDERS), "inference-perf")


def _order(part: str) -> tuple[int, int, str]:
    """Return a sort key that puts stages first, in the order of their numbers."""
    return (0, int(part[6:]), "") if part.startswith("stage_") else (1, 0, part)


def _parsed(path: Path) -> dict[str, Any]:
    if path.suffix not in (".json", ".yaml", ".yml"):
        raise UserError(f"{path}: a report of inference-perf is a file in JSON or YAML")
    report = read_object(path) if path.suffix == ".json" else read_yaml(path)
    if not isinstance(report.get("successes"), Mapping) and "num_sessions" not in report:
        raise UserError(f"{path}: it has no `successes`; this is no report of inference-perf")
    return report


def _add_figures(draft: ImportDraft, system: str, side: str, report: Mapping[str, Any], path: Path) -> None:
    requests = at(report, "successes.count")
    if side == "prometheus":
        for route, value in leaves(report, path):
            if is_figure(value):
                total = SERVER.named(tuple(part for part in route if part != "successes"))
                draft.stated.add(
                    system, Total(f"server: {total.figure}", total.statistic), value, source=".".join(route),
                    where=path, unit=SERVER.unit(total.figure), requests=requests,
                )  # fmt: skip
        return
    texts = sum(isinstance(value, str) for _, value in leaves(report, path))
    draft.left_out["texts in reports, such as messages of errors"] += texts
    draft.stated.add_all(system, CLIENT, report, path, requests)


def _answers(path: Path, whole: str, stages: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Answer]:
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
    requests = [_checked(each, f"{path}: [{position}]") for position, each in enumerate(read_array(path))]
    requests.sort(key=lambda each: each[1])
    systems = _systems(requests, stages) or [whole] * len(requests)
    repeats: Counter[tuple[str, str]] = Counter()
    for system, (where, start_s, request) in zip(systems, requests, strict=True):
        prompt, error = prompt_of(request.get("request")), request.get("error")
        item = digest(prompt)[:16]
        fields = _timed(request, start_s, where)
        if error:
            message = at(error, "error_msg") or at(error, "error_type")
            fields |= {"output_tokens": None, "failure": text(message) or text(error)}
        yield Answer(
            where=where,
            system=system,
            task=REQUESTS,
            item=item,
            repeat=repeats[system, item],
            started_s=start_s - requests[0][1],
            doc_hash=digest(prompt),
            prompt=prompt,
            answer=answer_of(request.get("response")),
            **fields,
        )
        repeats[system, item] += 1


def _checked(request: Any, where: str) -> tuple[str, float, Mapping[str, Any]]:
    start_s = number(mapping(request).get("start_time"), "start_time", where)
    if start_s is None:
        raise UserError(f"{where}: no start_time; this is no request of inference-perf")
    return where, start_s, request


def _systems(
    requests: Sequence[tuple[str, float, Mapping[str, Any]]], stages: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[str] | None:
    systems: list[str] = []
    for system, report in stages:
        count = at(report, "load_summary.count")
        mean_s = at(report, "successes.latency.request_latency.mean", "successes.request_latency.mean")
        if not isinstance(count, int) or not isinstance(mean_s, int | float):
            return None
        part = requests[len(systems) : len(systems) + count]
        seconds = [_seconds(request, start_s, where) for where, start_s, request in part if not request.get("error")]
        if not seconds or abs(sum(seconds) / len(seconds) - mean_s) > SAME * max(1.0, mean_s):
            return None
        systems += [system] * len(part)
    return systems if len(systems) == len(requests) else None


def _seconds(request: Mapping[str, Any], start_s: float, where: str) -> float:
    end_s = number(request.get("end_time"), "end_time", where)
    if end_s is None:
        raise UserError(f"{where}: no end_time; this is no request of inference-perf")
    return number(end_s - start_s, "its end minus its start", where) or 0.0


def _timed(request: Mapping[str, Any], start_s: float, where: str) -> dict[str, Any]:
    """Return the fields of a request, with the times of its tokens, which the file states as moments."""
    fields = read_fields(REQUEST, request, where)
    times = listed(at(request, *TOKEN_TIMES) or [], "output_token_times", where)
    ends = [number((number(each, "a token's time", where) or 0.0) - start_s, "a token's time", where) for each in times]
    known = [each for each in ends if each is not None]
    if request.get("error"):
        return fields
    fields["seconds"] = _seconds(request, start_s, where)
    streamed = len(known) > 1  # as the tool itself decides
    return fields | ({"first_token_seconds": known[0], "token_seconds": known} if streamed else {})


INFERENCE_PERF = Format("inference-perf", _looks_like, _read, needs="stage_<n>_lifecycle_metrics.json or .yaml")
