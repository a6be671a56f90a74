"""Read a recorded power trace as figures per component: one that a run left, a plain CSV file, or a log of GPUs.

Read logs of the power of GPUs that other programs leave, to play them.

- ``nvidia-smi --query-gpu=timestamp,index,power.draw --format=csv -lms 100`` (any further columns, with units or
  ``nounits``, not ``noheader``): a row per GPU and moment, watts. ``[N/A]`` and other words are gaps. Stamps are local
  times without a zone: a recording plays by the differences between its moments, so that none has to be known; a clock
  that goes back, as where summer time ends, is refused.
- ``dcgmi dmon -e 155,156`` (DCGM 3 and 4): columns ``POWER`` in W and ``TOTEC``, which counts mJ. It writes no times:
  lines may begin with seconds since the epoch (``| ts %.s``), else they are taken to be a second apart, which is
  dcgmi's default (``-d 1000``). Entities other than whole GPUs are not read.
- Pages of dcgm-exporter, one after another, each after a line with the seconds since the epoch (``date +%s.%N``).
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from statistics import median
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.meters.base import Reading
from wattbench.meters.remote.exporters import EXPORTERS, PageError
from wattbench.meters.sampling.trace import read_trace
from wattbench.meters.windows.series import Point
from wattbench.records.files.regular_file import open_regular, record_lines
from wattbench.records.trace import COLUMNS, figure, moment

_WATTS = ("power.draw.instant", "power.draw", "power.draw.average")
"""Columns of nvidia-smi, the better first: the second may be a mean over a second."""
_IDENTITY = ("index", "uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id")
_STAMP = "%Y/%m/%d %H:%M:%S.%f"
_HEADER, GPU = "#Entity", re.compile(r"GPU (\d{1,4})(?:\s+|$)")
_LOG_COLUMNS = {"POWER": 1.0, "TOTEC": 1e-3, "TMPTR": 1.0}
"""Of dcgmi, fields 155, 156 and 150, and their factors to W, J and degrees Celsius."""
_INTERVAL_S = 1.0
_SECONDS = re.compile(r"(\d{9,11}(?:\.\d{1,9})?)(?:\s+|$)")
"""Since the epoch, at the beginning of a line."""
PAGE = ("# HELP ", "# TYPE ", "DCGM_FI_")

_Located = tuple[str, Reading]
"""``file:line``, and what was read there."""


def _readings_of(path: Path, lines: Iterable[str]) -> Iterator[_Located] | None:
    """Return the readings of a GPU log, each with its position; None if the file is no such log.

    Args:
        path: for messages.
        lines: of the file.

    Raises:
        UserError: on iterating, a line cannot be read: it is named.
    """
    numbered = ((f"{path}:{number}", line.strip()) for number, line in enumerate(lines, 1))
    every = ((where, line) for where, line in numbered if line)
    where, first = next(every, ("", ""))
    columns = [re.sub(r" *\[.*\]$", "", name.strip()) for name in first.split(",")]
    if columns[0] == "timestamp" and (power := next((name for name in _WATTS if name in columns), None)):
        return _of_nvidia_smi(every, columns, power)
    stamped = _SECONDS.match(first)
    rest = first[stamped.end() :] if stamped else first
    if rest.startswith(_HEADER):
        return _of_dcgmi(every, rest)
    if rest.startswith(PAGE) or (stamped and not rest):
        return _of_pages(path, [(where, first)], every)
    return None


def _of_nvidia_smi(rows: Iterator[tuple[str, str]], columns: list[str], power: str) -> Iterator[_Located]:
    identity = next((name for name in _IDENTITY if name in columns), None)
    gpus: dict[str, str] = {}
    torn: UserError | None = None
    for where, line in rows:
        if torn is not None:
            raise torn
        (fields,) = csv.reader([line], skipinitialspace=True)
        if fields[0] == "timestamp":
            continue  # of a program that was started again
        if len(fields) != len(columns):
            torn = UserError(f"{where}: {len(fields)} fields, and the first line has {len(columns)}")
            continue
        row = dict(zip(columns, fields, strict=True))
        try:
            at_s = datetime.strptime(row["timestamp"], _STAMP).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise UserError(f"{where}: {row['timestamp']!r:.60} is no time of nvidia-smi") from error
        known = "0" if identity is None else row[identity]
        gpu = gpus.setdefault(known, f"gpu{known if identity == 'index' and known.isdecimal() else len(gpus)}")
        yield where, _reading(gpu, at_s, {"POWER": row[power], "TMPTR": row.get("temperature.gpu", "")}, where)


def _of_dcgmi(rows: Iterator[tuple[str, str]], header: str) -> Iterator[_Located]:
    names = header.split()[1:]
    counts: dict[str, int] = {}
    for where, line in rows:
        stamped = _SECONDS.match(line)
        rest = line[stamped.end() :] if stamped else line
        if rest.startswith(_HEADER):
            names = rest.split()[1:]
        entity = GPU.match(rest)
        if entity is None:
            continue
        gpu, fields = f"gpu{int(entity[1])}", rest[entity.end() :].split()
        counts[gpu] = counts.get(gpu, -1) + 1
        at_s = float(stamped[1]) if stamped else counts[gpu] * _INTERVAL_S
        if len(fields) == len(names):  # or the program was ended within the line
            yield where, _reading(gpu, at_s, dict(zip(names, fields, strict=True)), where)


def _of_pages(path: Path, first: list[tuple[str, str]], rows: Iterator[tuple[str, str]]) -> Iterator[_Located]:
    at_s: float | None = None
    page: list[str] = []
    for where, line in (*first, *rows, (f"{path}", "")):
        stamped = _SECONDS.fullmatch(line)
        if line and stamped is None:
            page.append(line)
            continue
        if page and at_s is None:
            raise UserError(f"{path}: a page of an exporter says no time. Write one before each: date +%s.%N")
        if page and at_s is not None:
            try:
                figures = EXPORTERS["dcgm"]("\n".join(page).encode(), "")
            except PageError as error:
                raise UserError(f"{where}: the page before it cannot be read ({error})") from error
            joules = {gpu: each.energy_j for gpu, each in figures.parts.items() if each.energy_j is not None}
            watts = {gpu: each.power_w for gpu, each in figures.parts.items() if each.power_w is not None}
            yield where, Reading(at_s, joules, watts, gaps=dict(figures.unread))
        page, at_s = [], float(stamped[1]) if stamped else None


def _reading(gpu: str, at_s: float, fields: dict[str, str], where: str) -> Reading:
    """Build the reading of a GPU from a log's fields. Text in place of watts makes a gap."""
    figures = {name: _number(fields.get(name, ""), factor, where) for name, factor in _LOG_COLUMNS.items()}
    power_w, energy_j, heat_c = ({gpu: value} if value is not None else {} for value in figures.values())
    gaps = {} if power_w or energy_j else {gpu: f"{fields.get('POWER', ''):.40} in the place of a figure"}
    return Reading(at_s, energy_j, power_w, heat_c, gaps=gaps)


