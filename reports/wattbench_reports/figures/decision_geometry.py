"""Where things are in the picture of a decision: scales, ticks and labels, as pure functions of numbers.

The page's script draws the picture anew for other settings, and repeats this file: what is changed here is changed
there (`html/whatif/script`). All lengths are units of the view box, in which a letter is `LETTER` wide.

- **Cost** runs to the right. The scale is logarithmic if the dearest system costs at least `WIDE` times the cheapest
  and none is free; else it is linear and begins at 0.
- **Accuracy** runs upwards, from a multiple of 10 points (20, where the systems are more than half the scale apart)
  below the lowest interval to one above the highest.
- **Labels** take the first of eight places next to their mark that has no mark or label in it and is within the plot,
  and of those one that crosses the fewest bars. A label without such a place is left out: the table has the mark.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 400, 232
LEFT, RIGHT, TOP, BOTTOM = 40, 394, 20, 192
"""Edges of the plot within the view box."""
INSET = 9
"""Room between the edges and the ends of the scales, for marks at the ends."""
MARK = 6
"""Half the width of a mark, with some room."""
LETTER, LINE = 6.4, 13
"""Width of a letter and height of a line of a label."""
BOLDER = 1.2
"""How much wider a text in heavier type is."""
WIDE = 10.0
"""A cost scale is logarithmic if its largest value is at least this multiple of its smallest."""
MOST_TICKS = 6


Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Scale:
    """One axis: values to places."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Return how far along the axis a value is, 0 to 1; values beyond an end are at the end."""
        if self.log:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class PictureMark:
    """A system's mark with its bars, in units of the view box."""

    x: float
    y: float
    left: float
    right: float
    """Ends of the horizontal bar."""
    top: float
    bottom: float
    """Ends of the vertical bar."""


@dataclass(frozen=True)
class Label:
    """Where a label begins or ends."""

    x: float
    y: float
    """Of its base line."""
    anchor: str
    """``start``, ``middle`` or ``end``: which part of the text is at `x`."""


def cost_scale(costs: Sequence[float]) -> Scale:
    """Choose the scale of costs.

    Args:
        costs: the estimates, and a required maximum where there is one; each 0 or more.
    """
    known = [cost for cost in costs if math.isfinite(cost)]
    least, most = min(known, default=0.0), max(known, default=0.0)
    if least > 0 and most >= WIDE * least:
        room = (most / least) ** 0.06
        return log_scale(least / room, most * room)
    high = 1.06 * most or 1.0
    return Scale(0.0, high, False, multiples(nice(high / 5), 0.0, high))


def log_scale(low: float, high: float) -> Scale:
    """Return the logarithmic scale from one value to another, both above 0."""
    return Scale(low, high, True, _log_ticks(low, high))


def accuracy_scale(lows: Sequence[float], highs: Sequence[float]) -> Scale:
    """Choose the scale of accuracies, all as shares.

    Args:
        lows: the lower ends of their intervals.
        highs: the upper ends.
    """
    least, most = min(lows, default=0.0), min(max(highs, default=1.0), 1.0)
    tenths = 2 if most - least > 0.5 else 1
    low = math.floor(10 * least / tenths + 1e-9) * tenths
    high = min(max(math.ceil(10 * most / tenths - 1e-9) * tenths, tenths), 10)
    low = min(low, high - tenths)
    return Scale(low / 10, high / 10, False, tuple(tenth / 10 for tenth in range(low, high + 1, tenths)))


def across(scale: Scale, cost: float) -> float:
    """Return the x of a cost."""
    return LEFT + INSET + scale.share(cost) * (RIGHT - LEFT - 2 * INSET)


def up(scale: Scale, accuracy: float) -> float:
    """Return the y of an accuracy."""
    return BOTTOM - INSET - scale.share(accuracy) * (BOTTOM - TOP - 2 * INSET)


def labels(
    marks: Sequence[PictureMark], texts: Sequence[str], lines: Sequence[Box] = (), bold: Collection[int] = ()
) -> list[Label | None]:
    """Place a label next to each mark, the first ones first; None where there is no room for it.

    Args:
        marks: every mark of the picture.
        texts: of the first marks, one each; an empty one needs no place.
        lines: boxes around pieces of other lines, which count as bars.
        bold: numbers of the texts in heavier type.
    """
    taken = [(mark.x - MARK, mark.y - MARK, mark.x + MARK, mark.y + MARK) for mark in marks]
    bars = [(mark.left, mark.y, mark.right, mark.y) for mark in marks]
    bars += [(mark.x, mark.top, mark.x, mark.bottom) for mark in marks]
    bars += lines
    placed: list[Label | None] = []
    for number, (mark, text) in enumerate(zip(marks, texts, strict=False)):
        width = text_width(text, bold=number in bold)
        best: tuple[int, Label, Box] | None = None
        for label in _places(mark) if text else ():
            box = label_box(label, width)
            if _outside(box) or any(meet(box, other) for other in taken):
                continue
            crossed = sum(meet(box, bar) for bar in bars)
            if best is None or crossed < best[0]:
                best = crossed, label, box
        if best is not None:
            taken.append(best[2])
        placed.append(None if best is None else best[1])
    return placed


def text_width(text: str, *, bold: bool = False) -> float:
    """Estimate the width of a text; a letter of a script written in squares is as wide as two."""
    return (BOLDER if bold else 1.0) * LETTER * sum(2 if ord(letter) >= 0x2E80 else 1 for letter in text)


def _places(mark: PictureMark) -> tuple[Label, ...]:
    """List where a label may be: the corners first, where its own bars are not."""
    right, left, above, below = mark.x + MARK + 1, mark.x - MARK - 1, mark.y - 4, mark.y + LINE - 1
    level = mark.y + 4
    return (
        Label(right, above, "start"),
        Label(right, below, "start"),
        Label(left, above, "end"),
        Label(left, below, "end"),
        Label(right, level, "start"),
        Label(left, level, "end"),
        Label(mark.x, mark.y - MARK - 4, "middle"),
        Label(mark.x, mark.y + MARK + LINE - 1, "middle"),
    )


def label_box(label: Label, width: float) -> Box:
    """Return the box of a label of a width."""
    left = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    return left, label.y - LINE + 3, left + width, label.y + 3


def _outside(box: Box) -> bool:
    return box[0] < LEFT or box[1] < TOP - 6 or box[2] > RIGHT or box[3] > BOTTOM


def meet(one: Box, other: Box) -> bool:
    """Say whether two boxes have anything in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 6)):
        powers = (power for power in range(first, last + 1) if power % every == 0)
        ticks = tuple(factor * 10.0**power for power in powers for factor in factors)
        within = tuple(tick for tick in ticks if low <= tick <= high)
        if len(within) <= MOST_TICKS:
            return within
    return within


def multiples(step: float, low: float, high: float) -> tuple[float, ...]:
    """List the multiples of a step from one value to another."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def nice(value: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20 ... and of their tenths and so on that is no less than a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * (1 - 1e-9))
