"""Read a recorded power trace as figures per component: one that a run left, a plain CSV file, or a log of GPUs."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from statistics import median
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.meters.base import Reading
from wattbench.meters.replay.gpu_logs import readings_of
from wattbench.meters.sampling.trace import read_trace
from wattbench.meters.windows.integral import Point
from wattbench.records.files.regular_file import open_regular, record_lines
from wattbench.records.trace import COLUMNS, figure, moment

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
        log = readings_of(path, _texts(file, path))
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
