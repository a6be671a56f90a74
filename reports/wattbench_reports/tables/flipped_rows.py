"""Choose which of the items that flipped are shown: those that one of two systems alone answers correctly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RIGHT = 0.5
"""An item counts as right where the mean score of its answers is at least this: a flip needs a right and a wrong."""

KEY_CHARACTERS = 200
"""Of an expected answer, the most that are shown."""


def spread(
    flipped: NDArray[np.bool_], tasks: NDArray[np.int64], number: int, order: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Return rows of flipped items, taken from each task in turn, `most` at most.

    Args:
        flipped: shape (items,).
        tasks: shape (items,), the number of each item's task.
        number: of tasks.
        order: shape (items,), a fixed random place for each item: which are shown does not depend on answers.
        most: of the rows.
    """
    rows = np.flatnonzero(flipped)
    rows = rows[np.argsort(order[rows])]
    task_of_row = tasks[rows]
    queues = [rows[task_of_row == task][:most] for task in range(number)]
    turns = [row for turn in range(most) for queue in queues for row in queue[turn : turn + 1]]
    return np.asarray(turns[:most], dtype=np.int64)
