"""Writes names next to marks on axes, so that none covers another one or a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wattbench_reports.figures.drawing import LETTER, SMALL_PT
from wattbench_reports.figures.palette import PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLACES = ((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Directions from a mark, corners first: its bars are level and upright."""
_APART_PT, _HIGH_PT = 7.0, 12.0
"""From the middle of a mark to its name, and the height of a name."""
_BOLDER = 1.1
"""How much wider a name in heavier type is."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""


def label_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    colours: Sequence[str],
    bold: Sequence[bool],
) -> None:
    """Write a name next to each point, the first ones first; one for which there is no room is left out.

    Args:
        axes: with its final scales. A layout may still move its edges a little.
        points: of all marks, in data units.
        names: one for each point; an empty one is not written.
        colours: of the names.
        bold: which names are in heavier type.
    """
    to_pt = 72 / axes.get_figure(root=True).dpi
    places = axes.transData.transform(points) * to_pt
    left, bottom, right, top = (each * to_pt for each in axes.bbox.extents)
    taken: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for x, y in places.tolist()]
    for point, (x, y), name, colour, heavy in zip(points, places.tolist(), names, colours, bold, strict=True):
        width = (_BOLDER if heavy else 1.0) * LETTER * SMALL_PT * len(name)
        for across, up in _PLACES if name else ():
            start = x + (across * _APART_PT - (1 - across) / 2 * width)
            foot = y + (up * (_APART_PT if not across else 2) - (1 - up) / 2 * _HIGH_PT)
            box = start, foot, start + width, foot + _HIGH_PT
            inside = left <= box[0] and bottom <= box[1] and box[2] <= right and box[3] <= top + _HIGH_PT
            if inside and not any(_meet(box, other) for other in taken):
                taken.append(box)
                axes.annotate(
                    name, point, xytext=(start - x, foot - y + 3), textcoords="offset points", fontsize=SMALL_PT,
                    color=colour, fontweight="bold" if heavy else "normal",
                    bbox={"facecolor": PAPER, "alpha": 0.6, "linewidth": 0, "pad": 0.5},
                )  # fmt: skip
                break


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
