"""Draw a series as a small chart, as paths that the template writes out.

Made of a few path strings rather than by matplotlib, which takes thirty times as long, and a site of a year has
hundreds of them. Colours are the page's.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from wattbench_reports.history import is_worse
from wattbench_reports.metrics.registry import ACCURACY
from wattbench_reports.site import words
from wattbench_reports.site.series import Level, Numbers, TrendSeries

_LEAST_SPAN = 0.2
"""A chart spans at least this share of its figures' size, so that noise does not look like a change."""
_LEAST_SPAN_POINTS = 0.1
_MARGIN = 0.06
_FEW = 60
"""Up to this many nights, each has a dot."""
_LABEL_ROOM = 58.0
"""The distance between two labels of breaks, so that they do not overlap."""


@dataclass(frozen=True)
class Box:
    """Where the figures are drawn, in units of the drawing; y grows downwards."""

    left: float
    right: float
    top: float
    bottom: float


SMALL = Box(44.0, 258.0, 14.0, 118.0)
SPARK = Box(3.0, 117.0, 4.0, 26.0)


@dataclass(frozen=True)
class Tick:
    """A position on an axis, and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A change point or a break in the drawing."""

    x: float
    y: float
    text: str
    """Empty if there is no room for it."""
    worse: bool = False


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG path data; an empty path draws nothing."""

    box: Box
    line: str
    dots: str
    band: str
    gaps: str
    levels: str
    reference: str
    changes: tuple[Mark, ...]
    breaks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def chart(series: TrendSeries, box: Box = SMALL) -> Chart | None:
    """Draw a series; None with figures of fewer than two nights."""
    if series.nights < 2:
        return None
    scale = _Scale.of(series, box)
    small = box is SMALL
    pieces = [piece for stretch in series.stretches for piece in _pieces(series.values, stretch)]
    return Chart(
        box=box,
        line=" ".join(scale.line(piece, series.values) for piece in pieces),
        dots=_dots(scale, pieces, series) if small else "",
        band=_band(scale, pieces, series) if small else "",
        gaps=_gaps(scale, series),
        levels=" ".join(_steps(scale, levels) for levels in series.levels) if small else "",
        reference=_steps(scale, (series.reference,)) if small and series.reference is not None else "",
        changes=tuple(
            Mark(
                scale.x(day),
                scale.y(change.after),
                f"{change.date}: {words.shift(change.before, change.after, series.trend.metric)}",
                is_worse(series.trend.metric, change.shift),
            )
            for day, change in series.changes
        ),
        breaks=tuple(_breaks(scale, series)),
        x_ticks=tuple(Tick(scale.x(day), text) for day, text in _dates([p.date for p in series.trend.points])),
        y_ticks=tuple(scale.y_ticks(series.trend.metric)),
    )


@dataclass(frozen=True)
class _Scale:
    """Maps days and figures to positions in the box."""

    box: Box
    last_day: int
    low: float
    high: float

    @classmethod
    def of(cls, series: TrendSeries, box: Box) -> _Scale:
        drawn = [series.values] if box is SPARK else [series.low, series.high]
        shown = np.concatenate([*drawn, [level.value for levels in series.levels for level in levels]])
        if series.reference is not None and box is not SPARK:
            shown = np.append(shown, series.reference.value)
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        middle = (low + high) / 2
        least = _LEAST_SPAN_POINTS if series.trend.metric == ACCURACY else _LEAST_SPAN * abs(middle)
        half = max(high - low, least, 1e-12) / 2 * (1 + _MARGIN)
        return cls(box, max(1, len(series.values) - 1), middle - half, middle + half)

    def x(self, day: float) -> float:
        """Return the x of a day, which may be a fraction."""
        if self.last_day == 1:  # one night, or two: not at the very edge
            day = (day + 0.5) / 2
        return round(self.box.left + (self.box.right - self.box.left) * day / self.last_day, 1)

    def y(self, value: float) -> float:
        """Return the y of a figure."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.box.bottom - (self.box.bottom - self.box.top) * share, 1)

    def line(self, days: range, values: Numbers) -> str:
        """Draw a line through the figures of some days; a single day is a dot, by the round cap of an empty line."""
        points = self.points(days, values)
        return f"M{' '.join(points)}{'' if len(points) > 1 else 'h0'}"

    def points(self, days: range, values: Numbers) -> list[str]:
        """Return ``x,y`` of each of these days."""
        share = (values[days.start : days.stop] - self.low) / (self.high - self.low)
        heights = np.round(self.box.bottom - (self.box.bottom - self.box.top) * share, 1)
        return [f"{self.x(day)},{y}" for day, y in zip(days, heights.tolist(), strict=True)]

    def y_ticks(self, metric: str) -> Iterator[Tick]:
        step = _round_step((self.high - self.low) / 4)
        for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1):
            value = number * step
            if value >= 0 and not (metric == ACCURACY and value > 1):
                yield Tick(self.y(value), words.tick_text(value, metric, step))


