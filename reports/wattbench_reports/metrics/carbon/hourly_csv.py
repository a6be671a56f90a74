"""Read a grid's hourly intensity from a CSV file, which may be anyone's.

The two columns are found by name: those of Electricity Maps' exports, the interval of ENTSO-E's Transparency Platform,
or plain ``time`` and ``g_per_kwh``. Others are ignored.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import unmarked
from wattbench.records.files.regular_file import read_regular
from wattbench_reports.metrics.carbon.hourly_intensity import HOUR_S, HourlyIntensity

MAX_BYTES = 50_000_000
"""Five-minute values of a year are a third of this."""
MAX_G_PER_KWH = 5_000.0
"""No grid is near: coal is at about 1,000. More is another unit."""

TIME_COLUMNS = ("time", "datetime", "timestamp", "utc time", "time_utc", "datetime_utc", "timestamp_utc", "mtu")
"""Without case, and without a ``(UTC)`` behind them."""
INTENSITY_COLUMNS = (
    "g_per_kwh",
    "intensity_g_per_kwh",
    "carbon intensity gco2eq/kwh (life cycle)",
    "carbon intensity gco2eq/kwh (lca)",
    "carbon intensity gco2eq/kwh",
    "carbon_intensity_gco2eq_per_kwh",
    "carbon_intensity_gco2_per_kwh",
    "carbon intensity gco2eq/kwh (direct)",
)
"""Without case, with ``₂`` as ``2``; the first of them that a file has. All name grams: a bare ``carbon_intensity`` may
be kilograms. Life cycle comes before direct, as fuel and plants are part of what a kWh costs."""

_ENTSOE = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")
_WANTED = "'time' and 'g_per_kwh', or 'Datetime (UTC)' and 'Carbon intensity gCO₂eq/kWh (Life cycle)'"


class HourlyFileError(UserError):
    """A file of hourly intensities cannot be used: which, where in it, and what to do."""


def read_hourly(path: Path) -> HourlyIntensity:
    """Read a file. Each row covers the time until the next, and an hour at most; rows may come in any order.

    A row without a figure covers nothing. Times need a zone (``2026-01-02T03:00Z``), unless their column says UTC.

    Raises:
        HourlyFileError: it is missing, too large, no CSV, lacks a column, or has a time or figure that is none.
    """
    raw = _bytes(path)
    try:
        text = unmarked(raw).decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise HourlyFileError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from error
    rows = _rows(path, text)
    _, header = next(rows, (1, []))
    time_at, figure_at = _columns(path, header)
    says_utc = "utc" in header[time_at].casefold()
    hours: dict[int, tuple[int, float]] = {}
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(time_at, figure_at):
            raise HourlyFileError(
                f"{path}:{line}: only {len(row)} of {len(header)} columns; is the file cut off, or a quote left open?"
            )
        start_s = _time(f"{path}:{line}: column {header[time_at]!r}", row[time_at], says_utc=says_utc)
        if start_s in hours:
            raise HourlyFileError(f"{path}:{line}: {row[time_at].strip()!r} is on line {hours[start_s][0]} already")
        hours[start_s] = line, _figure(f"{path}:{line}: column {header[figure_at]!r}", row[figure_at])
    return _slots(path, header[figure_at].strip(), hashlib.sha256(raw).hexdigest(), hours)


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES)
    except UserError as error:
        raise HourlyFileError(str(error)) from error


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row and the line on which it ends. Spreadsheets of half the world write semicolons."""
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise HourlyFileError(f"{path}:{reader.line_num}: not valid CSV ({error})") from error


def _columns(path: Path, header: Sequence[str]) -> tuple[int, int]:
    names = [" ".join(name.casefold().replace("₂", "2").split()) for name in header]
    times = [name.replace("(utc)", "").strip() for name in names]
    time_at = next((times.index(name) for name in TIME_COLUMNS if name in times), None)
    figure_at = next((names.index(name) for name in INTENSITY_COLUMNS if name in names), None)
    if time_at is None or figure_at is None:
        lacks = " and ".join(
            part for part, at in (("a time", time_at), ("an intensity in grams per kWh", figure_at)) if at is None
        )
        held = ", ".join(repr(name.strip()[:60]) for name in header[:12]) or "nothing"
        more = ", ..." if len(header) > 12 else ""
        raise HourlyFileError(f"{path}:1: no column for {lacks}. Found: {held}{more}. Wanted: {_WANTED}")
    return time_at, figure_at


def _time(where: str, cell: str, *, says_utc: bool) -> int:
    """Return seconds since the Unix epoch; of an interval (``01/01/2025 00:00 - 01/01/2025 01:00``), its start."""
    text = cell.strip()
    moment = _moment(text.partition(" - ")[0].strip())
    if moment is None:
        raise HourlyFileError(f"{where}: {text[:60]!r} is not a time; write it as 2026-01-02T03:00Z")
    if moment.tzinfo is None:
        if not says_utc:
            raise HourlyFileError(
                f"{where}: {text[:60]!r} has no zone. Write it as 2026-01-02T03:00Z or 2026-01-02T04:00+01:00; or, if "
                "the times are UTC, say so in the column's name: 'time (UTC)'"
            )
        moment = moment.replace(tzinfo=UTC)
    return math.floor((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _ENTSOE:
        try:
            return datetime.strptime(text, form)  # the caller gives it the zone that its column names
        except ValueError:
            continue
    return None


def _figure(where: str, cell: str) -> float:
    """Return grams per kWh; NaN where there is none."""
    text = cell.strip()
    if not text:
        return math.nan
    try:
        figure = float(text)
    except ValueError:
        raise HourlyFileError(
            f"{where}: {text[:60]!r} is not a number; write grams as 123.4, or nothing where there is none"
        ) from None
    if not 0 <= figure <= MAX_G_PER_KWH:
        raise HourlyFileError(
            f"{where}: {text[:60]} is no intensity of a grid in grams per kWh (0 to {MAX_G_PER_KWH:,.0f})"
        )
    return figure


def _slots(path: Path, column: str, sha256: str, hours: dict[int, tuple[int, float]]) -> HourlyIntensity:
    starts_s = sorted(hours)
    if not starts_s:
        raise HourlyFileError(f"{path}: the file holds no hours, only its header")
    step_s = min([HOUR_S, *(later - sooner for sooner, later in pairwise(starts_s))])
    for start_s in starts_s:
        if (start_s - starts_s[0]) % step_s:
            raise HourlyFileError(
                f"{path}:{hours[start_s][0]}: this row does not lie on the file's grid of {step_s / 60:g} minutes; "
                "give every row the same length, an hour or less"
            )
    figures = np.array([hours[start_s][1] for start_s in starts_s])
    kept = np.isfinite(figures)
    if not kept.any():
        raise HourlyFileError(f"{path}: the column {column!r} is empty")
    starts = np.array(starts_s, dtype=np.int64)[kept]
    return HourlyIntensity(
        file=path.name,
        column=column,
        sha256=sha256,
        step_s=step_s,
        covers_s=(int(starts[0]), int(starts[-1]) + step_s),
        starts_s=starts,
        slot_g_per_kwh=figures[kept],
    )
