"""Read the rows of a power trace from disk."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.files.regular_file import MOST_TRACE_BYTES, open_record, open_regular, record_lines

COLUMNS = (
    "at_s", "meter", "component", "energy_j", "power_w", "temperature_c", "notes", "provenance", "step_s",
)  # fmt: skip
"""One row per component and reading. `notes` are joined by `` | ``; those of a complete reading are in its first row. A
component that could not be read has no figures, and the reason in `notes` after ``gap: ``."""

GAP = "gap: "
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One component in one reading."""

    line: int
    """Of the file."""
    at_s: float
    meter: str
    component: str
    energy_j: float | None
    """Joules counted so far, from an arbitrary start; None if the meter counts none. The next two likewise."""
    power_w: float | None
    temperature_c: float | None
    notes: tuple[str, ...]
    gap: str | None
    """Why it could not be read this time."""
    provenance: str
    step_s: float
    """How coarsely in time its figures advance."""


def trace_rows(path: Path, *, named: bool = False) -> Iterator[TraceRow]:
    """Yield the rows of a trace, as they were written. A line that a kill left incomplete is skipped.

    Args:
        path: of the file.
        named: a person named it: it may be a link, and have any size.

    Raises:
        UserError: the file cannot be read, is no trace, or a figure in it is none: in which line and column.
    """
    try:
        with open_regular(path) if named else open_record(path, MOST_TRACE_BYTES) as file:
            table = csv.reader(line.decode(errors="replace") for line in record_lines(file, path))
            if tuple(next(table, ())) != COLUMNS:
                raise UserError(f"{path}: not a power trace (its first line should be {','.join(COLUMNS)})")
            for fields in table:
                if len(fields) >= len(COLUMNS) and fields[-1]:  # a torn line lacks the last column
                    yield _row(fields, table.line_num, path)
    except csv.Error as error:
        raise UserError(f"{path}: not a power trace ({error})") from error


def figure(text: str, where: str, column: str) -> float:
    """Return a number from a file that may be damaged.

    Raises:
        UserError: it is none, or none that a meter would give.
    """
    try:
        number = float(text)
    except ValueError as error:
        raise UserError(f"{where}: {column}: {text[:40]!r} is not a number") from error
    if not math.isfinite(number) or (number < 0.0 and column in ("power_w", "step_s")):
        raise UserError(f"{where}: {column}: {text[:40]!r} is not a valid meter reading")
    return number


def moment(text: str, where: str) -> float:
    """Return a time stamp from a file that may be damaged, in seconds since the epoch or another moment."""
    return figure(text, where, "at_s")


def _row(fields: list[str], line: int, path: Path) -> TraceRow:
    where = f"{path}:{line}"
    at_s, meter, component, energy_j, power_w, temperature_c, said, provenance, step_s = fields[: len(COLUMNS)]
    parts = [part for part in said.split(BETWEEN) if part] if said else []
    gaps = [part.removeprefix(GAP) for part in parts if part.startswith(GAP)]
    return TraceRow(
        line=line,
        at_s=moment(at_s, where),
        meter=meter,
        component=component,
        energy_j=figure(energy_j, where, "energy_j") if energy_j else None,
        power_w=figure(power_w, where, "power_w") if power_w else None,
        temperature_c=figure(temperature_c, where, "temperature_c") if temperature_c else None,
        notes=tuple(part for part in parts if not part.startswith(GAP)),
        gap=gaps[-1] if gaps else None,
        provenance=provenance,
        step_s=figure(step_s, where, "step_s"),
    )
