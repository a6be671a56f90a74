"""Read two pytest-benchmark files as evidence: each benchmark against the same one of the other file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import ABSENT, LABELS, Part, machine_parts, part
from wattbench.records.files.regular_file import read_regular
from wattbench_reports.comparability.explain import clauses, identity_differences
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.formatting.units import percent, plural
from wattbench_reports.gate.bounds import MetricEvidence
from wattbench_reports.gate.evidence.comparable import compare_fingerprints
from wattbench_reports.gate.evidence.missing import NOT_READ, no_joules_note, of_judged
from wattbench_reports.gate.evidence.model import Evidence, Pairs
from wattbench_reports.gate.evidence.paired_items import FIGURES, PairedItems
from wattbench_reports.gate.evidence.record_bounds import joules_over_scores, record_bounds
from wattbench_reports.gate.evidence.sessions import SessionNoise
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.registry import (
    ACCURACY,
    ENERGY,
    FURTHER_COLUMNS,
    JOULES_PER_CORRECT,
    METRICS,
    MONEY,
    PEAK_MEMORY,
    TTFT,
    computed_from,
)
from wattbench_reports.tables import provenance
from wattbench_reports.tables.labels import Labels

BATCHES = 20
"""Of rounds, where there are twice as many: 10 to 30 hold what is correlated and keep the degrees of freedom (B.
Schmeiser, "Batch size effects in the analysis of simulation output", Operations Research 30, 1982)."""
_LARGEST = 1e15
"""Of seconds and joules: what is larger was never measured. NaN is not smaller."""
_FURTHER = tuple(metric for column in FURTHER_COLUMNS for metric in computed_from(column))


def assumed_drift_note(share: float) -> str:
    """Say how much two processes are assumed to differ, as a file is of one process."""
    return (
        "Each file is of one process, and does not show how much two processes of one benchmark differ: "
        f"{percent(share)} is assumed (drift in the policy), and bounds are wider by it on both sides."
    )


def evidence_of_files(old: Path, new: Path, policy: Policy) -> Mapping[str, Evidence]:
    """Return the evidence of every benchmark of either file, by name; by full name where names are not unique.

    Its rounds are paired in the order in which they were run. Where the benchmark says how well it did, document by
    document, each of its rounds is over all documents, and accuracy is paired too.

    Args:
        old: the baseline's file, from ``pytest --benchmark-json``.
        new: the candidate's.
        policy: which metrics are judged, and what may differ.

    Raises:
        UserError: a file cannot be read, or is not pytest-benchmark's, or both are one.
    """
    if old.resolve() == new.resolve():
        raise UserError(f"{new}: was given twice; name the file of the baseline and that of the candidate")
    files = read_benchmarks(old), read_benchmarks(new)
    shown = (old.name, new.name) if old.name != new.name else (str(old), str(new))
    known = {name: one for each in reversed(files) for name, one in each.benchmarks.items()}
    order = dict.fromkeys(name for each in files for name in each.benchmarks)
    alike = Counter(one.name for one in known.values())
    return {
        name if alike[known[name].name] > 1 else known[name].name: _evidence(name, files, shown, policy)
        for name in order
    }


def _evidence(
    name: str, files: tuple[BenchmarkFile, BenchmarkFile], shown: tuple[str, str], policy: Policy
) -> Evidence:
    one, two = (each.benchmarks.get(name) for each in files)
    if one is None or two is None:
        here, there = shown if two is None else reversed(shown)
        why = "a removed benchmark cannot pass" if two is None else "there is nothing to judge it against"
        said = f"{name} is in {here} and not in {there}: {why}"
        _, missing = of_judged(policy, {}, dict.fromkeys(METRICS, said))
        return Evidence(*shown, rounds=(), in_turns=False, missing=missing)
    unscored, unread = _unscored(one, two), _unread(one, two)
    rounds, documents = _rounds(one, two, read=not unread), None if unscored else _documents(one, two)
    apart, notes = _apart(files, (one, two), shown, policy)
    number, bare = len(rounds), int(np.isnan(rounds.figures["energy_j"]).any(axis=1).sum())
    joule_notes = (no_joules_note(bare, number, "round", NOT_READ),) if not unread and 0 < bare < number else ()
    missing = (
        dict.fromkeys((PEAK_MEMORY, TTFT, *MONEY, *_FURTHER), "a pytest-benchmark file does not record it")
        | dict.fromkeys((ACCURACY, JOULES_PER_CORRECT) if unscored else (), unscored)
        | dict.fromkeys(ENERGY if unread or bare == number else (), unread or NOT_READ)
    )
    apart, missing = of_judged(policy, apart, missing)
    return Evidence(
        *shown,
        rounds=(),
        in_turns=False,
        measured=_measured(rounds, documents, policy.drift),
        items=len(rounds if documents is None else documents),
        provenance=("", "") if unread else (one.provenance, two.provenance),
        apart=apart,
        missing=missing,
        notes=(*notes, *_left_out(one, two, shown), *joule_notes),
    )


def _rounds(one: Benchmark, two: Benchmark, *, read: bool) -> PairedItems:
    """Pair the rounds of two benchmarks, in batches of consecutive rounds.

    What the machine did to one round it did to the next. Joules of a round that goes through documents are for one of
    the documents.
    """
    both = min(len(one.seconds), len(two.seconds))
    documents = max(len(one.scores) if one.scores is not None else 0, 1)
    joules = _paired(one.round_energy_j, two.round_energy_j, both) / documents if read else None
    rounds = _items(both, seconds=_paired(one.seconds, two.seconds, both), energy_j=joules)
    return replace(rounds, blocks=np.arange(both) * BATCHES // both) if both >= 2 * BATCHES else rounds


def _documents(one: Benchmark, two: Benchmark) -> PairedItems:
    """Pair the scores of two benchmarks, document by document."""
    scores = _paired(one.scores, two.scores)
    return _items(len(scores), correct=scores)


def _items(number: int, **figures: Pairs | None) -> PairedItems:
    nothing = np.full((number, 2), math.nan)
    known = {name: values for name, values in figures.items() if values is not None}
    return PairedItems(
        Labels(np.zeros(number, dtype=np.int64), ("",)), np.arange(number), dict.fromkeys(FIGURES, nothing) | known
    )


def _measured(rounds: PairedItems, documents: PairedItems | None, drift: float | None) -> dict[str, MetricEvidence]:
    """Bound the metrics of rounds and of documents, and joules per correct answer from both as independent samples."""
    assumed = SessionNoise(drift=drift or 0.0)
    measured = record_bounds(rounds, {}, dict.fromkeys(METRICS, assumed))
    if documents is not None:
        measured |= {ACCURACY: record_bounds(documents, {}, {})[ACCURACY]}
        per_correct = joules_over_scores(rounds, documents, assumed)
        measured |= {} if per_correct is None else {JOULES_PER_CORRECT: per_correct}
    return measured


def _paired(
    baseline: NDArray[np.float64] | None, candidate: NDArray[np.float64] | None, first: int | None = None
) -> Pairs:
    """Pair the first `first` values of baseline and candidate; None: all values."""
    assert baseline is not None and candidate is not None  # the caller has seen to it
    return np.stack([baseline[:first], candidate[:first]], axis=1)


def _unscored(one: Benchmark, two: Benchmark) -> str:
    """Explain why accuracy cannot be paired; empty where it can."""
    if one.scores is None or two.scores is None:
        if "accuracy" in one.extra or "accuracy" in two.extra:
            return f"accuracy is a single figure in extra_info, without the scores behind it{_run(two)}"
        return "a benchmark's file holds no scores"
    if not len(one.scores) or len(one.scores) != len(two.scores):
        return f"there are scores of {plural(len(one.scores), 'document')} and of {len(two.scores)}"
    return ""


def _unread(one: Benchmark, two: Benchmark) -> str:
    """Explain why joules cannot be paired; empty where they can."""
    for each in (one, two):
        if each.round_energy_j is None:
            if each.extra.get("energy_missing"):
                return str(each.extra["energy_missing"])
            if {"energy_j_per_request", "j_per_correct"} & {*each.extra}:
                return f"joules are single figures in extra_info, not recorded round by round{_run(two)}"
            return "a benchmark's file holds no joules"
        if len(each.round_energy_j) != len(each.seconds):
            return f"there are joules of {plural(len(each.round_energy_j), 'round')}, and {len(each.seconds)} rounds"
    return ""


def _run(two: Benchmark) -> str:
    run = two.extra.get("wattbench_run")
    return f". Its run can be judged instead: wattbench gate RUN {run}" if isinstance(run, str) and run else ""


def _left_out(one: Benchmark, two: Benchmark, shown: tuple[str, str]) -> tuple[str, ...]:
    more = len(one.seconds) - len(two.seconds)
    if not more:
        return ()
    return (f"{shown[0] if more > 0 else shown[1]} has {plural(abs(more), 'further round')}, left out.",)


def _apart(
    files: tuple[BenchmarkFile, BenchmarkFile],
    both: tuple[Benchmark, Benchmark],
    shown: tuple[str, str],
    policy: Policy,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return, by metric, why two benchmarks are not comparable, as far as the files record it; and notes."""
    prints = {
        name: Fingerprint("", name, dict.fromkeys(LABELS, Part()) | parts)
        for name, parts in zip(shown, _parts(files, both, shown), strict=True)
    }
    between = compare_fingerprints(prints, (), policy.may_differ)
    differ = identity_differences(*prints.values())
    changed = [one for one in differ if one.part in policy.may_differ]
    other = [one for one in differ if one.part not in policy.may_differ]
    notes = (*between.notes, *([f"Parts that may differ do: {clauses(changed, *shown)}."] if changed else []))
    if not other:
        return dict(between.apart), notes
    said = (
        f"{both[0].name} is not shown to be the same system in both: {clauses(other, *shown)}. If that is the "
        f"intended change: may_differ: [{', '.join(one.part for one in other)}] in the policy."
    )
    return {name: " ".join([*filter(None, [between.apart.get(name)]), said]) for name in METRICS}, notes


