"""Members that answered, by domain, as shaded cells with their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import colour
from wattbench_reports.figures.svg import INK, QUIET, SETTINGS, inline_svg
from wattbench_reports.formatting import units

_FULLEST = 0.55
"""Opacity of a cell with all answers: the number in it must stay legible."""
_LONGEST = 18
"""The longest name, in characters; the table below has it in full."""


def misroutes(
    counts: NDArray[np.int64], domains: Sequence[str], members: Sequence[str], best: Sequence[int | None], *, name: str
) -> str:
    """Plot one row per domain and one column per member, with a frame around the domain's best member.

    Args:
        counts: shape (domains, members): answers.
        domains: the rows.
        members: the columns.
        best: of each domain the column of its best member, where that is known.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, 1.1 + 0.55 * len(domains)), layout="constrained")
        axes = figure.subplots()
        for (row, column), share in np.ndenumerate(shares):
            corner = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour(0), alpha=_FULLEST * share))
            text = f"{counts[row, column]:,} ({units.percent(share)})" if counts[row, column] else "0"
            axes.text(column, row, text, ha="center", va="center", fontsize=10, color=INK)
        for row, column in enumerate(best):
            if column is not None:
                frame = Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, fill=False, edgecolor=INK, linewidth=1.6)
                axes.add_patch(frame)
        axes.set_xlim(-0.5, len(members) - 0.5)
        axes.set_ylim(len(domains) - 0.5, -0.5)
        axes.set_yticks(range(len(domains)), [_short(text) for text in domains])
        axes.set_xticks(range(len(members)), [_short(text) for text in members])
        axes.xaxis.tick_top()
        axes.tick_params(color=QUIET, labelcolor=INK, labelsize=10, length=0)
        for spine in axes.spines.values():
            spine.set_color(QUIET)
        return inline_svg(
            figure,
            name=name,
            title="Members that answered, by domain",
            description=(
                "One row per domain, one column per member: answers, and their share of the domain. The stronger the "
                "shading, the larger the share; a frame marks the domain's best member. "
                + _described(shares, domains, members)
            ),
        )


def _described(shares: NDArray[np.float64], domains: Sequence[str], members: Sequence[str]) -> str:
    most = shares.argmax(axis=1)
    return (
        "; ".join(
            f"{domain}: mostly {members[column]}, {units.percent(float(shares[row, column]))}"
            for row, (domain, column) in enumerate(zip(domains, most, strict=True))
        )
        + "."
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
