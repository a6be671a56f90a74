"""Writes labels next to marks and lines, where they hide as little as may be.

A label takes the first of its places that is within the axes and has no mark or other label in it, and of those one
that the fewest lines cross. A label without such a place is left out: a table has its mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_APART_PT = 3.0
"""Between a line and its label."""
_ALONG = (0.85, 0.7, 0.55, 0.4, 0.25, 0.12, 0.98)
"""How far along its line a label is tried, in this order."""
_SIDES = ((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Where a label of a mark is tried, in this order: right or left, above or below."""
_HORIZONTAL = {1: "left", 0: "center", -1: "right"}
"""Which side of a label is at its place, by where the label is of it."""
_STEP_PX = 2.0
"""Between the points of a line at which it counts as crossed."""

Points = NDArray[np.float64]
"""Shape (points, 2): values on both axes, or pixels."""


@dataclass(frozen=True)
class DirectLabel:
    """A label of a mark or a line."""

    text: str
    at: Sequence[tuple[float, float]]
    """The place of the mark, alone, or the points of the line: values on both axes."""
    colour: str = INK
    bold: bool = False


@dataclass(frozen=True)
class _Place:
    """Where a label may be, in pixels."""

    x: float
    y: float
    across: float
    up: float
    """From there to the label."""
    side: int

    def box(self, width: float, height: float) -> Points:
        """Return the corners of a label: lower left, upper right."""
        left = self.x + self.across - width * {1: 0.0, 0: 0.5, -1: 1.0}[self.side]
        bottom = self.y + self.up - height / 2
        return np.array([[left, bottom], [left + width, bottom + height]])


def direct_labels(
    axes: Axes, labels: Sequence[DirectLabel], marks: Sequence[tuple[float, float]], lines: Sequence[Points] = ()
) -> None:
    """Write labels, the first ones first, onto axes on which everything else is drawn.

    Args:
        axes: with their scales.
        labels: each at a mark or along a line.
        marks: the places of all marks, as values on both axes.
        lines: what labels should not cross, as values on both axes.
    """
    figure = figure_of(axes)
    figure.draw_without_rendering()  # lays it out
    pixels, within = figure.dpi / 72, axes.get_window_extent().get_points()
    crossed = np.concatenate([np.empty((0, 2)), *(_dense(axes.transData.transform(line)) for line in lines)])
    half = _MARK_PT * pixels
    taken = [np.array([at - half, at + half]) for at in axes.transData.transform(np.reshape(marks, (-1, 2)))]
    for number, label in enumerate(labels):
        text = axes.annotate(
            label.text, label.at[0], (0, 0), textcoords="offset points", va="center", color=label.colour,
            fontsize=TEXT_PT, fontweight="bold" if label.bold else "normal", gid=f"label-{number}",
        )  # fmt: skip
        text.set_in_layout(False)
        size = text.get_window_extent()
        best: tuple[int, _Place] | None = None
        for place in _places(axes.transData.transform(label.at), size.height, pixels):
            box = place.box(size.width, size.height)
            if (box[0] < within[0]).any() or (box[1] > within[1]).any() or any(_meet(box, each) for each in taken):
                continue
            count = int(((crossed > box[0]) & (crossed < box[1])).all(axis=1).sum())
            if best is None or count < best[0]:
                best = count, place
            if count == 0:
                break
        if best is None:
            text.remove()
            continue
        place = best[1]
        taken.append(place.box(size.width, size.height))
        if len(label.at) > 1:
            text.xy = tuple(axes.transData.inverted().transform((place.x, place.y)))
        text.set(position=(place.across / pixels, place.up / pixels), ha=_HORIZONTAL[place.side])


def _places(at: Points, height: float, pixels: float) -> Iterator[_Place]:
    if len(at) == 1:
        (x, y), far = at[0].tolist(), (_MARK_PT + 1) * pixels
        for side, up in _SIDES:
            yield _Place(x, y, side * far, up * (0.5 * height if side else far + height / 2), side)
    else:
        dense = _dense(at)
        for share in _ALONG:
            x, y = dense[round(share * (len(dense) - 1))].tolist()
            for rows in (1, -1, 2, -2):
                rise = rows * (height / 2 + _APART_PT * pixels)
                yield from (_Place(x, y, 0.0, rise, side) for side in (-1, 1, 0))


def _dense(line: Points) -> Points:
    """Return points along a line that are close to each other, without those that are not finite."""
    known = line[np.isfinite(line).all(axis=1)]
    if len(known) < 2:
        return known
    along = np.concatenate([[0.0], np.hypot(*np.diff(known, axis=0).T).cumsum()])
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / _STEP_PX)))
    return np.column_stack([np.interp(at, along, known[:, side]) for side in (0, 1)])


def _meet(one: Points, other: Points) -> bool:
    return bool((one[0] < other[1]).all() and (other[0] < one[1]).all())