def _parts(
    files: tuple[BenchmarkFile, BenchmarkFile], both: tuple[Benchmark, Benchmark], shown: tuple[str, str]
) -> list[dict[str, Part]]:
    """Build the parts of both fingerprints. Facts of wattbench's plugin are parts where either file has any."""
    machines = [_block(each, "wattbench") for each in files]
    parts_of: list[dict[str, Part]] = []
    for file, one, machine, owner in zip(files, both, machines, shown, strict=True):
        parts = {
            "device": part(_device(file), owner),
            "scenario": part({"timer": one.timer}, owner),
            "meter": part(one.meters, owner) if one.round_energy_j is not None else Part(),
        }
        if any(each is not None for each in machines):
            known = machine_parts(machine or {}, owner)
            plain, more = parts["device"], known["device"]
            parts["device"] = Part((*plain.facts, *more.facts), plain.owner or more.owner)
            parts |= {name: known[name] for name in ("driver", "power_limit", "card")}
        if any(each.documents or each.scores is not None for each in both):
            parts["tasks"] = part({"documents": one.documents or ABSENT}, owner)
        if any("weights_sha256" in each.extra for each in both):
            weights = one.extra.get("weights_sha256")
            parts["weights"] = part({"SHA-256": ABSENT if weights is None else weights}, owner)
        parts_of.append(parts)
    return parts_of


