"""Writes labels next to marks, where they hide as little as may be.

A label is on the first side of its mark on which it is within the axes and meets no mark or other label, and of those
one on which it covers the least of lines. A label without such a side is left out: a table has its mark. So is one that
would cover a line, if it may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.drawing import TEXT_PT, figure_of
from wattbench_reports.figures.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARK_PT = 6.0
"""Half the width of a mark, with some room."""
_SIDES = ((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Where a label is tried, in this order: right or left of its mark, above or below it."""
_ANCHORS = {1: ("left", 0.0), 0: ("center", 0.5), -1: ("right", 1.0)}
"""By the side that a label is on, which part of it is next to its mark, and at which share of its width that is."""
_STEP_PX = 2.0
"""Between the points of a line that are counted."""

Points = NDArray[np.float64]
"""Shape (points, 2): values on both axes, or pixels."""


@dataclass(frozen=True)
class DirectLabel:
    """A label of a mark."""

    text: str
    at: tuple[float, float]
    """Of the mark: values on both axes."""
    colour: str = INK
    bold: bool = False
    on_lines: bool = True
    """Whether it may cover lines."""


def direct_labels(
    axes: Axes, labels: Sequence[DirectLabel], marks: Sequence[tuple[float, float]], lines: Sequence[Points] = ()
) -> None:
    """Write labels, the first ones first, onto axes on which everything else is drawn.

    Args:
        axes: with their scales.
        labels: one per mark that has any.
        marks: all marks, as values on both axes.
        lines: what labels should not cover, as values on both axes.
    """
    figure = figure_of(axes)
    figure.draw_without_rendering()  # lays it out
    pixels, within, to_pixels = figure.dpi / 72, axes.get_window_extent().get_points(), axes.transData.transform
    covered = np.concatenate([np.empty((0, 2)), *(_dense(to_pixels(line).clip(*within)) for line in lines)])
    half = _MARK_PT * pixels
    taken = [np.array([at - half, at + half]) for at in to_pixels(np.reshape(marks, (-1, 2)))]
    for number, label in enumerate(labels):
        text = axes.annotate(
            label.text, label.at, (0, 0), textcoords="offset points", va="center", color=label.colour,
            fontsize=TEXT_PT, fontweight="bold" if label.bold else "normal", gid=f"label-{number}",
        )  # fmt: skip
        text.set_in_layout(False)
        free = []
        for side, up in _SIDES:
            anchor, share = _ANCHORS[side]
            size = np.array(text.get_window_extent().size)
            offset = np.array([side * (half + pixels), up * (size[1] / 2 if side else half + pixels + size[1] / 2)])
            corner = to_pixels(label.at) + offset - size * (share, 0.5)
            box = np.array([corner, corner + size])
            inside = (box[0] >= within[0]).all() and (box[1] <= within[1]).all()
            if inside and not any(_meet(box, each) for each in taken):
                hidden = int(((covered > box[0]) & (covered < box[1])).all(axis=1).sum())
                if label.on_lines or not hidden:
                    free.append((hidden, box, offset, anchor))
        if not free:
            text.remove()
            continue
        _, box, offset, anchor = min(free, key=lambda each: each[0])
        taken.append(box)
        text.set(position=offset / pixels, ha=anchor)


def _dense(line: Points) -> Points:
    """Return a line as closely spaced points, without points that are not known (NaN)."""
    line = line[~np.isnan(line).any(axis=1)]
    if len(line) < 2:
        return line
    along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / _STEP_PX)))
    return np.column_stack([np.interp(at, along, line[:, side]) for side in (0, 1)])


def _meet(one: Points, other: Points) -> bool:
    return bool((one[0] < other[1]).all() and (other[0] < one[1]).all())
