"""Places the entries of a legend in rows, as many next to each other as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.figures.chart import TEXT_SIZE, path, words
from wattbench_reports.figures.decision_geometry import text_width

SAMPLE = 18.0
"""The width of a sample, in units of the view box."""
ROW = 15.0
"""The height of a row."""
_SIZE = 10.5
"""Of letters."""
_GAP = 5.0
"""Between a sample and its text."""
_APART = 16.0
"""Between a text and the next sample."""


@dataclass(frozen=True)
class LegendEntry:
    """One line or area of a drawing."""

    text: str
    sample: Callable[[float, float], str]
    """Draws it `SAMPLE` wide, given its left end and its middle height."""


def line_sample(x: float, y: float, stroke: str, width: float, *, dash: str = "") -> str:
    """Draw the sample of a line, from its left end."""
    return path(f"M{x:g} {y:g}h{SAMPLE:g}", stroke, width, dash=dash)


def flowing_legend(entries: Sequence[LegendEntry], left: float, right: float, top: float) -> tuple[str, float]:
    """Draw a legend.

    Args:
        entries: in their order.
        left: where every row begins.
        right: where rows end; one entry alone may be wider.
        top: of the first row.

    Returns:
        The drawing, and where it ends below; `top` without entries.
    """
    rows = list(_rows(entries, left, right))
    drawn = "".join(
        f"{entry.sample(x, top + (row + 0.5) * ROW)}"
        f"{words(x + SAMPLE + _GAP, top + (row + 0.5) * ROW + 3.5, entry.text, size=_SIZE)}"
        for row, x, entry in rows
    )
    return drawn, top + ROW * (rows[-1][0] + 1 if rows else 0)


def _rows(entries: Sequence[LegendEntry], left: float, right: float) -> Iterator[tuple[int, float, LegendEntry]]:
    """Yield the row and the left end of each entry."""
    row, x = 0, left
    for entry in entries:
        width = SAMPLE + _GAP + text_width(entry.text) * _SIZE / TEXT_SIZE
        if x > left and x + width > right:
            row, x = row + 1, left
        yield row, x, entry
        x += width + _APART