def _round_step(least: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _pieces(values: Numbers, stretch: range) -> Iterator[range]:
    """Yield the stretches of consecutive days with a figure."""
    start = None
    for day in stretch:
        if np.isnan(values[day]):
            if start is not None:
                yield range(start, day)
            start = None
        elif start is None:
            start = day
    if start is not None:
        yield range(start, stretch.stop)


def _dots(scale: _Scale, pieces: list[range], series: TrendSeries) -> str:
    if series.nights > _FEW:
        return ""
    return " ".join(scale.line(range(day, day + 1), series.values) for piece in pieces for day in piece)


def _band(scale: _Scale, pieces: list[range], series: TrendSeries) -> str:
    """Draw one band per piece, along the upper bounds and back along the lower ones."""
    bands = []
    for piece in pieces:
        if len(piece) > 1:
            there, back = scale.points(piece, series.high), scale.points(piece, series.low)[::-1]
            bands.append(f"M{' '.join(there)} L{' '.join(back)}Z")
    return " ".join(bands)


def _gaps(scale: _Scale, series: TrendSeries) -> str:
    """Draw boxes over the days without a figure, from half a day before to half a day after."""
    box, boxes = scale.box, []
    missing = np.where(np.isnan(series.values), 1.0, np.nan)
    for gap in _pieces(missing, range(len(missing))):
        left, right = max(box.left, scale.x(gap.start - 0.5)), min(box.right, scale.x(gap.stop - 0.5))
        boxes.append(f"M{left},{box.top}H{right}V{box.bottom}H{left}Z")
    return " ".join(boxes)


def _steps(scale: _Scale, levels: Iterable[Level]) -> str:
    path = ""
    for level in levels:
        y = scale.y(level.value)
        path += (f"V{y}" if path else f"M{scale.x(level.first)},{y}") + f"H{scale.x(level.last)}"
    return path


def _breaks(scale: _Scale, series: TrendSeries) -> Iterator[Mark]:
    free = -math.inf
    for each in series.breaks:
        x = scale.x(each.day - 0.5)
        word = f"new {each.word}" if x >= free else ""
        free = x + _LABEL_ROOM if word else free
        yield Mark(x, scale.box.top, word)


def _dates(dates: list[datetime.date]) -> Iterator[tuple[int, str]]:
    """Yield the days to label: the first of each month if there are enough, else evenly spaced days."""
    firsts = [day for day, date in enumerate(dates) if date.day == 1]
    if len(firsts) >= 3:
        every = max(1, math.ceil(len(firsts) / 4))
        yield from ((day, f"{dates[day]:%Y-%m}") for day in firsts[::every])
    else:
        every = max(1, math.ceil(len(dates) / 4))
        yield from ((day, f"{dates[day]:%m-%d}") for day in range(0, len(dates), every))
