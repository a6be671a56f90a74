"""Say how many of the modelled joules may be too many, as other work can make CPU seconds longer.

Modelled joules are by the CPU seconds of the system, which other work on the machine is not part of. It can still make
them longer: a thread that shares caches, memory or a core computes more slowly. No spread shows that where it lasts as
long as the run. So the lower bound of joules allows for it.

Assumed: it makes CPU seconds longer by no more than `LONGER`. That fails where threads wait for each other by computing
(OpenMP): on two processors next to two busy loops a model of PyTorch used 2.1 times the CPU seconds. To see it in a run
of one's own, compare CPU seconds per request with those of a quiet machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.tables.item_matrix import item_sums
from wattbench_reports.tables.run_tables import Frames

TOO_MANY = "energy_j_too_many"
"""The kind of sum: joules that may be too many, of all answers that have some."""
LONGER = 0.10
"""By which share. One thread of Python next to busy loops on two processors: 0 to 7% (`benchmarks/bench_effort.py`)."""


def other_work_sums(frames: Frames) -> dict[str, NDArray[np.float64]]:
    """Return the joules of each item and system that other work may have added: `TOO_MANY` to shape (items, systems).

    Args:
        frames: the run.

    Returns:
        Empty where no modelled joules are of a window next to other work.
    """
    names = [*frames.categories("window"), None]
    contended = _next_to_other_work(frames.windows).reindex(names, fill_value=False).to_numpy(dtype=bool)
    if not contended.any():
        return {}
    modelled = np.array([name == "modelled" for name in frames.categories("energy_provenance")] + [False])

    def of_system(system: str) -> Iterator[NDArray[np.float64]]:
        rows = frames.answers_of(system)
        energy_j = frames.figures("energy_j", rows)
        unsure = contended[frames.codes("window", rows)] & modelled[frames.codes("energy_provenance", rows)]
        yield np.where(unsure & np.isfinite(energy_j), energy_j * LONGER / (1.0 + LONGER), 0.0)

    [too_many] = item_sums(frames, 1, of_system)
    return {TOO_MANY: too_many} if too_many.any() else {}


def _next_to_other_work(windows: pd.DataFrame) -> pd.Series:
    """Return whether other work ran in each window, by the window's name.

    Other work in one window of a block counts for all windows of the block. Of a window shorter than half a second the
    kernel says nothing: the others of its block were next to it in time.
    """
    table = windows.drop_duplicates("window").set_index("window")
    contended = table["contended"] == 1
    in_block = contended.groupby([table["block"], table["attempt"]]).transform("any")  # outside of blocks: missing
    return contended | in_block.eq(True)
