"""Co-activation of experts: a matrix per group of layers, relative to chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import colour
from wattbench_reports.figures.svg import INK, QUIET, SETTINGS, inline_svg
from wattbench_reports.formatting import units

MORE, LESS = 0, 1
"""Indices of the colours for more and for less often than by chance."""

_FULL = 1.0
"""Doublings or halvings relative to chance at which a cell is fully shaded."""
_FADE = 0.75
"""Opacity of a fully shaded cell, in which its number is still legible."""


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
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    columns = 2 if len(groups) > 1 else 1
    rows = math.ceil(len(groups) / columns)
    number = len(names)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, rows * (0.9 + 0.36 * (number - 1))), layout="constrained")
        fields = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for field in fields[len(groups) :]:
            field.set_axis_off()
        for field, (title, ratios) in zip(fields, groups.items(), strict=False):
            for (first, second), ratio in zip(pairs, ratios.tolist(), strict=True):
                if math.isfinite(ratio):
                    series, alpha = _shade(ratio)
                    corner = (second - 0.5, first - 0.5)
                    field.add_patch(Rectangle(corner, 1, 1, facecolor=colour(series), alpha=alpha, linewidth=0))
                shown = units.digits(ratio) if math.isfinite(ratio) else units.NONE
                field.text(second, first, shown, ha="center", va="center", fontsize=9.5, color=INK)
            field.set_xlim(0.5, number - 0.5)
            field.set_ylim(number - 1.5, -0.5)
            field.set_xticks(range(1, number), names[1:], rotation=20 if number > 3 else 0, ha="right")
            field.set_yticks(range(number - 1), names[:-1])
            field.set_title(title, fontsize=10.5, color=INK, loc="left")
            field.tick_params(color=INK, labelcolor=INK, labelsize=9.5, length=0)
            for spine in field.spines.values():
                spine.set_color(QUIET)
        return inline_svg(
            figure,
            name=name,
            title="Experts selected for the same token, observed over expected",
            description=(
                "One matrix per group of layers, one cell per pair; 1 is chance. The stronger the shading, the "
                "further from chance, in one colour for more often and in another for less."
            ),
        )


def _shade(ratio: float) -> tuple[int, float]:
    """Choose the index of the colour and its opacity."""
    doublings = math.log2(ratio) if ratio > 0 else -math.inf
    return (MORE if doublings >= 0 else LESS), _FADE * min(abs(doublings) / _FULL, 1.0)
