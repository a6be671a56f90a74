"""Co-activation of experts: a matrix per group of layers, relative to chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import opening
from wattbench_reports.figures.grid import WIDTH, Grid, edge, side, side_by_side
from wattbench_reports.formatting import units

MORE, LESS = 0, 1
"""Indices of the colours for more and for less often than by chance."""

_FULL = 1.0
"""Doublings or halvings relative to chance at which a cell is fully shaded."""
_FADE = 0.75
"""Opacity of a fully shaded cell, in which its number is still legible."""
_ROW, _HEAD = 26.0, 24.0
"""Heights of a row and of a matrix's title."""
_NUMBER = 9.5
"""Size of numbers."""
_LONGEST = 30
"""The longest name of an expert, in characters; the table has it in full."""


def matrices(
    groups: Mapping[str, NDArray[np.float64]],
    pairs: Sequence[tuple[int, int]],
    names: Sequence[str],
    *,
    name: str,
) -> str:
    """Plot observed over expected for every pair, one matrix per group of layers.

    Args:
        groups: title to ratios, shape (pairs,); NaN where nothing is expected.
        pairs: the two places of each.
        names: of what is chosen.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    abreast = 2 if len(groups) > 1 else 1
    shown = clipped_apart(names, _LONGEST)
    across, down, left = shown[1:], shown[:-1], side(shown[:-1])
    width, lefts = side_by_side(left, abreast)
    column = width / len(across)
    height = _HEAD + _ROW * len(down) + edge(across, column)
    drawn: list[str] = []
    for number, (title, ratios) in enumerate(groups.items()):
        x, y = lefts[number % abreast], number // abreast * height
        grid = Grid(x, y + _HEAD, column, _ROW, len(across), len(down))
        drawn += (grid.title(title), *_cells(grid, pairs, ratios), grid.outline(), *grid.names_below(across))
        drawn += grid.names_down(down) if number % abreast == 0 else ()
    described = (
        "One matrix per group of layers, one cell per pair; 1 is chance. The stronger the shading, the further from "
        "chance, in one colour for more often and in another for less."
    )
    title = "Experts selected for the same token, observed over expected"
    beginning = opening(name, WIDTH, math.ceil(len(groups) / abreast) * height, title, described, kind="figure")
    return "".join((beginning, *drawn, "</svg>"))


def _cells(grid: Grid, pairs: Sequence[tuple[int, int]], ratios: NDArray[np.float64]) -> Iterator[str]:
    for (first, second), ratio in zip(pairs, ratios.tolist(), strict=True):
        if math.isfinite(ratio):
            series, opacity = _shade(ratio)
            yield grid.cell(first, second - 1, series, opacity)
        yield grid.number(first, second - 1, units.digits(ratio) if math.isfinite(ratio) else units.NONE, _NUMBER)


def _shade(ratio: float) -> tuple[int, float]:
    """Choose the index of the colour and its opacity."""
    doublings = math.log2(ratio) if ratio > 0 else -math.inf
    return (MORE if doublings >= 0 else LESS), _FADE * min(abs(doublings) / _FULL, 1.0)
