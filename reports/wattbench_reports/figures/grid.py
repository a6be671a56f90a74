"""A grid of shaded cells with names along its sides, drawn by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.figures.chart import TEXT_SIZE, Colour, path, words
from wattbench_reports.figures.decision_geometry import text_width
from wattbench_reports.figures.shared import colour, with_variables

WIDTH, EDGE = 648.0, 2.0
"""Of the view box, and what is free at its right."""
_GAP = 14.0
"""Between grids next to each other."""
TITLE_SIZE, NAME_SIZE = 10.5, 9.5
"""Of letters: above a grid, and along its sides."""
_ROOM = 1.2
"""How much room a name at the left has, in its estimated widths: some fonts are wider."""
_TURN = 35.0
"""Degrees by which names are turned where they are wider than their column."""


@dataclass(frozen=True)
class Grid:
    """Where cells are, in units of the view box."""

    left: float
    top: float
    column: float
    """The width of a column."""
    row: float
    """The height of a row."""
    columns: int
    rows: int

    @property
    def bottom(self) -> float:
        """Return where the last row ends."""
        return self.top + self.rows * self.row

    def middle(self, column: int) -> float:
        """Return the middle of a column."""
        return self.left + (column + 0.5) * self.column

    def cell(self, row: int, column: int, series: int, opacity: float, *, gap: float = 1.0) -> str:
        """Shade a cell.

        Args:
            row: counted from the top.
            column: counted from the left.
            series: selects the colour.
            opacity: 0 to 1.
            gap: what is free at each of its edges.
        """
        fill = with_variables(colour(series))
        return f'<path d="{self._box(row, column, gap)}" fill="{fill}" opacity="{opacity:.3g}"/>'

    def frame(self, row: int, column: int) -> str:
        """Draw a line around a cell, inside of it."""
        return path(self._box(row, column, 2.0), Colour.INK, 1.6)

    def _box(self, row: int, column: int, gap: float) -> str:
        left, top = self.left + column * self.column + gap, self.top + row * self.row + gap
        width, height = self.column - 2 * gap, self.row - 2 * gap
        return f"M{left:.1f} {top:g}h{width:.1f}v{height:g}h{-width:.1f}Z"

    def number(self, row: int, column: int, text: str, size: float) -> str:
        """Write a text in a cell."""
        y = self.top + (row + 0.5) * self.row + 0.35 * size
        return words(self.middle(column), y, text, anchor="middle", size=size)

    def title(self, text: str) -> str:
        """Write a title above the grid."""
        return words(self.left, self.top - 7, text, size=TITLE_SIZE)

    def outline(self) -> str:
        """Draw a line around all cells."""
        across = self.column * self.columns
        return path(f"M{self.left:.1f} {self.top:g}h{across:.1f}V{self.bottom:g}h{-across:.1f}Z", Colour.LINE, 0.8)

    def names_down(self, names: Sequence[str]) -> Iterator[str]:
        """Write a name at the left of each row."""
        for row, name in enumerate(names):
            yield words(self.left - 6, self.top + (row + 0.5) * self.row + 3.5, name, anchor="end", size=NAME_SIZE)

    def names_below(self, names: Sequence[str]) -> Iterator[str]:
        """Write a name under each column, turned where one is too wide."""
        y = self.bottom + 13
        return self._names(names, y, -_TURN if too_wide(names, self.column) else 0.0, "end")

    def names_above(self, names: Sequence[str]) -> Iterator[str]:
        """Write a name above each column, turned where one is too wide."""
        y = self.top - 7
        return self._names(names, y, -_TURN if too_wide(names, self.column) else 0.0, "start")

    def _names(self, names: Sequence[str], y: float, degrees: float, anchor: str) -> Iterator[str]:
        for column, name in enumerate(names):
            x = self.middle(column)
            if degrees:
                written = words(x, y, name, anchor=anchor, size=NAME_SIZE)
                yield f'<g transform="rotate({degrees:g} {x:.1f} {y:g})">{written}</g>'
            else:
                yield words(x, y, name, anchor="middle", size=NAME_SIZE)


def side(names: Iterable[str]) -> float:
    """Return how wide the names at the left of a grid are, with their margins."""
    return 8.0 + _ROOM * max(map(_wide, names))


def side_by_side(left: float, number: int) -> tuple[float, tuple[float, ...]]:
    """Return the width of each of several grids next to each other, and where each begins; the first: at `left`."""
    width = (WIDTH - EDGE - left - _GAP * (number - 1)) / number
    return width, tuple(left + index * (width + _GAP) for index in range(number))


def edge(names: Sequence[str], column: float) -> float:
    """Return how high the names above or under columns of a width are, with their margins."""
    return 18.0 + (max(map(_wide, names)) * math.sin(math.radians(_TURN)) if too_wide(names, column) else 0.0)


def too_wide(names: Iterable[str], column: float) -> bool:
    """Return whether a name is wider than its column."""
    return max(map(_wide, names)) > column - 4


def _wide(text: str) -> float:
    return text_width(text) * NAME_SIZE / TEXT_SIZE
