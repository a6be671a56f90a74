"""Draws systems by domains, a panel per metric: each cell shaded by its value, with its number in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wattbench_reports.figures.cells import ShadedCell, cells
from wattbench_reports.figures.drawing import TEXT_PT, WIDE_IN, Drawing
from wattbench_reports.figures.palette import INK, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_IN, _AROUND_IN = 0.29, 0.85
"""Heights of a row, and of what is around the cells of a panel."""
_NUMBER_PT = 8.5
_SHADE = 0.5
"""Opacity of the strongest shading: a number in it is legible, on light and on dark."""
_ABREAST = 4
"""With more domains than this the panels are stacked, or their numbers would not fit."""
_LONGEST, _LONGEST_ABREAST = 30, 13
"""The longest name of a domain, in characters, and where the panels share the width."""


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
) -> Drawing:
    """Plot a panel of cells per metric; the stronger the shading, the better.

    Args:
        fields: one or more, each of one row per system and one cell per domain.
        systems: a row each.
        domains: a column each.
        name: of the figure, unique in the page.
        title: for screen readers.
    """
    described = "; ".join(f"{field.title}: {_described(field, systems, domains)}" for field in fields)
    columns = len(fields) if len(domains) <= _ABREAST else 1
    return Drawing(
        name,
        title,
        f"Rows are systems, columns are domains; the stronger the shading, the better. {described}.",
        partial(_draw, fields, systems, domains, columns),
        panels=len(fields),
        columns=columns,
        size_in=(WIDE_IN, len(fields) / columns * (_AROUND_IN + _ROW_IN * len(systems))),
    )


def _draw(
    fields: Sequence[MatrixMetric], systems: Sequence[str], domains: Sequence[str], columns: int, panels: Sequence[Axes]
) -> None:
    for number, (field, axes) in enumerate(zip(fields, panels, strict=True)):
        rows = [
            [
                ShadedCell(text, colour(field.series), 0.0 if shade is None else _SHADE * min(max(shade, 0.0), 1.0))
                for text, shade in zip(texts, shades, strict=True)
            ]
            for texts, shades in zip(field.texts, field.fullness, strict=True)
        ]
        cells(
            axes, rows, systems if number % columns == 0 else (), domains, size_pt=_NUMBER_PT,
            longest=_LONGEST_ABREAST if columns > 1 else _LONGEST,
        )  # fmt: skip
        axes.set_title(field.title, loc="left", fontsize=TEXT_PT, color=INK)


def _described(field: MatrixMetric, systems: Sequence[str], domains: Sequence[str]) -> str:
    return ", ".join(
        f"{system} {' '.join(f'{domain} {text}' for domain, text in zip(domains, texts, strict=True))}"
        for system, texts in zip(systems, field.texts, strict=True)
    )