def _block(file: BenchmarkFile, name: str) -> Mapping[str, object] | None:
    block = file.machine.get(name)
    return block if isinstance(block, Mapping) else None


def _device(file: BenchmarkFile) -> dict[str, object]:
    """Return the facts that pytest-benchmark itself records of a machine."""
    cpu = _block(file, "cpu")
    version = str(file.machine.get("python_version") or "").split(".")[:2]
    return {
        "processor": (cpu or {}).get("brand_raw") or ABSENT,
        "machine": file.machine.get("machine") or ABSENT,
        "Python": f"{file.machine.get('python_implementation')} {'.'.join(version)}" if any(version) else ABSENT,
    }


@dataclass(frozen=True)
class Benchmark:
    """One benchmark of a file."""

    fullname: str
    """With its file, unique."""
    name: str
    seconds: NDArray[np.float64]
    """Shape (rounds,), above 0, in the order in which they were run."""
    timer: str
    scores: NDArray[np.float64] | None
    """Shape (documents,), 0 to 1, where it says how well it did: each round is over all of them."""
    documents: str | None
    """A digest of which they are, in their order."""
    round_energy_j: NDArray[np.float64] | None
    """Shape (rounds,): NaN where a round was not metered."""
    meters: Mapping[str, str]
    """Component to the provenance of its joules; empty where that is not recorded."""
    extra: Mapping[str, Any]
    """`extra_info` as it is."""

    @property
    def provenance(self) -> str:
        """Return every provenance in the joules, joined."""
        return provenance.joined(self.meters.values())


