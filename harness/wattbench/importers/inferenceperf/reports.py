"""Read the reports of inference-perf: totals of every stage, the server's own, and every request where they are kept.

A folder has ``stage_<n>_lifecycle_metrics.json`` and ``summary_lifecycle_metrics.json`` (`summarize_requests`, what the
client saw), the same with ``prometheus`` (what the server counted), ``config.yaml`` and, with ``per_request: true``,
``per_request_lifecycle_metrics.json``. Newer and older nestings of the same figures are read, in JSON and YAML, and
files whose names begin with that of a run and ``__``. All times are in seconds.

A stage is sent at a rate. `schedule_delay` is how much later than due requests were sent: latencies count from the
sending, so that what requests waited in the client is in no latency.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import mapping, read_object, read_yaml, without_credentials
from wattbench.importers.imported import Imported
from wattbench.importers.inferenceperf.figures import add_client_figures, add_server_figures
from wattbench.importers.inferenceperf.requests import answers_of_stages
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated
from wattbench.importers.system_names import AT_ONCE, RATE, system_name, unique

REPORT = re.compile(
    r"(?:(?P<run>.+)__)?(?P<part>stage_(?P<stage>\d{1,6})|summary|adapter_.{1,200}?)_(?P<side>lifecycle|prometheus|"
    r"session_lifecycle)_metrics\.(?:json|ya?ml)"
)
PER_REQUEST = re.compile(r"(?:(?P<run>.+)__)?per_request_lifecycle_metrics\.json")
PLAIN_FOLDERS = ("results", "reports", "")
"""Folders whose name says nothing of the run: the one above has it."""


@dataclass
class _Run:
    """The files of one run of the tool."""

    folder: Path
    name: str
    reports: dict[str, dict[str, Path]] = field(default_factory=dict)
    """Part (``stage_0``, ``summary``) and side (``lifecycle``) to file."""
    requests: Path | None = None

    @property
    def config(self) -> Path | None:
        path = self.folder / "config.yaml"
        return path if path.is_file() else None

    @property
    def files(self) -> list[Path]:
        listed = [path for sides in self.reports.values() for path in sides.values()]
        return [*listed, *(path for path in (self.requests, self.config) if path is not None)]


def looks_like(source: Path) -> bool:
    """Return whether a file is a report, or a folder has some."""
    if source.is_dir():
        return any(_is_report(path) for path in source.iterdir())
    return _is_report(source)


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read the reports of some runs. Each stage is a system, as each has a load of its own.

    Args:
        sources: folders, or single reports.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: there are no reports, or a file is damaged.
    """
    stated = Stated()
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    left_out: Counter[str] = Counter()
    runs = _runs(sources)

    def answers() -> Iterator[Answer]:
        for run in runs:
            config = read_yaml(run.config) if run.config is not None else {}
            server = mapping(config.get("server"))
            model = server.get("model_name") if isinstance(server.get("model_name"), str) else None
            url = server.get("base_url")
            known = {
                "engine": "inference-perf",
                "model": model,
                "base_url": without_credentials(url) if isinstance(url, str) else None,
            }
            stages: dict[str, tuple[str, Mapping[str, Any]]] = {}
            for part, sides in sorted(run.reports.items(), key=lambda each: _order(each[0])):
                parsed = {side: _parsed(path) for side, path in sides.items()}
                load = _load(parsed.get("lifecycle", {}), sides.get("lifecycle"))
                system = _system(run, model, part, load, scenario)
                scenario[system], configs[system] = load, {name: each for name, each in known.items() if each}
                for side, report in parsed.items():
                    if side == "prometheus":
                        add_server_figures(stated, system, report, sides[side])
                    else:
                        add_client_figures(stated, system, report, sides[side], left_out)
                if part.startswith("stage_") and "lifecycle" in parsed:
                    stages[system] = system, parsed["lifecycle"]
            if run.requests is not None:
                whole = unique(f"{model or run.name} all stages", () if run.reports else scenario)
                scenario.setdefault(whole, {})
                configs.setdefault(whole, {name: each for name, each in known.items() if each})
                yield from answers_of_stages(run.requests, whole, [*stages.values()])

    spool = Spool.of(answers(), scratch)
    return Imported(
        format="inference-perf",
        version=None,
        files=tuple(dict.fromkeys(path for run in runs for path in run.files)),
        answers=spool,
        left_out=left_out,
        scenario=scenario,
        configs=configs,
        summaries=stated.rows,
    )


def _is_report(path: Path) -> bool:
    return (REPORT.fullmatch(path.name) or PER_REQUEST.fullmatch(path.name)) is not None


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
    """Stages by their numbers, then the rest."""
    return (0, int(part[6:]), "") if part.startswith("stage_") else (1, 0, part)


def _parsed(path: Path) -> dict[str, Any]:
    if path.suffix not in (".json", ".yaml", ".yml"):
        raise UserError(f"{path}: a report of inference-perf is a file in JSON or YAML")
    report = read_object(path) if path.suffix == ".json" else read_yaml(path)
    if not isinstance(report.get("successes"), Mapping) and "num_sessions" not in report:
        raise UserError(f"{path}: it has no `successes`; this is no report of inference-perf")
    return report


def _load(report: Mapping[str, Any], path: Path | None) -> dict[str, Any]:
    summary = mapping(report.get("load_summary"))
    at_once = whole_number(summary.get("concurrency"), "load_summary.concurrency", str(path))
    rate = number(summary.get("requested_rate"), "load_summary.requested_rate", str(path))
    return {name: value for name, value in ((RATE, rate), (AT_ONCE, at_once)) if value}


def _system(run: _Run, model: str | None, part: str, load: Mapping[str, Any], taken: Mapping[str, Any]) -> str:
    name = run.name if model is None else model
    if load:
        return system_name(name, load, taken)
    return unique(f"{name} {'all stages' if part == 'summary' else part.replace('_', ' ')}", taken)