def _number(text: str, factor: float, where: str) -> float | None:
    """Return the number in a field, with or without a unit; None for a word."""
    try:
        number = float(text.partition(" ")[0] or "nan")
    except ValueError:
        return None
    if math.isnan(number):
        return None
    if not 0.0 <= number <= 1e18:
        raise UserError(f"{where}: {text.strip()!r:.60} is not a valid reading")
    return number * factor


PLAIN_COLUMNS = ("at_s", "component", "power_w", "energy_j", "temperature_c")
"""The first two, and one or both of the next; in any order."""
MOST_ROWS = 5_000_000
"""A week of four GPUs at 2 Hz. A longer file is not a power trace."""

_COMPONENT = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass
class Recorded:
    """The recording of one component, each list ordered in time, no moment twice."""

    step_s: float = 0.0
    """How coarsely in time its figures advance."""
    energy: list[Point] = field(default_factory=list)
    """Counts in joules; empty where only power was recorded."""
    power: list[Point] = field(default_factory=list)
    temperature: list[Point] = field(default_factory=list)
    gaps: list[tuple[float, str]] = field(default_factory=list)
    """When it could not be read, and why."""
    notes: list[tuple[float, frozenset[str]]] = field(default_factory=list)
    """For each reading, its notes: usually none."""

    def __post_init__(self) -> None:
        self.times_s = [at_s for at_s, _ in self.energy or self.power]
        """When its joules were read (or its power, if it has none)."""

    @property
    def first_s(self) -> float:
        """Return when the component was first read."""
        return self.times_s[0]

    @property
    def last_s(self) -> float:
        """Return when the component was last read."""
        return self.times_s[-1]

    @property
    def what(self) -> str:
        """Return in words what is recorded of the component: energy, power, or both."""
        return " and ".join(name for name, points in (("energy", self.energy), ("power", self.power)) if points)


def read_recording(path: Path) -> dict[str, Recorded]:
    """Read a recording.

    Raises:
        UserError: it cannot be read, is not a recording, or has an invalid figure; the message names line and column.
    """
    try:
        readings, step_s = _trace(path) if _first_line(path) == list(COLUMNS) else _other(path)
    except csv.Error as error:
        raise UserError(f"{path}: not a power trace ({error})") from error
    components = sorted({c for r in readings for c in (*r.energy_j, *r.power_w)})
    if not components:
        raise UserError(f"{path}: there is no figure in it")
    recording = {c: _recorded(c, components, readings, step_s) for c in components}
    for component, recorded in recording.items():
        if len(recorded.times_s) < 2:
            raise UserError(f"{path}: there is only one reading of {component}; at least two are needed")
    return recording


