"""Co-activation of experts: a matrix per mixture and group of layers, relative to chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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

_MORE, _LESS = colour(0), colour(1)
"""More and less often than by chance."""
_FULL = 1.0
"""Doublings or halvings relative to chance at which a cell is fully shaded."""
_FADE = 0.75
"""Opacity of a fully shaded cell, in which its number is still legible."""
_LONGEST = 14
"""The longest name of an expert, in characters; the table has it in full."""
_ABREAST = 2
_ROW_IN, _AROUND_IN = 0.36, 0.75
"""Heights of an expert, and of what is around the cells of a panel."""


@dataclass(frozen=True)
class CoActivation:
    """The pairs of a mixture's experts."""

    system: str
    groups: Mapping[str, NDArray[np.float64]]
    """Title of a group of layers to observed over expected, shape (pairs,); NaN where nothing is expected."""
    pairs: Sequence[tuple[int, int]]
    """The two experts of each pair, the smaller index first."""
    experts: Sequence[str]


def co_activation(mixtures: Sequence[CoActivation]) -> Drawing:
    """Plot observed over expected for every pair: a panel per mixture and group of layers."""
    number = sum(len(each.groups) for each in mixtures)
    columns = min(number, _ABREAST)
    rows = max(len(each.experts) - 1 for each in mixtures)
    return Drawing(
        "co-activation-figure",
        "Experts selected for the same token, observed over expected",
        "One matrix per group of layers, one cell per pair; 1 is chance. The stronger the shading, the further from "
        "chance, in one colour for more often and in another for less.",
        partial(_draw, mixtures),
        panels=number,
        columns=columns,
        size_in=(WIDE_IN, -(-number // columns) * (_AROUND_IN + _ROW_IN * rows)),
    )


def _draw(mixtures: Sequence[CoActivation], panels: Sequence[Axes]) -> None:
    of_panels = [(each, title) for each in mixtures for title in each.groups]
    for axes, (each, title) in zip(panels, of_panels, strict=True):
        rows = [[ShadedCell()] * (len(each.experts) - 1) for _ in each.experts[1:]]
        for (first, second), ratio in zip(each.pairs, each.groups[title].tolist(), strict=True):
            rows[first][second - 1] = _cell(ratio)
        cells(axes, rows, each.experts[:-1], each.experts[1:], longest=_LONGEST)
        name = "" if len(mixtures) == 1 else f"{short([each.system], 30)[0]}, "
        axes.set_title(f"{name}{title}", loc="left", fontsize=TEXT_PT, color=INK)


def _cell(ratio: float) -> ShadedCell:
    if not math.isfinite(ratio):
        return ShadedCell(units.NONE)
    doublings = math.log2(ratio) if ratio > 0 else -math.inf
    return ShadedCell(units.digits(ratio), _MORE if doublings >= 0 else _LESS, _FADE * min(abs(doublings) / _FULL, 1.0))
