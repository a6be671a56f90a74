"""Systems by domains, a panel per metric: each cell shaded by its value, with its number in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import TEXT_SIZE, Colour, opening, path, words
from wattbench_reports.figures.decision_geometry import text_width
from wattbench_reports.figures.shared import colour
from wattbench_reports.figures.svg import with_variables

_WIDTH = 648.0
"""Of the view box."""
_ROW, _HEAD, _GAP = 19.0, 22.0, 14.0
"""Heights of a row and of a panel's title, and what is between panels."""
_NUMBER, _NAME = 8.5, 9.5
"""Sizes of letters."""
_ROOM = 1.2
"""How much room a name of a system has, in its estimated widths: some fonts are wider."""
_TURN = 35.0
"""Degrees by which names of domains are turned where they are wider than their column."""

_SHADE = 0.5
"""Opacity of the strongest shading: a number in it is legible, on light and on dark."""

_ABREAST = 4
"""With more domains than this the panels are stacked, or their numbers would not fit."""

_LONGEST = 30
"""The longest name of a system, in characters; the table has it in full."""

_LONGEST_ABREAST = 13
"""The longest name of a domain, in characters, where three panels share the width."""


@dataclass(frozen=True)
class MatrixMetric:
    """One metric of all systems in all domains."""

    title: str
    series: int
    """Selects its colour."""
    texts: tuple[tuple[str, ...], ...]
    """A row per system, a cell per domain."""
    fullness: tuple[tuple[float | None, ...], ...]
    """The same shape, 0 (worst) to 1 (best); None is not shaded."""


def matrix(
    fields: Sequence[MatrixMetric], systems: Sequence[str], domains: Sequence[str], *, name: str, title: str
) -> str:
    """Plot a panel of cells per metric; the stronger the shading, the better.

    Args:
        fields: one or more, each of one row per system and one cell per domain.
        systems: a row each.
        domains: a column each.
        name: of the figure, unique in the page.
        title: for screen readers.

    Returns:
        An `<svg>` element.
    """
    abreast = len(domains) <= _ABREAST
    rows = clipped_apart(systems, _LONGEST)
    columns = clipped_apart(domains, _LONGEST_ABREAST if abreast else _LONGEST)
    left = 8.0 + _ROOM * max(map(_wide, rows))
    panels = len(fields) if abreast else 1
    width = (_WIDTH - 2.0 - left - _GAP * (panels - 1)) / panels
    turned = max(map(_wide, columns)) > width / len(columns) - 4
    below = 18.0 + (max(map(_wide, columns)) * math.sin(math.radians(_TURN)) if turned else 0.0)
    height = _HEAD + _ROW * len(rows) + below
    drawn: list[str] = []
    for number, field in enumerate(fields):
        x, top = (left + number * (width + _GAP), 0.0) if abreast else (left, number * height)
        panel = _Panel(x, top + _HEAD, width / len(columns), len(rows), len(columns))
        drawn += _field(panel, field)
        drawn += _names_across(panel, columns, turned=turned)
        drawn += _names_down(panel, rows) if number == 0 or not abreast else ()
    described = "; ".join(f"{field.title}: {_described(field, systems, domains)}" for field in fields)
    said = f"Rows are systems, columns are domains; the stronger the shading, the better. {described}."
    beginning = opening(name, _WIDTH, height * (1 if abreast else len(fields)), title, said, kind="figure")
    return "".join((beginning, *drawn, "</svg>"))


@dataclass(frozen=True)
class _Panel:
    """Where one metric's cells are, in units of the view box."""

    left: float
    top: float
    column: float
    """The width of a column."""
    rows: int
    columns: int

    @property
    def bottom(self) -> float:
        """Return where the last row ends."""
        return self.top + self.rows * _ROW

    def middle(self, column: int) -> float:
        """Return the middle of a column."""
        return self.left + (column + 0.5) * self.column


def _wide(text: str) -> float:
    return text_width(text) * _NAME / TEXT_SIZE


def _field(panel: _Panel, field: MatrixMetric) -> Iterator[str]:
    yield words(panel.left, panel.top - 7, field.title, size=10.5)
    fill = with_variables(colour(field.series))
    for row, (texts, shades) in enumerate(zip(field.texts, field.fullness, strict=True)):
        y = panel.top + row * _ROW
        for column, (text, shade) in enumerate(zip(texts, shades, strict=True)):
            if shade is not None:
                box = f"M{panel.left + column * panel.column + 1:.1f} {y + 1:g}h{panel.column - 2:.1f}v{_ROW - 2:g}"
                opacity = _SHADE * min(max(shade, 0.0), 1.0)
                yield f'<path d="{box}h{2 - panel.column:.1f}Z" fill="{fill}" opacity="{opacity:.3g}"/>'
            yield words(panel.middle(column), y + _ROW / 2 + 3, text, anchor="middle", size=_NUMBER)
    across = panel.column * panel.columns
    frame = f"M{panel.left:.1f} {panel.top:g}h{across:.1f}V{panel.bottom:g}h{-across:.1f}Z"
    yield path(frame, Colour.LINE, 0.8)


def _names_across(panel: _Panel, names: Sequence[str], *, turned: bool) -> Iterator[str]:
    for column, name in enumerate(names):
        x, y = panel.middle(column), panel.bottom + 13
        if turned:
            written = words(x, y, name, anchor="end", size=_NAME)
            yield f'<g transform="rotate({-_TURN:g} {x:.1f} {y:g})">{written}</g>'
        else:
            yield words(x, y, name, anchor="middle", size=_NAME)


def _names_down(panel: _Panel, names: Sequence[str]) -> Iterator[str]:
    for row, name in enumerate(names):
        yield words(panel.left - 6, panel.top + (row + 0.5) * _ROW + 3.5, name, anchor="end", size=_NAME)


def _described(field: MatrixMetric, systems: Sequence[str], domains: Sequence[str]) -> str:
    return ", ".join(
        f"{system} {' '.join(f'{domain} {text}' for domain, text in zip(domains, texts, strict=True))}"
        for system, texts in zip(systems, field.texts, strict=True)
    )
