"""Sum the seconds and joules of each block and system: what machines are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.run_tables import Frames

_WHOLE = 0.9
"""With a smaller share of a block's answers timed, or metered, its mean is of other items than another system's."""


@dataclass(frozen=True)
class BlockFigures:
    """Sums of some blocks, each of shape (blocks, systems)."""

    blocks: NDArray[np.int64]
    """Shape (blocks,): their numbers."""
    answers: NDArray[np.float64]
    sums: dict[str, NDArray[np.float64]]
    """``seconds`` and ``joules``, over the answers that have them."""
    counts: dict[str, NDArray[np.float64]]
    """How many those are."""

    def logs(self, figure: str) -> NDArray[np.float64]:
        """Return the logarithm of the figure per request; NaN where too many answers lack it."""
        sums, counts = self.sums[figure], self.counts[figure]
        there = (counts >= _WHOLE * self.answers) & (sums > 0) & (counts > 0)
        logs = np.full(sums.shape, np.nan)
        logs[there] = np.log(sums[there] / counts[there])
        return logs


def block_figures(frames: Frames, blocks: Sequence[int]) -> BlockFigures:
    """Sum the answers of some blocks, system by system.

    Args:
        frames: the run.
        blocks: their numbers.
    """
    numbers = np.array(sorted(blocks), dtype=np.int64)
    shape = len(numbers), len(frames.systems)
    answers = np.zeros(shape)
    sums, counts = ({figure: np.zeros(shape) for figure in ("seconds", "joules")} for _ in range(2))
    for column, name in enumerate(frames.systems):
        rows = frames.answers_of(name)
        block = frames.figures("block", rows)
        inside = np.isin(block, numbers)
        position = np.searchsorted(numbers, block[inside])
        answers[:, column] = np.bincount(position, minlength=len(numbers))
        for figure, values in (("seconds", frames.seconds(rows)), ("joules", frames.figures("energy_j", rows))):
            known = np.isfinite(values[inside])
            sums[figure][:, column] = np.bincount(
                position[known], weights=values[inside][known], minlength=len(numbers)
            )
            counts[figure][:, column] = np.bincount(position[known], minlength=len(numbers))
    return BlockFigures(numbers, answers, sums, counts)
