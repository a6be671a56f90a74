"""Read AIPerf's artifacts: times, tokens and scores of every request, and the readings of GPUs.

A folder of artifacts has ``profile_export.jsonl`` (a record per request) and ``profile_export_aiperf.json`` (totals,
version and settings); if they were asked for, ``inputs.json`` (prompts), ``accuracy_export.jsonl`` (grades) and
``gpu_telemetry_export.jsonl``. This reads the format of AIPerf 0.3 to 0.13, up to schema 1.4 of the totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.aiperf.gpu import READINGS, gpus_of
from wattbench.importers.aiperf.grades import GRADES, grades_of
from wattbench.importers.aiperf.prompts import Prompts
from wattbench.importers.aiperf.requests import ProfileRequests, answers_of
from wattbench.importers.aiperf.settings import Profile, profile_of
from wattbench.importers.aiperf.totals import summaries_of
from wattbench.importers.answer import Answer
from wattbench.importers.files import read_object, read_objects
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.importers.telemetry import Telemetry
from wattbench.records import SummaryRow

RECORDS, TOTALS, INPUTS = "profile_export.jsonl", "profile_export_aiperf.json", "inputs.json"


def looks_like(source: Path) -> bool:
    """Return whether a folder has the records, or a file is named as one of AIPerf's."""
    if source.is_dir():
        return (source / RECORDS).is_file() or (source / TOTALS).is_file()
    return source.name.endswith((RECORDS, TOTALS)) or (source.suffix == ".jsonl" and _is_record(source))


def _is_record(source: Path) -> bool:
    first = next(iter(read_objects(source)), None)
    return first is not None and {"metadata", "metrics"} <= set(first[1])


@dataclass
class _Profiles:
    """What is known of the profiles that were read so far."""

    files: list[Path] = field(default_factory=list)
    versions: dict[str, None] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    scenario: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    configs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    machines: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    telemetry: dict[str, Telemetry] = field(default_factory=dict)
    summaries: list[SummaryRow] = field(default_factory=list)


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some profiles, each of which becomes a system.

    A profile without records has what AIPerf states in its totals, and no answers.

    Args:
        sources: folders, or files of records.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is not one of AIPerf's, or is damaged.
    """
    seen = _Profiles()
    spool = Spool.of((answer for source in sources for answer in _profile(source, seen, len(sources) > 1)), scratch)
    return Imported(
        format="aiperf",
        version=", ".join(seen.versions) or None,
        files=tuple(seen.files),
        answers=spool,
        left_out=seen.left_out,
        scenario=seen.scenario,
        configs=seen.configs,
        machines=seen.machines,
        telemetry=seen.telemetry,
        summaries=seen.summaries,
    )


def _profile(source: Path, seen: _Profiles, several: bool) -> Iterator[Answer]:
    """Yield the answers of a profile, and take down what else is known of it."""
    records = _records(source)
    totals_path = records.with_name(TOTALS)
    totals = read_object(totals_path) if totals_path.is_file() else {}
    profile = profile_of(totals)
    name = _named(records, profile, seen, several)
    version = str(totals.get("aiperf_version") or "")
    if version:
        seen.versions[version] = None
    seen.scenario[name] = profile.load
    seen.configs[name] = _config(profile)
    seen.summaries += summaries_of(name, totals, totals_path.name)
    gpus = gpus_of(records.with_name(READINGS), profile.servers, version, seen.left_out)
    if gpus is not None:
        seen.telemetry[name] = gpus.telemetry
        seen.machines[name] = gpus.machine
    others = (totals_path, *(records.with_name(each) for each in (INPUTS, GRADES, READINGS)))
    seen.files += [path for path in (records, *others) if path.is_file()]
    if records.is_file():
        prompts, grades = Prompts(records.with_name(INPUTS)), grades_of(records.with_name(GRADES))
        yield from answers_of(ProfileRequests(name, records, prompts, grades), seen.left_out)


def _records(source: Path) -> Path:
    """Return the path of the records; they need not be there if the totals are."""
    path = source / RECORDS if source.is_dir() else source
    if path.name.endswith(TOTALS):
        path = path.with_name(RECORDS)
    if not path.is_file() and not path.with_name(TOTALS).is_file():
        raise UserError(f"{source}: there is no {RECORDS} and no {TOTALS}; this is no folder of AIPerf's artifacts")
    return path


def _named(records: Path, profile: Profile, seen: _Profiles, several: bool) -> str:
    name = profile.model or records.parent.resolve().name or "aiperf"
    name = f"{name} {profile.load_in_words}".strip() if several else name
    if name in seen.scenario:
        raise UserError(f"{records}: {name} at the same load was read from another source; import it separately")
    return name


def _config(profile: Profile) -> dict[str, Any]:
    known = {"model": profile.model, "base_url": ", ".join(profile.servers) or None}
    return {"engine": "aiperf"} | {key: value for key, value in known.items() if value} | dict(profile.sent)
