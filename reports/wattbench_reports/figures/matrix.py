"""Systems by domains, a panel per metric: each cell shaded by its value, with its number in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import opening
from wattbench_reports.figures.grid import WIDTH, Grid, edge, side, side_by_side

_ROW, _HEAD = 19.0, 22.0
"""Heights of a row and of a panel's title."""
_NUMBER = 8.5
"""Size of numbers."""

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
    left = side(rows)
    panels = len(fields) if abreast else 1
    width, lefts = side_by_side(left, panels)
    column = width / len(columns)
    height = _HEAD + _ROW * len(rows) + edge(columns, column)
    drawn: list[str] = []
    for number, field in enumerate(fields):
        x, top = (lefts[number], 0.0) if abreast else (left, number * height)
        grid = Grid(x, top + _HEAD, column, _ROW, len(columns), len(rows))
        drawn += _field(grid, field)
        drawn += grid.names_below(columns)
        drawn += grid.names_down(rows) if number == 0 or not abreast else ()
    described = "; ".join(f"{field.title}: {_described(field, systems, domains)}" for field in fields)
    said = f"Rows are systems, columns are domains; the stronger the shading, the better. {described}."
    beginning = opening(name, WIDTH, height * (1 if abreast else len(fields)), title, said, kind="figure")
    return "".join((beginning, *drawn, "</svg>"))


def _field(grid: Grid, field: MatrixMetric) -> Iterator[str]:
    yield grid.title(field.title)
    for row, (texts, shades) in enumerate(zip(field.texts, field.fullness, strict=True)):
        for column, (text, shade) in enumerate(zip(texts, shades, strict=True)):
            if shade is not None:
                yield grid.cell(row, column, field.series, _SHADE * min(max(shade, 0.0), 1.0))
            yield grid.number(row, column, text, _NUMBER)
    yield grid.outline()


def _described(field: MatrixMetric, systems: Sequence[str], domains: Sequence[str]) -> str:
    return ", ".join(
        f"{system} {' '.join(f'{domain} {text}' for domain, text in zip(domains, texts, strict=True))}"
        for system, texts in zip(systems, field.texts, strict=True)
    )
