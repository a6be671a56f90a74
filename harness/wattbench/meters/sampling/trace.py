"""Write and read the power trace: every reading behind a window, in a CSV file that survives a kill."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wattbench.meters.base import Reading
from wattbench.records.files.csv_text import csv_lines
from wattbench.records.files.regular_file import open_to_append
from wattbench.records.trace import BETWEEN, COLUMNS, GAP, TraceRow, trace_rows


class TracedMeter(Protocol):
    """The facts of a meter that a trace records."""

    @property
    def name(self) -> str:
        """As `Meter.name`."""
        ...

    @property
    def provenance(self) -> Mapping[str, str]:
        """As `Meter.provenance`."""
        ...

    @property
    def step_s(self) -> Mapping[str, float]:
        """As `Meter.step_s`."""
        ...


class TraceWriter:
    """Appends readings to one trace: each is with the operating system when `write` returns, on disk after `sync`."""

    def __init__(self, path: Path) -> None:
        """Open a trace, and end a line that a kill left incomplete.

        Raises:
            UserError: the file cannot be opened, or is none that can be appended to.
            OSError: it cannot be written.
        """
        self.path = path
        self._file = open_to_append(path)  # a buffer would keep what a full disk refused
        if self._has_first_line():
            self._end_torn_line()
        else:
            self._put([list(COLUMNS)])

    def write(self, meter: TracedMeter, reading: Reading) -> None:
        """Append one reading. It survives a kill of this process; it reaches the disk with the next `sync`."""
        notes = BETWEEN.join(sorted(reading.notes))
        rows = []
        for component in meter.provenance:
            gap = reading.gaps.get(component)
            said = BETWEEN.join(filter(None, ["" if gap is None else GAP + gap, notes]))
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

    def sync(self) -> None:
        """Wait until the disk has all that was written.

        Raises:
            OSError: the disk does not take it.
        """
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, once the disk has it.

        Raises:
            OSError: the disk does not take it.
        """
        try:
            self.sync()
        finally:
            self._file.close()

    def _put(self, rows: list[list[str]]) -> None:
        rest = memoryview(csv_lines(rows).encode())
        while rest:
            rest = rest[self._file.write(rest) :]

    def _has_first_line(self) -> bool:
        """Return whether the file has its first line. Cut off an incomplete first line, as of a full disk."""
        size = self._file.seek(0, io.SEEK_END)
        whole = csv_lines([list(COLUMNS)]).encode()
        first = os.pread(self._file.fileno(), len(whole), 0)
        if size >= len(whole) or first != whole[:size]:  # of something else nothing is cut off: its readers name it
            return True
        self._file.truncate(0)
        return False

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


def read_trace(path: Path, *, named: bool = False) -> Trace:
    """Read a trace. A line that a kill left incomplete is skipped.

    Args:
        path: of the file.
        named: a person named it: it may be a link.

    Raises:
        UserError: the file cannot be read, is no trace, or a figure in it is none: in which line and column.
    """
    trace = Trace()
    for rows in _by_reading(trace_rows(path, named=named)):
        _take_in(trace, rows)
    return trace


def _by_reading(rows: Iterable[TraceRow]) -> Iterator[list[TraceRow]]:
    """Group successive rows of the same moment and meter: yield the rows of each reading."""
    together: list[TraceRow] = []
    for row in rows:
        if together and (row.at_s, row.meter) != (together[0].at_s, together[0].meter):
            yield together
            together = []
        together.append(row)
    if together:
        yield together


def _take_in(trace: Trace, rows: list[TraceRow]) -> None:
    for row in rows:
        trace.provenance[row.component] = row.provenance
        trace.step_s[row.component] = row.step_s
    reading = Reading(
        rows[0].at_s,
        {row.component: row.energy_j for row in rows if row.energy_j is not None},
        {row.component: row.power_w for row in rows if row.power_w is not None},
        {row.component: row.temperature_c for row in rows if row.temperature_c is not None},
        frozenset(note for row in rows for note in row.notes),
        {row.component: row.gap for row in rows if row.gap is not None},
    )
    trace.readings.append((rows[0].meter, reading))
