"""Writes a line of many points as a path of few letters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def line_path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Write the path through points, to a tenth of a unit.

    Points on the way from the one before to the one after, straight up, down or across, are left out: nothing of them
    can be seen.

    Args:
        x: in units of the view box.
        y: the same shape; the line is broken where it is NaN.
    """
    x, y = np.round(x, 1), np.round(y, 1)
    moved = np.concatenate([[True], (np.diff(x) != 0) | (np.diff(y) != 0)])[: len(x)]
    x, y = x[moved], y[moved]
    kept = np.flatnonzero(~_on_the_way(x, y))
    said, drawing = [], False
    for across, up, known in zip(x[kept].tolist(), y[kept].tolist(), np.isfinite(x + y)[kept].tolist(), strict=True):
        if known:
            said.append(f"{'L' if drawing else 'M'}{across:g} {up:g}")
        drawing = known
    return "".join(said)


def _on_the_way(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie between their neighbours on a level or upright line, ends of lines never among them.

    No two neighbours are the same point: of a peak that is there twice, each would lie between the other and the foot.
    """
    before_x, before_y, after_x, after_y = np.diff(x)[:-1], np.diff(y)[:-1], np.diff(x)[1:], np.diff(y)[1:]
    upright = (before_x == 0) & (after_x == 0) & (before_y * after_y > 0)
    level = (before_y == 0) & (after_y == 0) & (before_x * after_x > 0)
    return np.concatenate([[False], upright | level, [False]])[: len(x)]
