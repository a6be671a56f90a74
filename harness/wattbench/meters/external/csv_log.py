"""Follow a meter's log: rows of a growing CSV file, as readings with the log's own stamps."""

from __future__ import annotations

import csv
import math
import os
from datetime import UTC, datetime, tzinfo
from typing import BinaryIO
from zoneinfo import ZoneInfo

from wattbench.clock import now_s
from wattbench.config import CsvLog
from wattbench.config.meters.meter import JOULES, WATTS
from wattbench.errors import nearest
from wattbench.meters.base import AbsentError, MeterError, Reading
from wattbench.redaction import hide

TAIL_BYTES = 65_536
"""How much of a log's end is read when a run begins: only its latest row is needed."""
MOST_BYTES = 1_000_000
"""The most that is read at once, and the longest line that is accepted."""
AHEAD_S = 0.5
"""A row that is further in the future shows that the two clocks differ. A stamp that is rounded to whole seconds may be
as far ahead."""


class CsvLogSource:
    """A meter's log that is followed. An incomplete last line is left for the next reading."""

    def __init__(self, log: CsvLog, component: str) -> None:
        self._log = log
        self._component = component
        self._zone: tzinfo | None = None if log.timezone is None else ZoneInfo(log.timezone)
        self._file: BinaryIO | None = None
        self._columns: list[str] = []
        self._rest = b""
        self._latest_s = -math.inf

    @property
    def reads(self) -> str:
        """Return a text on what is read."""
        columns = [column for column in (self._log.energy, self._log.power) if column is not None]
        return f"{' and '.join(columns)} in {self._log.path.name}"

    def open(self) -> list[Reading]:
        """Open the log, find its columns, and return its latest row as a reading.

        Raises:
            MeterError: there is no such file, or it lacks a column.
        """
        self._begin()
        file = self._opened()
        start = max(file.tell(), os.fstat(file.fileno()).st_size - TAIL_BYTES)
        if start > file.tell():
            file.seek(start)
            file.readline(MOST_BYTES)  # from somewhere inside it
        return self.look()[-1:]

    def look(self) -> list[Reading]:
        """Return the new rows as readings. A row that cannot be read is a gap, with its reason.

        Raises:
            MeterError: the file has disappeared, or was replaced by one that lacks a column.
        """
        if self._replaced():
            self._begin()
        lines = (self._rest + self._opened().read(MOST_BYTES)).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MOST_BYTES:
            self._rest = b""
            raise MeterError(f"{self._log.path}: a line of more than {MOST_BYTES:,} bytes is not a row")
        texts = [line.decode("utf-8", errors="replace").strip("\r\0 ") for line in lines]
        return [self._reading(text) for text in texts if text]

    def interrupt(self) -> None:
        """Do nothing: reading a file does not wait."""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        assert self._file is not None  # only ever called between open and close
        return self._file

    def _begin(self) -> None:
        """Open the file again, and read its first line."""
        self.close()
        path, log = self._log.path, self._log
        try:
            self._file = path.open("rb")
        except FileNotFoundError as error:
            raise AbsentError(f"{path}: no such file; start the meter's log first") from error
        except OSError as error:
            raise MeterError(f"{path}: cannot be read ({error.strerror})") from error
        head = self._file.readline(MOST_BYTES).decode("utf-8-sig", errors="replace")
        try:
            self._columns = [name.strip() for name in next(csv.reader([head], delimiter=log.delimiter), [])]
        except csv.Error as error:
            raise MeterError(f"{path}:1: not a line of CSV ({error})") from error
        for wanted in (log.time, log.power, log.energy):
            if wanted is not None and wanted not in self._columns:
                raise MeterError(f"{path}:1: no column {wanted!r}{nearest(wanted, self._columns)}")
        self._rest = b""

    def _replaced(self) -> bool:
        """Return whether the log was rotated: the path is now another file, or the file was truncated."""
        try:
            there = self._log.path.stat()
        except OSError as error:
            raise MeterError(f"{self._log.path}: has disappeared ({error.strerror})") from error
        file = self._opened()
        opened = os.fstat(file.fileno())
        return (there.st_dev, there.st_ino) != (opened.st_dev, opened.st_ino) or there.st_size < file.tell()

    def _reading(self, line: str) -> Reading:
        try:
            return self._parsed(line)
        except (ValueError, OverflowError, csv.Error) as error:
            line = hide(line)
            shown = line if len(line) <= 60 else line[:57] + "..."
            why = f"{self._log.path.name}: the row {shown!r} cannot be read: {error}"
            return Reading(now_s(), gaps={self._component: why})

    def _parsed(self, line: str) -> Reading:
        log = self._log
        (row,) = csv.reader([line], delimiter=log.delimiter, strict=True)
        if len(row) != len(self._columns):
            raise ValueError(f"it has {len(row)} fields, the first line {len(self._columns)}")
        fields = dict(zip(self._columns, row, strict=True))
        at_s = self._stamp_s(fields[log.time].strip()) + log.offset_s
        if at_s > now_s() + AHEAD_S:
            raise ValueError(f"it is {at_s - now_s():,.1f} s in the future; set timezone or offset_s")
        if at_s <= self._latest_s:
            raise ValueError("its time is not after that of the previous row")
        energy_j, power_w = {}, {}
        if log.energy is not None:
            energy_j[self._component] = self._number(fields[log.energy]) * JOULES[log.energy_unit]
        if log.power is not None:
            power_w[self._component] = self._number(fields[log.power]) * WATTS[log.power_unit]
        self._latest_s = at_s
        return Reading(at_s, energy_j, power_w)

    def _number(self, text: str) -> float:
        number = float(text.replace(",", ".") if self._log.decimal == "," else text)
        if not math.isfinite(number) or number < 0.0:
            raise ValueError(f"{text.strip()!r} is not a valid meter reading")
        return number

    def _stamp_s(self, text: str) -> float:
        if self._log.time_format in ("epoch_s", "epoch_ms"):
            stamp_s = float(text) / (1000.0 if self._log.time_format == "epoch_ms" else 1.0)
            if not math.isfinite(stamp_s):
                raise ValueError(f"{text!r} is not a time")
            return stamp_s
        if self._log.time_format == "iso":
            stamp = datetime.fromisoformat(text)
        else:
            stamp = datetime.strptime(text, self._log.time_format)
        if stamp.tzinfo is not None:
            return stamp.astimezone(UTC).timestamp()
        # The hour that the clock repeats when summer time ends: the one that is now.
        both_s = [stamp.replace(tzinfo=self._zone, fold=fold).timestamp() for fold in (0, 1)]
        return min(both_s, key=lambda each_s: abs(each_s + self._log.offset_s - now_s()))
