"""Read GuideLLM's report in JSON: times and tokens of every request; no accuracy, no joules.

``benchmarks.json`` holds a list of benchmarks, each with its requests by outcome. This reads the format of GuideLLM 0.4
to 0.7 (`GenerativeBenchmarksReport`, `GenerativeRequestStats`), and older names of the same times.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import digest, mapping, read_object, text, without_credentials
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool

FILE = "benchmarks.json"
TASK = "requests"
MS = 1e-3


def looks_like(source: Path) -> bool:
    """Return whether a folder has the report, or a file is one."""
    if source.is_dir():
        return (source / FILE).is_file()
    if source.suffix != ".json":
        return False
    benchmarks = read_object(source).get("benchmarks")
    return isinstance(benchmarks, list)


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some reports. Each benchmark in them becomes a system, as each has another load.

    Args:
        sources: reports, or folders with one.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is not a report, is damaged, or holds no requests.
    """
    files = [source / FILE if source.is_dir() else source for source in sources]
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    left_out: Counter[str] = Counter()
    versions: dict[str, None] = {}

    def answers() -> Iterator[Answer]:
        for path in files:
            report = read_object(path)
            version = mapping(report.get("metadata")).get("guidellm_version")
            if version:
                versions[str(version)] = None
            for index, benchmark in enumerate(_benchmarks(report, path)):
                where = f"{path}: benchmarks[{index}]"
                load = _load(benchmark)
                model, server = _served(report, benchmark)
                name = _named(f"{model or path.parent.name} {_in_words(load)}".strip(), scenario)
                scenario[name] = load
                configs[name] = {"engine": "guidellm"} | {
                    key: value for key, value in (("model", model), ("base_url", server)) if value
                }
                requests = mapping(benchmark.get("requests"))
                measured = 0
                for answer in _answers(name, requests, where):
                    measured += 1
                    yield answer
                if not measured:
                    raise UserError(
                        f"{where}: it has no requests; write a report that keeps them (GuideLLM can omit them)"
                    )
                cut = requests.get("incomplete")
                left_out["requests that were cut off at the end"] += len(cut) if isinstance(cut, list) else 0

    spool = Spool.of(answers(), scratch)
    return Imported("guidellm", ", ".join(versions) or None, tuple(files), spool, left_out, scenario, configs)


def _benchmarks(report: Mapping[str, Any], path: Path) -> list[Mapping[str, Any]]:
    benchmarks = report.get("benchmarks")
    if not isinstance(benchmarks, list) or not benchmarks:
        raise UserError(f"{path}: the list `benchmarks` is missing or empty; this is not a report of GuideLLM")
    return [mapping(each) for each in benchmarks]


def _load(benchmark: Mapping[str, Any]) -> dict[str, Any]:
    """Return how requests were sent: the strategy's type and its rate or number of streams."""
    strategy = mapping(
        mapping(benchmark.get("config")).get("strategy") or mapping(benchmark.get("args")).get("strategy")
    )
    keys = {
        "type_": "scenario",
        "rate": "requests per second",
        "streams": "streams",
        "max_concurrency": "at most at once",
    }
    return {label: strategy[key] for key, label in keys.items() if isinstance(strategy.get(key), str | int | float)}


def _in_words(load: Mapping[str, Any]) -> str:
    rate, streams = load.get("requests per second"), load.get("streams")
    figure = f" {rate:g}/s" if isinstance(rate, int | float) else f" {streams}" if streams is not None else ""
    return f"{load.get('scenario', '')}{figure}"


def _served(report: Mapping[str, Any], benchmark: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the model's name and the server's address, and nothing else of the settings, which may hold a key."""
    args = mapping(report.get("args"))
    sections = (
        mapping(mapping(benchmark.get("config")).get("backend")),
        mapping(mapping(mapping(report.get("config")).get("spec")).get("backend")),
        mapping(args.get("backend_kwargs")),
        args,
        mapping(benchmark.get("worker")),
    )
    values: list[str | None] = []
    for keys in (("model", "backend_model"), ("target", "backend_target")):
        candidates = (section.get(key) for section in sections for key in keys)
        values.append(next((str(value) for value in candidates if isinstance(value, str) and value), None))
    return values[0], without_credentials(values[1])


def _named(name: str, taken: Mapping[str, Any]) -> str:
    number_, unique = 2, name
    while unique in taken:
        unique, number_ = f"{name} ({number_})", number_ + 1
    return unique


def _answers(system: str, requests: Mapping[str, Any], where: str) -> Iterator[Answer]:
    number_ = 0
    for outcome in ("successful", "errored"):
        listed = requests.get(outcome) or []
        if not isinstance(listed, list):
            raise UserError(f"{where}.requests.{outcome}: of type {type(listed).__name__}, not a list")
        for index, request in enumerate(listed):
            at = f"{where}.requests.{outcome}[{index}]"
            if not isinstance(request, Mapping):
                raise UserError(f"{at}: of type {type(request).__name__}, not an object")
            yield _answer(system, str(number_), request, at, failed=outcome == "errored")
            number_ += 1


def _answer(system: str, item: str, request: Mapping[str, Any], where: str, *, failed: bool) -> Answer:
    started_s = number(_first(request, "request_start_time", "start_time"), "the start", where)
    ended_s = number(_first(request, "request_end_time", "end_time"), "the end", where)
    seconds = number(request.get("request_latency"), "request_latency", where)
    if seconds is None and started_s is not None and ended_s is not None:
        seconds = number(ended_s - started_s, "its end minus its start", where)
    if seconds is None and not failed:
        raise UserError(f"{where}: no request_latency, and no start and end; this is not a request of GuideLLM")
    first_ms = number(request.get("time_to_first_token_ms"), "time_to_first_token_ms", where)
    prompt = _prompt(request)
    error = mapping(request.get("info")).get("error") or request.get("error")
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=item,
        started_s=started_s,
        seconds=None if failed else seconds,
        first_token_seconds=None if failed or first_ms is None else first_ms * MS,
        prompt_tokens=whole_number(request.get("prompt_tokens"), "prompt_tokens", where),
        output_tokens=whole_number(request.get("output_tokens"), "output_tokens", where),
        failure=(text(error) or "failed") if failed else None,
        doc_hash=digest(prompt or text(request.get("request_id")) or where),
        prompt=prompt,
        answer=text(request.get("output")),
    )


def _first(request: Mapping[str, Any], *names: str) -> Any:
    return next((request[name] for name in names if request.get(name) is not None), None)


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
