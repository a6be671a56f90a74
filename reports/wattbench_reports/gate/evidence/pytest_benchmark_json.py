"""Read what pytest-benchmark writes with ``--benchmark-json``: versions 4 and 5 have one form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_regular
from wattbench_reports.tables import provenance


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


_LARGEST = 1e15
"""Of seconds and joules: what is larger was never measured. NaN is not smaller."""


def _meters(recorded: Any) -> dict[str, str]:
    """Read the provenance of joules by component, as wattbench's own benchmarks record it, or one word for all."""
    if isinstance(recorded, dict):
        return {str(component): str(how) for component, how in sorted(recorded.items())}
    return {"joules": recorded} if isinstance(recorded, str) and recorded else {}
