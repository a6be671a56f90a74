"""Read what LoadGen writes: its detail log, one `:::MLLOG {json}` per line, and its trace of every query.

Source: loadgen/logging.cc of github.com/mlcommons/inference.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.files.regular_file import MOST_TRACE_BYTES, read_record
from wattbench.records.rows.schema import LARGEST_INTEGER

DETAIL = "mlperf_log_detail.txt"
TRACE = "mlperf_log_trace.json"
_MARK = ":::MLLOG "
_KEPT = ("result_", "early_stopping", "num_errors", "num_warnings", "generated_query")


@dataclass(frozen=True)
class Detail:
    """The detail log of a run."""

    version: str
    valid: bool
    results: Mapping[str, Any]
    """Its results and the checks behind its verdict, keyed as in the log."""
    errors: tuple[str, ...]
    """Its logged errors."""

    def figure(self, key: str) -> float | None:
        """Return the number under a key of the results; None without one."""
        value = self.results.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def met(self, key: str) -> bool:
        """Return whether a check has passed."""
        return self.results.get(key) is True


@dataclass(frozen=True)
class Arrival:
    """One query in the trace. Times are seconds since LoadGen's own beginning."""

    index: int
    due_s: float
    issued_s: float
    latency_s: float
    """From when it was due until it was completed."""


def read_detail(folder: Path) -> Detail:
    """Read the detail log in a folder.

    Raises:
        UserError: it is missing, or does not end in a verdict.
    """
    path = folder / DETAIL
    entries: dict[str, Any] = {}
    errors = []
    for line in _lines(path):
        if not line.startswith(_MARK):
            continue
        entry = _parsed(line.removeprefix(_MARK))
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            continue  # a commit message of its own holds line breaks in some builds
        entries[entry["key"]] = entry.get("value")
        metadata = entry.get("metadata")
        if isinstance(metadata, dict) and metadata.get("is_error") is True:
            errors.append(str(entry.get("value")))
    if entries.get("result_validity") not in ("VALID", "INVALID"):
        raise UserError(f"{path}: LoadGen left no verdict (result_validity); its run did not end normally")
    results = {key: value for key, value in entries.items() if key.startswith(_KEPT) and _storable(value)}
    return Detail(
        version=str(entries.get("loadgen_version", "")).partition(" ")[0],
        valid=entries["result_validity"] == "VALID",
        results=results,
        errors=tuple(dict.fromkeys(errors)),
    )


def read_trace(folder: Path) -> list[Arrival]:
    """Return every query in the trace of a folder, in the order in which they were issued.

    Raises:
        UserError: it is missing or damaged.
    """
    path = folder / TRACE
    arrivals: dict[int, Arrival] = {}
    for line in _lines(path):
        if not line.startswith('{"name":"Sample","cat"') or '"ph":"b"' not in line:
            continue
        entry = _parsed(line.rstrip().rstrip(","))
        try:
            arguments = entry["args"]
            due_s = float(entry["ts"]) * 1e-6
            arrivals[int(arguments["sample_seq"])] = Arrival(
                int(arguments["sample_idx"]),
                due_s,
                due_s + float(arguments["issue_start_ns"]) * 1e-9,
                float(arguments["complete_ns"]) * 1e-9,
            )
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise UserError(f"{path}: LoadGen's trace is damaged at {line[:120]!r}") from error
    if sorted(arrivals) != list(range(len(arrivals))):
        raise UserError(f"{path}: LoadGen's trace has lost queries; is the disk full?")
    return [arrivals[number] for number in range(len(arrivals))]


def _storable(value: Any) -> bool:
    """Return whether a record can hold a value: a text or a finite number."""
    if isinstance(value, int):
        return abs(value) <= LARGEST_INTEGER
    return isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))


def _lines(path: Path) -> list[str]:
    return read_record(path, MOST_TRACE_BYTES).decode(errors="replace").splitlines()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