@dataclass(frozen=True)
class BenchmarkFile:
    """A pytest-benchmark file."""

    path: Path
    machine: Mapping[str, Any]
    """`machine_info` as it is."""
    benchmarks: Mapping[str, Benchmark]
    """By full name, in the order of the file."""


def read_benchmarks(path: Path) -> BenchmarkFile:
    """Read a pytest-benchmark file.

    Raises:
        UserError: it cannot be read, is not pytest-benchmark's, or lacks the rounds.
    """
    try:
        raw = json.loads(read_regular(path))
    except (RecursionError, ValueError) as error:
        raise UserError(f"{path}: is not JSON ({error})") from error
    recorded = raw.get("benchmarks") if isinstance(raw, dict) else None
    if not isinstance(recorded, list) or not isinstance(raw.get("machine_info"), dict):
        raise UserError(f"{path}: is not a file of pytest-benchmark. Write one with: pytest --benchmark-json FILE")
    if not recorded:
        raise UserError(f"{path}: holds no benchmark; pytest-benchmark leaves out those that failed")
    benchmarks: dict[str, Benchmark] = {}
    for index, each in enumerate(recorded):
        one = _benchmark(each, f"{path}: benchmark {index + 1}")
        if one.fullname in benchmarks:
            raise UserError(f"{path}: holds {one.fullname} twice")
        benchmarks[one.fullname] = one
    return BenchmarkFile(path, raw["machine_info"], benchmarks)


def _benchmark(raw: Any, where: str) -> Benchmark:
    if not isinstance(raw, dict) or not isinstance(raw.get("fullname"), str):
        raise UserError(f"{where}: has no fullname; the file is damaged")
    where = f"{where} ({raw['fullname']})"
    stats, extra, options = (_mapping(raw, name, where) for name in ("stats", "extra_info", "options"))
    if "data" not in stats:
        raise UserError(
            f"{where}: has statistics, but not the rounds behind them. Write the file with: pytest --benchmark-json "
            "FILE, or pytest --benchmark-save NAME --benchmark-save-data"
        )
    seconds = _numbers(stats["data"], f"{where}: stats.data")
    if not len(seconds) or not (seconds > 0).all():
        raise UserError(f"{where}: stats.data has no rounds, or one of zero duration")
    scores = _numbers(extra["scores"], f"{where}: scores") if "scores" in extra else None
    if scores is not None and not ((scores >= 0) & (scores <= 1)).all():
        raise UserError(f"{where}: scores has a value that is not between 0 and 1")
    joules = extra.get("round_energy_j")
    energy_j = None if joules is None else _numbers(joules, f"{where}: round_energy_j", gaps=True)
    if energy_j is not None and (energy_j < 0).any():
        raise UserError(f"{where}: round_energy_j has a value below 0")
    documents = extra.get("documents")
    return Benchmark(
        fullname=raw["fullname"],
        name=str(raw.get("name") or raw["fullname"]),
        seconds=seconds,
        timer=str(options.get("timer")),
        scores=scores,
        documents=documents if isinstance(documents, str) else None,
        round_energy_j=energy_j,
        meters=_meters(extra.get("energy_provenance")),
        extra=extra,
    )


def _mapping(raw: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = raw.get(name, {})
    if not isinstance(value, dict):
        raise UserError(f"{where}: {name} is not an object; the file is damaged")
    return value


def _numbers(raw: Any, where: str, *, gaps: bool = False) -> NDArray[np.float64]:
    """Read a list of finite numbers; with `gaps` some may be null, which gives NaN."""
    if not isinstance(raw, list):
        raise UserError(f"{where} is not a list; the file is damaged")
    numbers = []
    for value in raw:
        if value is None and gaps:
            numbers.append(math.nan)
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
            numbers.append(float(value))
        else:
            raise UserError(f"{where} has {str(value)[:40]!r}, which is not a valid number")
    return np.array(numbers, dtype=np.float64)


def _meters(recorded: Any) -> dict[str, str]:
    """Read the provenance of joules by component, as wattbench's own benchmarks record it, or one word for all."""
    if isinstance(recorded, dict):
        return {str(component): str(how) for component, how in sorted(recorded.items())}
    return {"joules": recorded} if isinstance(recorded, str) and recorded else {}
