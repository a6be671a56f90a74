"""Places a label next to each of several lines: where it meets no other label, and as few lines as may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from wattbench_reports.figures.chart import Plot
from wattbench_reports.figures.decision_geometry import Box, Label, label_box, meet, text_width

Line = Sequence[tuple[float, float]]
"""Points in units of the view box, by rising x."""

_ALONG = (0.85, 0.7, 0.55, 0.4, 0.25, 0.12, 0.98)
"""How far along its line a label is tried, in this order."""
_RISES = (-6.0, 14.0, -20.0, 28.0)
"""Of the base line beyond the line's own point, above it first."""
_PIECES = 60


def line_labels(plot: Plot, lines: Sequence[Line], texts: Sequence[str]) -> list[Label | None]:
    """Place a label next to each line, the first ones first; None where there is no room for it.

    Args:
        plot: that labels stay within.
        lines: all that are drawn.
        texts: of the first lines, one each, the first in heavier type; an empty one needs no place.
    """
    drawn = [box for line in lines for box in pieces(line)]
    taken: list[Box] = []
    placed: list[Label | None] = []
    for number, (line, text) in enumerate(zip(lines, texts, strict=False)):
        best: tuple[int, Label, Box] | None = None
        for label in _places(line) if text else ():
            box = label_box(label, text_width(text, bold=number == 0))
            if _outside(plot, box) or any(meet(box, other) for other in taken):
                continue
            crossed = sum(meet(box, piece) for piece in drawn)
            if best is None or crossed < best[0]:
                best = crossed, label, box
            if best[0] == 0:
                break
        if best is not None:
            taken.append(best[2])
        placed.append(None if best is None else best[1])
    return placed


def pieces(line: Line) -> list[Box]:
    """Return boxes around short pieces of a line."""
    boxes = []
    for (left, one), (right, other) in pairwise(line):
        count = max(1, min(_PIECES, round(max(abs(right - left), abs(other - one)) / 4)))
        for number in range(count):
            x, next_x = (left + (right - left) * (number + step) / count for step in (0, 1))
            y, next_y = (one + (other - one) * (number + step) / count for step in (0, 1))
            boxes.append((min(x, next_x), min(y, next_y), max(x, next_x), max(y, next_y)))
    return boxes


def _places(line: Line) -> Iterator[Label]:
    for share in _ALONG:
        x, y = line[min(round(share * (len(line) - 1)), len(line) - 1)]
        for rise in _RISES:
            for anchor in ("end", "start", "middle"):
                yield Label(x, y + rise, anchor)


def _outside(plot: Plot, box: Box) -> bool:
    return box[0] < plot.left + 2 or box[1] < plot.top or box[2] > plot.right or box[3] > plot.bottom