def _first_line(path: Path) -> list[str]:
    with open_regular(path) as file:
        return [name.strip() for name in next(csv.reader(_texts(file, path)), [])]


def _texts(file: BufferedReader, path: Path) -> Iterator[str]:
    for number, line in enumerate(record_lines(file, path)):
        yield line.decode("utf-8" if number else "utf-8-sig", "replace")


def _trace(path: Path) -> tuple[list[Reading], dict[str, float]]:
    trace = read_trace(path, named=True)
    return [reading for _, reading in trace.readings], trace.step_s


def _other(path: Path) -> tuple[list[Reading], dict[str, float]]:
    """Read a log of GPUs or a plain CSV file. Raise if a component's moments are not in order."""
    readings: list[Reading] = []
    times_s: dict[str, list[float]] = {}
    with open_regular(path) as file:
        log = _readings_of(path, _texts(file, path))
        if log is None:
            file.seek(0)
            log = _plain(path, csv.reader(_texts(file, path)))
        for where, reading in log:
            for component in {*reading.energy_j, *reading.power_w}:
                before_s = times_s.setdefault(component, [])
                if before_s and reading.at_s <= before_s[-1]:
                    raise UserError(f"{where}: at_s: not after the reading of {component} before it")
                before_s.append(reading.at_s)
            readings.append(reading)
            if len(readings) > MOST_ROWS:
                raise UserError(f"{path}: more than {MOST_ROWS:,} rows; keep only the part to be played")
    return readings, {component: _step_s(each) for component, each in times_s.items()}


def _plain(path: Path, rows: Any) -> Iterator[tuple[str, Reading]]:
    columns = [name.strip() for name in next(rows, [])]
    for name in columns:
        if name not in PLAIN_COLUMNS:
            raise UserError(f"{path}:1: not a power trace: unknown column {name!r}{nearest(name, PLAIN_COLUMNS)}")
    if not {"at_s", "component"} <= set(columns) or not {"power_w", "energy_j"} & set(columns):
        raise UserError(f"{path}:1: not a power trace: it needs at_s, component, and power_w or energy_j")
    for fields in rows:
        where = f"{path}:{rows.line_num}"
        if not fields:
            continue
        if len(fields) != len(columns):
            raise UserError(f"{where}: it does not have as many fields as the first line")
        yield where, _plain_row(dict(zip(columns, fields, strict=True)), where)


def _plain_row(row: dict[str, str], where: str) -> Reading:
    component = row["component"].strip()
    if not _COMPONENT.fullmatch(component):
        raise UserError(f"{where}: component: {component[:40]!r} is not a valid name, such as gpu0, cpu or wall")
    figures = {
        name: {component: figure(row[name], where, name)} if row.get(name, "").strip() else {}
        for name in ("energy_j", "power_w", "temperature_c")
    }
    at_s = moment(row["at_s"], where)
    if not figures["energy_j"] and not figures["power_w"]:
        raise UserError(f"{where}: neither power_w nor energy_j")
    return Reading(at_s, figures["energy_j"], figures["power_w"], figures["temperature_c"])


def _step_s(times_s: list[float]) -> float:
    return median([b - a for a, b in itertools.pairwise(times_s)] or [1.0])


def _recorded(component: str, components: list[str], readings: list[Reading], step_s: dict[str, float]) -> Recorded:
    own_readings = sorted(
        (r for r in readings if component in r.energy_j or component in r.power_w or component in r.gaps),
        key=lambda reading: reading.at_s,
    )
    return Recorded(
        step_s=step_s[component],
        energy=_points((r.at_s, r.energy_j[component]) for r in own_readings if component in r.energy_j),
        power=_points((r.at_s, r.power_w[component]) for r in own_readings if component in r.power_w),
        temperature=_points((r.at_s, r.temperature_c[component]) for r in own_readings if component in r.temperature_c),
        gaps=[(r.at_s, r.gaps[component]) for r in own_readings if component in r.gaps],
        notes=[(r.at_s, _own_notes(component, components, r.notes)) for r in own_readings],
    )


def _points(points: Iterable[Point]) -> list[Point]:
    return sorted(dict(points).items())  # of two of the same moment the later stands


def _own_notes(component: str, components: list[str], notes: frozenset[str]) -> frozenset[str]:
    """Return a reading's notes on one component, without those on its other components."""
    others = [other for other in components if other != component]
    return frozenset(note for note in notes if not any(note.startswith(f"{other}:") for other in others))
