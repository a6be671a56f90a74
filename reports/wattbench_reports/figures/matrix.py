"""Systems by domains, a panel per metric: each cell shaded by its value, with its number in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.shared import colour
from wattbench_reports.figures.svg import INK, QUIET, SETTINGS, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    import matplotlib as mpl
    from matplotlib.figure import Figure

    abreast = len(domains) <= _ABREAST
    rows, columns = (1, len(fields)) if abreast else (len(fields), 1)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, rows * (0.8 + 0.27 * len(systems))), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axis, field in zip(axes, fields, strict=True):
            _field(axis, field)
            axis.set_xlim(-0.5, len(domains) - 0.5)
            axis.set_ylim(len(systems) - 0.5, -0.5)
            longest = _LONGEST_ABREAST if abreast else _LONGEST
            axis.set_xticks(range(len(domains)), clipped_apart(domains, longest))
            axis.set_yticks(range(len(systems)), clipped_apart(systems, _LONGEST))
            axis.tick_params(axis="x", labelbottom=True)
            axis.tick_params(length=0, labelcolor=INK, labelsize=9.5)
            if abreast and len(domains) > 1:
                for name_of in axis.get_xticklabels():
                    name_of.set(rotation=35, ha="right", rotation_mode="anchor")
            for spine in axis.spines.values():
                spine.set_color(QUIET)
        described = "; ".join(f"{field.title}: {_described(field, systems, domains)}" for field in fields)
        return inline_svg(
            figure,
            name=name,
            title=title,
            description=f"Rows are systems, columns are domains; the stronger the shading, the better. {described}.",
        )


def _field(axis: Axes, field: MatrixMetric) -> None:
    from matplotlib.patches import Rectangle

    for row, (texts, shades) in enumerate(zip(field.texts, field.fullness, strict=True)):
        for column, (text, shade) in enumerate(zip(texts, shades, strict=True)):
            if shade is not None:
                alpha = _SHADE * min(max(shade, 0.0), 1.0)
                axis.add_patch(
                    Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=colour(field.series), alpha=alpha)
                )
            number = axis.text(column, row, text, ha="center", va="center", fontsize=8.5, color=INK)
            number.set_in_layout(False)  # within the axes: measuring it takes longer than drawing it
    axis.set_title(field.title, fontsize=10.5, color=INK, loc="left")


def _described(field: MatrixMetric, systems: Sequence[str], domains: Sequence[str]) -> str:
    return ", ".join(
        f"{system} {' '.join(f'{domain} {text}' for domain, text in zip(domains, texts, strict=True))}"
        for system, texts in zip(systems, field.texts, strict=True)
    )
