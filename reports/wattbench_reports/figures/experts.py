"""Expert selection by domain and layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import opening, words
from wattbench_reports.figures.grid import EDGE, NAME_SIZE, TITLE_SIZE, WIDTH, Grid, side, side_by_side
from wattbench_reports.formatting import units

_ROW, _HEAD = 20.0, 24.0
"""Heights of a row and of a panel's title."""
_NUMBERS, _LABEL = 18.0, 18.0
"""Heights of the numbers of layers under a panel, and of what they are called under all."""
_MOST_NUMBERS = 9
"""Numbers of layers under a panel."""
_LONGEST = 30
"""The longest name, in characters; the tables have it in full."""


def experts(
    shares: NDArray[np.float64],
    layers: Sequence[int],
    domains: Sequence[str],
    names: Sequence[str],
    *,
    full: float,
    name: str,
) -> str:
    """Plot the share of each expert in the selections of a domain, layer by layer.

    Args:
        shares: shape (layers, domains, experts).
        layers: their numbers.
        domains: a row of cells each.
        names: the experts', a field of cells each.
        full: the share that a full cell stands for.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    abreast = min(len(names), 2)
    rows, titles = clipped_apart(domains, _LONGEST), clipped_apart(names, _LONGEST)
    left = side(rows)
    width, lefts = side_by_side(left, abreast)
    height = _HEAD + _ROW * len(rows) + _NUMBERS
    drawn: list[str] = []
    for expert, title in enumerate(titles):
        x, y = lefts[expert % abreast], expert // abreast * height
        grid = Grid(x, y + _HEAD, width / len(layers), _ROW, len(layers), len(rows))
        drawn += (grid.title(title), *_cells(grid, shares[:, :, expert] / full), grid.outline())
        drawn += _layers(grid, layers)
        drawn += grid.names_down(rows) if expert % abreast == 0 else ()
    bottom = math.ceil(len(names) / abreast) * height
    drawn.append(words((left + WIDTH - EDGE) / 2, bottom + 8, "layer", anchor="middle", size=TITLE_SIZE))
    described = f"One panel per expert; no shading is a share of 0%, full shading one of {units.percent(full)} or more."
    title = "Share of each expert by layer and domain"
    return "".join((opening(name, WIDTH, bottom + _LABEL, title, described, kind="figure"), *drawn, "</svg>"))


def _cells(grid: Grid, fullness: NDArray[np.float64]) -> Iterator[str]:
    """Shade the cells; shape of `fullness`: (layers, domains)."""
    for (layer, domain), full in np.ndenumerate(fullness):
        if full > 0:
            yield grid.cell(domain, layer, 0, min(float(full), 1.0), gap=0.0)


def _layers(grid: Grid, layers: Sequence[int]) -> Iterator[str]:
    """Write the numbers of layers, evenly spaced ones where they are many."""
    step = next(each for each in (1, 2, 5, 10, 20, 50, 100, len(layers)) if len(layers) <= _MOST_NUMBERS * each)
    for index in range(0, len(layers), step):
        yield words(grid.middle(index), grid.bottom + 13, str(layers[index]), anchor="middle", size=NAME_SIZE)
