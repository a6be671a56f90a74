"""The power trace: every reading behind a window, in a CSV file that survives a kill."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UserError
from harness.meters.base import Meter, Reading

COLUMNS = (
    "at_s", "meter", "component", "energy_j", "power_w", "temperature_c", "notes", "provenance", "step_s",
)  # fmt: skip
"""One row per component and reading. `notes` are joined by `` | ``; those of a reading as a whole stand in the first
row of it. A component that could not be read has no figures, and the reason in `notes` after ``gap: ``."""

_GAP = "gap: "
_BETWEEN = " | "


class TraceWriter:
    """Appends readings to one trace. Each is with the operating system when `write` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        if self._file.tell() == 0:
            self._put([list(COLUMNS)])
        else:
            self._end_torn_line()

    def write(self, meter: Meter, reading: Reading) -> None:
        """Append one reading. It outlives a kill of this process; the disk may have it a little later."""
        notes = _BETWEEN.join(sorted(reading.notes))
        rows = []
        for component in meter.provenance:
            gap = reading.gaps.get(component)
            said = _BETWEEN.join(filter(None, ["" if gap is None else _GAP + gap, notes]))
            notes = ""
            rows.append(
                [
                    f"{reading.at_s:.7f}", meter.name, component,
                    _text(reading.energy_j.get(component)), _text(reading.power_w.get(component)),
                    _text(reading.temperature_c.get(component)), said,
                    meter.provenance[component], f"{meter.step_s[component]:g}",
                ]
            )  # fmt: skip
        self._put(rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _put(self, rows: list[list[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode())
        self._file.flush()

    def _end_torn_line(self) -> None:
        self._file.seek(-1, io.SEEK_END)
        if self._file.read(1) != b"\n":
            self._file.write(b"\n")


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


@dataclass
class Trace:
    """A trace, read back."""

    readings: list[tuple[str, Reading]] = field(default_factory=list)
    """Meter name and reading, in the order they were taken."""
    provenance: dict[str, str] = field(default_factory=dict)
    step_s: dict[str, float] = field(default_factory=dict)


def read_trace(path: Path) -> Trace:
    """Read a trace. A line that a kill left half-written is passed over.

    Raises:
        UserError: the file cannot be read, is no trace, or a figure in it is none: in which line and column.
    """
    trace = Trace()
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            table = csv.DictReader(file)
            if tuple(table.fieldnames or ()) != COLUMNS:
                raise UserError(f"{path}: not a power trace (its first line should be {','.join(COLUMNS)})")
            for line, rows in _by_reading(table):
                _take_in(trace, rows, f"{path}:{line}")
    except csv.Error as error:
        raise UserError(f"{path}: not a power trace ({error})") from error
    except OSError as error:
        raise UserError(f"{path}: cannot read the power trace ({error.strerror})") from error
    return trace


def figure(text: str, where: str, column: str) -> float:
    """A figure of a file that may be broken.

    Raises:
        UserError: it is none, or none that a meter would give.
    """
    try:
        number = float(text)
    except ValueError as error:
        raise UserError(f"{where}: {column}: {text[:40]!r} is not a number") from error
    if not math.isfinite(number) or (number < 0.0 and column in ("power_w", "step_s")):
        raise UserError(f"{where}: {column}: {text[:40]!r} is no figure of a meter")
    return number


def moment(text: str, where: str) -> float:
    """A time stamp of such a file: seconds since the epoch, or since anything else."""
    return figure(text, where, "at_s")


def _by_reading(table: csv.DictReader[str]) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Rows of one reading together, successive ones of the same moment and meter; with the line of the last."""
    rows: list[dict[str, str]] = []
    line = 0
    for row in table:
        if not row["step_s"]:  # the last column: a torn line has none
            continue
        if rows and (row["at_s"], row["meter"]) != (rows[0]["at_s"], rows[0]["meter"]):
            yield line, rows
            rows = []
        rows.append(row)
        line = table.line_num
    if rows:
        yield line, rows


def _take_in(trace: Trace, rows: list[dict[str, str]], where: str) -> None:
    energy_j, power_w, temperature_c = (
        {row["component"]: figure(row[column], where, column) for row in rows if row[column]} for column in COLUMNS[3:6]
    )
    notes: set[str] = set()
    gaps: dict[str, str] = {}
    for row in rows:
        trace.provenance[row["component"]] = row["provenance"]
        trace.step_s[row["component"]] = figure(row["step_s"], where, "step_s")
        for said in filter(None, row["notes"].split(_BETWEEN)):
            if said.startswith(_GAP):
                gaps[row["component"]] = said.removeprefix(_GAP)
            else:
                notes.add(said)
    reading = Reading(moment(rows[0]["at_s"], where), energy_j, power_w, temperature_c, frozenset(notes), gaps)
    trace.readings.append((rows[0]["meter"], reading))
