"""Read logs of the power of GPUs that other programs leave, to play them.

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
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from wattbench.errors import UserError
from wattbench.meters.base import Reading
from wattbench.meters.remote.exporters import EXPORTERS
from wattbench.meters.remote.figures import PageError

WATTS = ("power.draw.instant", "power.draw", "power.draw.average")
"""Columns of nvidia-smi, the better first: the second may be a mean over a second."""
IDENTITY = ("index", "uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id")
STAMP = "%Y/%m/%d %H:%M:%S.%f"
HEADER, GPU = "#Entity", re.compile(r"GPU (\d{1,4})(?:\s+|$)")
COLUMNS = {"POWER": 1.0, "TOTEC": 1e-3, "TMPTR": 1.0}
"""Of dcgmi, fields 155, 156 and 150, and their factors to W, J and degrees Celsius."""
INTERVAL_S = 1.0
SECONDS = re.compile(r"(\d{9,11}(?:\.\d{1,9})?)(?:\s+|$)")
"""Since the epoch, at the beginning of a line."""
PAGE = ("# HELP ", "# TYPE ", "DCGM_FI_")

Located = tuple[str, Reading]
"""``file:line``, and what was read there."""


def readings_of(path: Path, lines: Iterable[str]) -> Iterator[Located] | None:
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
    if columns[0] == "timestamp" and (power := next((name for name in WATTS if name in columns), None)):
        return _of_nvidia_smi(every, columns, power)
    stamped = SECONDS.match(first)
    rest = first[stamped.end() :] if stamped else first
    if rest.startswith(HEADER):
        return _of_dcgmi(every, rest)
    if rest.startswith(PAGE) or (stamped and not rest):
        return _of_pages(path, [(where, first)], every)
    return None


def _of_nvidia_smi(rows: Iterator[tuple[str, str]], columns: list[str], power: str) -> Iterator[Located]:
    identity = next((name for name in IDENTITY if name in columns), None)
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
            at_s = datetime.strptime(row["timestamp"], STAMP).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise UserError(f"{where}: {row['timestamp']!r:.60} is no time of nvidia-smi") from error
        known = "0" if identity is None else row[identity]
        gpu = gpus.setdefault(known, f"gpu{known if identity == 'index' and known.isdecimal() else len(gpus)}")
        yield where, _reading(gpu, at_s, {"POWER": row[power], "TMPTR": row.get("temperature.gpu", "")}, where)


def _of_dcgmi(rows: Iterator[tuple[str, str]], header: str) -> Iterator[Located]:
    names = header.split()[1:]
    counts: dict[str, int] = {}
    for where, line in rows:
        stamped = SECONDS.match(line)
        rest = line[stamped.end() :] if stamped else line
        if rest.startswith(HEADER):
            names = rest.split()[1:]
        entity = GPU.match(rest)
        if entity is None:
            continue
        gpu, fields = f"gpu{int(entity[1])}", rest[entity.end() :].split()
        counts[gpu] = counts.get(gpu, -1) + 1
        at_s = float(stamped[1]) if stamped else counts[gpu] * INTERVAL_S
        if len(fields) == len(names):  # or the program was ended within the line
            yield where, _reading(gpu, at_s, dict(zip(names, fields, strict=True)), where)


def _of_pages(path: Path, first: list[tuple[str, str]], rows: Iterator[tuple[str, str]]) -> Iterator[Located]:
    at_s: float | None = None
    page: list[str] = []
    for where, line in (*first, *rows, (f"{path}", "")):
        stamped = SECONDS.fullmatch(line)
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
    figures = {name: _number(fields.get(name, ""), factor, where) for name, factor in COLUMNS.items()}
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
