"""Read a meter outside the machine or its operating system: a wall-power meter's log, IPMI, a rack's PDU."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import resource
import shlex
import signal
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any, BinaryIO, Self
from zoneinfo import ZoneInfo

from wattbench.clock import now_s
from wattbench.config import Command, CsvLog, ExternalSettings
from wattbench.config.meters.meter import JOULES, WATTS
from wattbench.errors import nearest
from wattbench.meters.base import COUNTER, INTEGRATED, AbsentError, MeterError, Reading
from wattbench.meters.followed import FollowedMeter
from wattbench.records.rows.components import at_host
from wattbench.redaction import hide, keep_secrets_of

_MOST_OUTPUT_BYTES = 1_000_000
"""Output of a command beyond this is ignored."""
_MOST_FILE_BYTES = 64 * 2**20
"""The largest file that it may write, its output included: one that prints without end fills no disk."""


class CommandSource:
    """Runs one command per reading."""

    def __init__(self, command: Command, component: str) -> None:
        self._command = command
        self._component = component
        keep_secrets_of({"run": command.run})
        self._argv = shlex.split(command.run)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def reads(self) -> str:
        """Return a text on what is read: power or energy, and the command."""
        return f"{'power' if self._command.power_unit else 'energy'} printed by {self._argv[0]}"

    def open(self) -> list[Reading]:
        """Run the command once, so that an error shows at once.

        Raises:
            MeterError: it gave no figure; the message says why.
        """
        return self.look()

    def look(self) -> list[Reading]:
        """Run the command, and return its figure with the time stamp of the middle of the run.

        Raises:
            MeterError: it gave none; the message says why.
        """
        asked_s = now_s()
        printed = self._run()
        at_s = (asked_s + now_s()) / 2.0
        command = self._command
        number = self._number(printed)
        if command.energy_unit is not None:
            return [Reading(at_s, {self._component: number * JOULES[command.energy_unit]})]
        assert command.power_unit is not None  # the suite was checked: one of the two
        return [Reading(at_s, power_w={self._component: number * WATTS[command.power_unit]})]

    def interrupt(self) -> None:
        """End the command if it is running. The reading that waits for it then fails."""
        self.close()

    def close(self) -> None:
        """End the command, if it is running."""
        process = self._process
        if process is not None:
            _end(process)

    def _run(self) -> str:
        """Run the command and return its output. Files collect it, as a process left behind could hold a pipe open."""
        name, timeout_s = self._argv[0], self._command.timeout_s
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
            try:
                self._process = process = subprocess.Popen(
                    self._argv,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=errors,
                    start_new_session=True,  # so that it can be ended with all that it starts
                    env={**os.environ, "LC_ALL": "C"},  # numbers with a point, words as its documentation has them
                )
            except OSError as error:
                raise MeterError(
                    f"{name} cannot be started ({error.strerror})", fix=f"check whether {name} is installed"
                ) from error
            if hasattr(resource, "prlimit"):  # Linux
                with suppress(ProcessLookupError, PermissionError):
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_MOST_FILE_BYTES, _MOST_FILE_BYTES))
            try:
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired as error:
                raise MeterError(f"{name} took longer than {timeout_s:g} s") from error
            finally:
                _end(process)
                self._process = None
            if code != 0:
                errors.seek(0)
                lines = errors.read(_MOST_OUTPUT_BYTES).decode("utf-8", errors="replace").strip().splitlines()
                raise MeterError(f"{name} failed (exit {code})" + (f": {hide(lines[-1])[:200]}" if lines else ""))
            printed.seek(0)
            return printed.read(_MOST_OUTPUT_BYTES).decode("utf-8", errors="replace")

    def _number(self, printed: str) -> float:
        name = self._argv[0]
        value = _matched(printed, self._command.pattern) if self._command.pattern is not None else None
        if self._command.json_path is not None:
            value = _in_json(printed, self._command.json_path)
        if value is None:
            shown = hide(" ".join(printed[:10_000].split()))[:80]
            where = self._command.pattern or self._command.json_path
            raise MeterError(f"{name} printed nothing at {where!r}: {shown!r}")
        try:
            number = float(value)
        except (OverflowError, TypeError, ValueError) as error:
            raise MeterError(f"{name} printed {hide(str(value))[:40]!r} where a number should be") from error
        if not math.isfinite(number) or number < 0.0:
            raise MeterError(f"{name} printed {number:g}, which is not a valid meter reading")
        return number


def _matched(printed: str, pattern: str) -> str | None:
    match = re.search(pattern, printed)
    if match is None:
        return None
    return match.group(1) if match.re.groups else match.group(0)


def _in_json(printed: str, path: str) -> Any:
    """Return the value at a path such as ``outlets.0.watts``; None if it is absent or no number."""
    try:
        at: Any = json.loads(printed)
    except (ValueError, RecursionError):
        return None
    for key in path.split("."):
        if isinstance(at, dict) and key in at:
            at = at[key]
        elif isinstance(at, list) and key.isdigit() and int(key) < len(at):
            at = at[int(key)]
        else:
            return None
    return None if isinstance(at, bool | dict | list) else at


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and every process that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


TAIL_BYTES = 65_536
"""How much of a log's end is read when a run begins: only its latest row is needed."""
_MOST_BYTES = 1_000_000
"""The most that is read at once, and the longest line that is accepted."""
_AHEAD_S = 0.5
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
            file.readline(_MOST_BYTES)  # from somewhere inside it
        return self.look()[-1:]

    def look(self) -> list[Reading]:
        """Return the new rows as readings. A row that cannot be read is a gap, with its reason.

        Raises:
            MeterError: the file has disappeared, or was replaced by one that lacks a column.
        """
        if self._replaced():
            self._begin()
        lines = (self._rest + self._opened().read(_MOST_BYTES)).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MOST_BYTES:
            self._rest = b""
            raise MeterError(f"{self._log.path}: a line of more than {_MOST_BYTES:,} bytes is not a row")
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
        head = self._file.readline(_MOST_BYTES).decode("utf-8-sig", errors="replace")
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
        if at_s > now_s() + _AHEAD_S:
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


