"""Defines a figure before it is drawn, and draws it on axes of matplotlib.

matplotlib is imported by functions alone: it takes a third of a second, and most commands draw nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.palette import INK, LINE
from wattbench_reports.formatting.safe_text import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE_IN, HIGH_IN = 9.0, 3.9
"""Width and height of a figure over the whole width of a page."""
TEXT_PT, SMALL_PT = 10.5, 9.0
"""Sizes of letters: usual, and where there is less room."""
LETTER = 0.58
"""The mean width of a letter of matplotlib's own font, as a share of its size."""
_SAMPLE_PT, _ROW_IN = 36.0, 0.22
"""Width of a legend's sample with the gaps around it, and height of a row."""
_LONGEST = 60
"""The longest name in a figure, in characters; tables and descriptions have it in full."""


@dataclass(frozen=True)
class Drawing:
    """A figure: what is drawn, and its texts for screen readers."""

    name: str
    """Unique in a page: its id."""
    title: str
    description: str
    draw: Callable[[Sequence[Axes]], None]
    """Draws on as many axes as there are panels. What has a label is in the legend."""
    panels: int = 1
    columns: int = 1
    """Panels next to each other."""
    size_in: tuple[float, float] = (WIDE_IN, HIGH_IN)
    """Width and height without the legend."""


def on_axes(drawing: Drawing, axes: Axes | Sequence[Axes] | None = None) -> Axes | Sequence[Axes]:
    """Draw a figure on axes, for a notebook or a paper.

    Args:
        drawing: the figure.
        axes: where: one, or as many as there are panels; None: on a new figure of `matplotlib.pyplot`.

    Returns:
        The axes: one, or a sequence where the figure has several panels.

    Raises:
        ValueError: there are not as many axes as panels.
    """
    import matplotlib as mpl

    with mpl.rc_context({"text.parse_math": False}):
        if axes is None:
            from matplotlib import pyplot

            drawn = complete(drawing, pyplot.figure(layout="constrained"))
        else:
            drawn = tuple(axes) if isinstance(axes, Iterable) else (axes,)
            if len(drawn) != drawing.panels:
                raise ValueError(f"{drawing.title}: {drawing.panels} axes are needed, one per panel")
            _draw(drawing, drawn)
            _legend(drawn[0], drawn, figure_of(drawn[0]))
    return drawn if drawing.panels > 1 else drawn[0]


def complete(drawing: Drawing, figure: Figure) -> tuple[Axes, ...]:
    """Draw on an empty figure, with a legend above the panels, which makes the figure higher."""
    figure.set_size_inches(drawing.size_in)
    rows = -(-drawing.panels // drawing.columns)
    panels = tuple(figure.subplots(rows, drawing.columns, squeeze=False).flat)
    axes = panels[: drawing.panels]
    for empty in panels[drawing.panels :]:
        empty.remove()
    _draw(drawing, axes)
    legend_rows = _legend(figure, axes, figure)
    figure.set_size_inches(drawing.size_in[0], drawing.size_in[1] + _ROW_IN * legend_rows)
    return axes


def figure_of(axes: Axes) -> Figure:
    """Return the whole figure that axes are part of."""
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes were removed from their figure"
    return figure


def short(names: Iterable[str], longest: int = _LONGEST) -> list[str]:
    """Cut names to a length that a figure has room for, no two alike, and make them visible.

    One that begins with an underscore has a space before it: matplotlib leaves labels with one out of legends.
    """
    clipped = clipped_apart([visible(name) for name in names], longest)
    return [f" {name}" if name.startswith("_") else name for name in clipped]


def _draw(drawing: Drawing, axes: Sequence[Axes]) -> None:
    for each in axes:
        for side, spine in each.spines.items():
            spine.set_visible(side in {"left", "bottom"})
            spine.set_color(INK)
        each.tick_params(which="both", color=INK, labelcolor=INK, labelsize=TEXT_PT)
        for label in (each.xaxis.label, each.yaxis.label):
            label.set(color=INK, fontsize=TEXT_PT)
        each.grid(visible=True, color=LINE, linewidth=0.8)
        each.set_axisbelow(True)
    drawing.draw(axes)


def _legend(parent: Figure | Axes, axes: Sequence[Axes], figure: Figure) -> int:
    """Add a legend above the panels of everything that has a label, and return its number of rows."""
    from matplotlib.axes import Axes

    by_label: dict[str, Artist] = {}
    for each in axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            by_label.setdefault(label, handle)
    if not by_label:
        return 0
    columns = _abreast(list(by_label), 72 * figure.get_figwidth())
    where = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0)} if isinstance(parent, Axes) else {
        "loc": "outside upper left"
    }  # fmt: skip
    parent.legend(
        by_label.values(), by_label.keys(), ncols=columns, frameon=False, fontsize=TEXT_PT, labelcolor=INK,
        handletextpad=0.5, columnspacing=1.4, borderaxespad=0.2, **where,
    )  # fmt: skip
    return -(-len(by_label) // columns)


def _abreast(labels: Sequence[str], width_pt: float) -> int:
    """Return the number of columns of a legend that fit into a width, each as wide as its longest label."""
    for columns in range(len(labels), 1, -1):
        longest = [max(map(len, each)) for each in np.array_split(labels, columns)]  # as matplotlib fills them
        if sum(_SAMPLE_PT + LETTER * TEXT_PT * each for each in longest) <= width_pt:
            return columns
    return 1
