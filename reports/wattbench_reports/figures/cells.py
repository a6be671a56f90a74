"""Draws a table of shaded cells on axes, with names along its sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench_reports.figures.drawing import LETTER, SMALL_PT, figure_of, short
from wattbench_reports.figures.palette import INK, LINE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP = 0.06
"""The gap between cells, as a share of a cell."""
_TURN = 35.0
"""Degrees by which the names of columns are turned where one is wider than its column."""
_LONGEST = 30
"""The longest name, in characters."""


@dataclass(frozen=True)
class ShadedCell:
    """A cell: its text, its shading, and whether it has a frame."""

    text: str = ""
    colour: str = ""
    """Empty: not shaded."""
    opacity: float = 0.0
    """0 to 1."""
    framed: bool = False


def cells(
    axes: Axes,
    rows: Sequence[Sequence[ShadedCell]],
    row_names: Sequence[str],
    column_names: Sequence[str],
    *,
    longest: int = _LONGEST,
    gap: float = _GAP,
    size_pt: float = SMALL_PT,
) -> None:
    """Draw cells, the first row at the top.

    Args:
        axes: empty ones.
        rows: of cells, as many in each.
        row_names: at the left; empty: none are shown.
        column_names: below, turned where one is wider than its column.
        longest: the longest name of a column, in characters.
        gap: between cells, as a share of a cell.
        size_pt: of the letters in cells.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    across = range(len(column_names))
    placed = [(x, y, cell) for y, row in enumerate(rows) for x, cell in enumerate(row)]
    shaded = [(x, y, to_rgba(cell.colour, cell.opacity)) for x, y, cell in placed if cell.colour and cell.opacity > 0]
    boxes = [Rectangle((x + gap / 2, y + gap / 2), 1 - gap, 1 - gap) for x, y, _ in shaded]
    axes.add_collection(PatchCollection(boxes, facecolors=[fill for *_, fill in shaded], linewidths=0))
    for x, y, cell in placed:
        if cell.framed:
            frame = Rectangle((x + gap / 2, y + gap / 2), 1 - gap, 1 - gap, fill=False, edgecolor=INK, linewidth=1.6)
            axes.add_patch(frame)
        if cell.text:
            axes.text(x + 0.5, y + 0.5, cell.text, ha="center", va="center", fontsize=size_pt, color=INK)
    columns, shown = short(column_names, longest), short(row_names, _LONGEST)
    axes.set(xlim=(0, len(across)), ylim=(len(rows), 0))
    axes.set_xticks([x + 0.5 for x in across], columns)
    axes.set_yticks([y + 0.5 for y in range(len(shown))], shown)
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize=SMALL_PT)
    for spine in axes.spines.values():
        spine.set(visible=True, color=LINE)
    column_pt = 72 * axes.get_position().width * figure_of(axes).get_figwidth() / max(len(across), 1)
    if LETTER * SMALL_PT * max(map(len, columns), default=0) > column_pt:
        axes.tick_params(axis="x", rotation=_TURN)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
