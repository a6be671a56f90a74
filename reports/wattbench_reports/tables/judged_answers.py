"""Read what a judge and people say of single answers of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.run_tables import Frames


def opinions_of(frames: Frames, rows: NDArray[np.integer] | slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the verdict and the label of some answers, 0 to 1; NaN where there is none.

    Args:
        frames: the run.
        rows: of its answers.
    """
    judged = frames.judged_tasks
    places = np.arange(frames.number) if frames.rows is None else np.flatnonzero(frames.rows.to_numpy())
    if judged is None:
        nothing = np.full(len(places[rows]), np.nan)
        return nothing, nothing
    known = judged.answers.set_index("place")[["verdict", "label"]].reindex(places[rows])
    return known["verdict"].to_numpy(), known["label"].to_numpy()
