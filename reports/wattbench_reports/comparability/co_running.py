"""Find with how many other device slots of the machine a system was measured, and what of its joules they shared.

Conventions. Several slots of a machine measure at once, and a block's systems follow one another on one slot: what the
others do hits all systems alike, and changes a little from window to window, as slots begin and end. So a system is
said to have been measured with the median number of other slots over its windows. Seconds of a loaded host are compared
with those of a host that was as loaded; joules are so only if a shared component is among them, as a GPU's are its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wattbench.records import Part, part

ALONE = part({"other slots": 0}, "")
"""The part `co_runners` of a system that had the machine alone; older records and imports say nothing else."""


def co_runners_part(windows: pd.DataFrame) -> Part:
    """Return the part `co_runners` of a system.

    Args:
        windows: its measured windows, with the column `co_runners`, which may lack values.
    """
    return part({"other slots": typical(windows["co_runners"])}, "") if len(windows) else ALONE


def typical(co_runners: pd.Series) -> int:
    """Return the median of numbers of other slots, rounded up; a missing one is none."""
    numbers = pd.to_numeric(co_runners, errors="coerce").fillna(0).to_numpy()
    return int(np.ceil(np.median(numbers))) if len(numbers) else 0


def shared_ways(ways: Mapping[str, str], windows: pd.DataFrame) -> dict[str, str]:
    """Add to how components were read that they were shared, and by how many.

    Args:
        ways: component to provenance.
        windows: those of which the joules are, with the columns `co_runners` and `shared` (lists of components).
    """
    shared = {name for row in windows["shared"] if row is not None for name in row}
    others = typical(windows["co_runners"])
    return {
        name: f"{how}, a part of what {others + 1} slots shared" if name in shared and others else how
        for name, how in ways.items()
    }
