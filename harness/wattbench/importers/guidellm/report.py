"""Read GuideLLM's report in JSON: times and tokens of every request; no accuracy, no joules.

``benchmarks.json`` holds a list of benchmarks, each with its requests by outcome, or with its metrics alone. This reads
the format of GuideLLM 0.2 to 0.8: `GenerativeBenchmarksReport`, schema versions 1 and 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.files import mapping, read_object
from wattbench.importers.guidellm.requests import PromptFile, answers_of
from wattbench.importers.guidellm.settings import BenchmarkSetup, setup_of
from wattbench.importers.guidellm.totals import summaries_of
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.records import SummaryRow

FILE = "benchmarks.json"


def looks_like(source: Path) -> bool:
    """Return whether a folder has the report, or a file is one."""
    if source.is_dir():
        return (source / FILE).is_file()
    if source.suffix != ".json":
        return False
    report = read_object(source)
    return isinstance(report.get("benchmarks"), list) and "machine_info" not in report  # which pytest-benchmark's have


@dataclass
class _Benchmarks:
    """What is known of the benchmarks that were read so far."""

    versions: dict[str, None] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    scenario: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    configs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    summaries: list[SummaryRow] = field(default_factory=list)
    documents: PromptFile = field(default_factory=PromptFile)


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some reports. Each benchmark in them becomes a system, as each has another load.

    A benchmark without requests has the metrics that GuideLLM states, and no answers.

    Args:
        sources: reports, or folders with one.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is not a report, is damaged, or a benchmark has neither requests nor metrics.
    """
    files = [source / FILE if source.is_dir() else source for source in sources]
    seen = _Benchmarks()
    spool = Spool.of((answer for path in files for answer in _report(path, seen)), scratch)
    return Imported(
        format="guidellm",
        version=", ".join(seen.versions) or None,
        files=tuple(files),
        answers=spool,
        left_out=seen.left_out,
        scenario=seen.scenario,
        configs=seen.configs,
        summaries=seen.summaries,
    )


def _report(path: Path, seen: _Benchmarks) -> Iterator[Answer]:
    report = read_object(path)
    if version := mapping(report.get("metadata")).get("guidellm_version"):
        seen.versions[str(version)] = None
    benchmarks = report.get("benchmarks")
    if not isinstance(benchmarks, list) or not benchmarks:
        raise UserError(f"{path}: the list `benchmarks` is missing or empty; this is not a report of GuideLLM")
    for index, each in enumerate(benchmarks):
        yield from _benchmark(path, f"{path}: benchmarks[{index}]", report, mapping(each), seen)


def _benchmark(
    path: Path, where: str, report: Mapping[str, Any], benchmark: Mapping[str, Any], seen: _Benchmarks
) -> Iterator[Answer]:
    setup = setup_of(report, benchmark)
    name = _named(f"{setup.model or path.parent.name} {setup.load_in_words}".strip(), seen.scenario)
    seen.scenario[name] = setup.load
    seen.configs[name] = _config(setup)
    stated = list(summaries_of(name, benchmark, path.name))
    seen.summaries += stated
    held = 0
    for answer in answers_of(name, mapping(benchmark.get("requests")), where, seen.documents, seen.left_out):
        held += 1
        yield answer
    if not held and not stated:
        raise UserError(f"{where}: it has neither requests nor metrics; this is not a report of GuideLLM")
    counted = sum(row.value for row in stated if row.figure in ("requests", "failed_requests"))
    if held:  # a report may keep a sample of its requests
        seen.left_out["requests that the report counts and does not hold"] += max(0, int(counted) - held)


def _named(name: str, taken: Mapping[str, Any]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name} ({number})", number + 1
    return unique


def _config(setup: BenchmarkSetup) -> dict[str, Any]:
    known = {"model": setup.model, "base_url": setup.server}
    return {"engine": "guidellm"} | {key: value for key, value in known.items() if value} | dict(setup.sent)