_LOOK_EVERY_S = 0.2
"""How often a log is read, if it gets rows more rarely than that: the longest delay of a row."""


class ExternalMeter(FollowedMeter):
    """One component, read from a log or by a command."""

    Settings = ExternalSettings

    def __init__(self, settings: ExternalSettings) -> None:
        component = at_host(settings.component, settings.host)
        log, command = settings.csv, settings.command
        counted = log.energy is not None if log is not None else command is not None and command.energy_unit is not None
        source: CsvLogSource | CommandSource
        if log is not None:
            source, lag_s, look_every_s = CsvLogSource(log, component), settings.lag_s, _LOOK_EVERY_S
        else:
            assert command is not None  # the suite was checked: one of the two
            source, lag_s, look_every_s = CommandSource(command, component), command.timeout_s, settings.every_s
        super().__init__(
            source,
            name=f"external ({component})",
            provenance={component: COUNTER if counted else INTEGRATED},
            reads={component: source.reads},
            every_s=settings.every_s,
            look_every_s=min(settings.every_s, look_every_s),
            step_s=settings.every_s,
            lag_s=settings.every_s + lag_s,
        )
        self._component = component

    @classmethod
    def from_settings(cls, settings: ExternalSettings) -> Self:
        """Make the meter without reading the source."""
        return cls(settings)

    def late(self, readings: list[Reading]) -> list[Reading]:
        """Return a gap if even the newest reading came later than the suite allows; otherwise an empty list."""
        age_s = now_s() - max((reading.at_s for reading in readings if not reading.gaps), default=math.inf)
        if age_s <= self.lag_s:
            return []
        why = (
            f"its newest reading came {age_s:,.1f} s after its time stamp, and every_s and lag_s allow {self.lag_s:g} s"
            ": its clock is another, or it is written later; set timezone, offset_s or lag_s"
        )
        return [Reading(now_s(), gaps={self._component: why})]
