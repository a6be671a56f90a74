"""A series as a small chart: where every line of its drawing runs. The template only writes it down.

Made of a few path strings rather than by matplotlib, which takes thirty times as long, and a site of a year has
hundreds of them. Colours are the page's.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from wattbench_reports.gate.metrics import ACCURACY
from wattbench_reports.history import is_worse
from wattbench_reports.site import words
from wattbench_reports.site.series import Level, Numbers, Series

_LEAST_SPAN = 0.2
"""Of its height a chart shows at least so large a share of its figures' size, so that noise does not look like news."""
_LEAST_SPAN_POINTS = 0.1
_MARGIN = 0.06
_FEW = 60
"""Nights up to which each has a dot."""
_LABEL_ROOM = 58.0
"""Between two words at breaks, so that neither lies on the other."""


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
    """A place on an axis and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """Something at a place: a change point, a break."""

    x: float
    y: float
    text: str
    """Empty: there is no room for it here."""
    worse: bool = False


@dataclass(frozen=True)
class Chart:
    """One drawing. Paths are in SVG's own words, and empty where there is nothing to draw."""

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


def chart(series: Series, box: Box = SMALL) -> Chart | None:
    """Draw a series; None where it has no figure at all."""
    if not series.nights:
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
                scale.x(place),
                scale.y(change.after),
                f"{change.date}: {words.shift(change.before, change.after, series.trend.metric)}",
                is_worse(series.trend.metric, change.shift),
            )
            for place, change in series.changes
        ),
        breaks=tuple(_breaks(scale, series)),
        x_ticks=tuple(Tick(scale.x(place), text) for place, text in _dates([p.date for p in series.trend.points])),
        y_ticks=tuple(scale.y_ticks(series.trend.metric)),
    )


@dataclass(frozen=True)
class _Scale:
    """From days and figures to places in the box."""

    box: Box
    days: int
    low: float
    high: float

    @classmethod
    def of(cls, series: Series, box: Box) -> _Scale:
        own = [series.values] if box is SPARK else [series.low, series.high]
        shown = np.concatenate([*own, [level.value for levels in series.levels for level in levels]])
        if series.reference is not None and box is not SPARK:
            shown = np.append(shown, series.reference.value)
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        middle = (low + high) / 2
        least = _LEAST_SPAN_POINTS if series.trend.metric == ACCURACY else _LEAST_SPAN * abs(middle)
        half = max(high - low, least, 1e-12) / 2 * (1 + _MARGIN)
        return cls(box, max(1, len(series.values) - 1), middle - half, middle + half)

    def x(self, place: float) -> float:
        """Of a day; half a day is between two."""
        if self.days == 1:  # one night, or two: not at the very edge
            place = (place + 0.5) / 2
        return round(self.box.left + (self.box.right - self.box.left) * place / self.days, 1)

    def y(self, value: float) -> float:
        """Of a figure."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.box.bottom - (self.box.bottom - self.box.top) * share, 1)

    def line(self, places: range, values: Numbers) -> str:
        """Through the figures of these days. A single one is a line of no length, which a round cap makes a dot."""
        points = self.points(places, values)
        return f"M{' '.join(points)}{'' if len(points) > 1 else 'h0'}"

    def points(self, places: range, values: Numbers) -> list[str]:
        """``x,y`` of each of these days."""
        share = (values[places.start : places.stop] - self.low) / (self.high - self.low)
        heights = np.round(self.box.bottom - (self.box.bottom - self.box.top) * share, 1)
        return [f"{self.x(place)},{y}" for place, y in zip(places, heights.tolist(), strict=True)]

    def y_ticks(self, metric: str) -> Iterator[Tick]:
        step = _round_step((self.high - self.low) / 4)
        for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1):
            value = number * step
            if value >= 0 and not (metric == ACCURACY and value > 1):
                yield Tick(self.y(value), words.tick_text(value, metric, step))


def _round_step(least: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _pieces(values: Numbers, stretch: range) -> Iterator[range]:
    """Days in a row that have a figure."""
    start = None
    for place in stretch:
        if np.isnan(values[place]):
            if start is not None:
                yield range(start, place)
            start = None
        elif start is None:
            start = place
    if start is not None:
        yield range(start, stretch.stop)


def _dots(scale: _Scale, pieces: list[range], series: Series) -> str:
    if series.nights > _FEW:
        return ""
    return " ".join(scale.line(range(place, place + 1), series.values) for piece in pieces for place in piece)


def _band(scale: _Scale, pieces: list[range], series: Series) -> str:
    """Along the upper bounds and back along the lower ones."""
    bands = []
    for piece in pieces:
        if len(piece) > 1:
            there, back = scale.points(piece, series.high), scale.points(piece, series.low)[::-1]
            bands.append(f"M{' '.join(there)} L{' '.join(back)}Z")
    return " ".join(bands)


def _gaps(scale: _Scale, series: Series) -> str:
    """Boxes over the days without a figure, from half a day before to half a day after."""
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


def _breaks(scale: _Scale, series: Series) -> Iterator[Mark]:
    free = -math.inf
    for each in series.breaks:
        x = scale.x(each.place - 0.5)
        word = f"other {each.word}" if x >= free else ""
        free = x + _LABEL_ROOM if word else free
        yield Mark(x, scale.box.top, word)


def _dates(dates: list[datetime.date]) -> Iterator[tuple[int, str]]:
    """Firsts of months where there are enough of them, else days."""
    firsts = [place for place, date in enumerate(dates) if date.day == 1]
    if len(firsts) >= 3:
        every = max(1, math.ceil(len(firsts) / 4))
        yield from ((place, f"{dates[place]:%Y-%m}") for place in firsts[::every])
    else:
        every = max(1, math.ceil(len(dates) / 4))
        yield from ((place, f"{dates[place]:%m-%d}") for place in range(0, len(dates), every))
