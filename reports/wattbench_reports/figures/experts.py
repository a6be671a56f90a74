"""Expert selection by domain and layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.cells import ShadedCell, cells
from wattbench_reports.figures.drawing import TEXT_PT, WIDE_IN, Drawing, short
from wattbench_reports.figures.palette import INK, colour
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ABREAST = 4
_NUMBERS = 6
"""Numbers of layers below a panel, at most."""
_ROW_IN, _AROUND_IN = 0.24, 0.75
"""Heights of a domain, and of what is around the cells of a panel."""


@dataclass(frozen=True)
class ExpertShares:
    """The selections of a mixture."""

    system: str
    shares: NDArray[np.float64]
    """Of each expert in the selections of a domain in a layer: shape (layers, domains, experts)."""
    layers: Sequence[int]
    """Their numbers."""
    domains: Sequence[str]
    experts: Sequence[str]
    full: float
    """The share of full shading."""


def experts(mixtures: Sequence[ExpertShares]) -> Drawing:
    """Plot the share of each expert in the selections of a domain, layer by layer: a panel per mixture and expert."""
    number = sum(len(each.experts) for each in mixtures)
    columns = min(number, _ABREAST)
    rows = max(len(each.domains) for each in mixtures)
    full = "; ".join(f"{units.percent(each.full)} or more ({each.system})" for each in mixtures)
    return Drawing(
        "experts-figure",
        "Share of each expert by layer and domain",
        f"One panel per expert; no shading is a share of 0%, full shading one of {full}.",
        partial(_draw, mixtures, columns),
        panels=number,
        columns=columns,
        size_in=(WIDE_IN, -(-number // columns) * (_AROUND_IN + _ROW_IN * rows)),
    )


def _draw(mixtures: Sequence[ExpertShares], columns: int, panels: Sequence[Axes]) -> None:

    of_panels = [(each, expert) for each in mixtures for expert in range(len(each.experts))]
    for number, (axes, (each, expert)) in enumerate(zip(panels, of_panels, strict=True)):
        fullness = np.clip(each.shares[:, :, expert].T / each.full, 0.0, 1.0)
        rows = [[ShadedCell("", colour(0), float(one)) for one in of_domain] for of_domain in fullness]
        names = each.domains if number % columns == 0 or of_panels[number - 1][0].domains != each.domains else ()
        cells(axes, rows, names, [str(layer) for layer in each.layers], gap=0.0)
        shown = range(0, len(each.layers), max(1, -(-len(each.layers) // _NUMBERS)))
        axes.set_xticks([index + 0.5 for index in shown], [str(each.layers[index]) for index in shown])
        axes.tick_params(axis="x", rotation=0)
        name, title = short([each.system], 16)[0], short(each.experts, 22)[expert]
        title = title if len(mixtures) == 1 else f"{name}: {title}"
        axes.set_title(title, loc="left", fontsize=TEXT_PT, color=INK)
        axes.set_xlabel("layer")
