"""Say with which scores the judged answers of a night count, as `wattbench_reports.tables.judged_tasks` has it.

A night whose judged tasks are labelled has their corrected scores; of another one these answers are in no figure. Each
night is corrected by its own labels, so that a series scatters by their errors, too, as its level and limits hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattbench.records import RunRecords
from wattbench_reports.tables.asked_systems import answers_among
from wattbench_reports.tables.judged_tasks import judged_tasks

COLUMNS = ("run", "file_row_number", "corrected", "kept")


@dataclass(frozen=True)
class JudgedNight:
    """The judged answers of a night."""

    answers: pd.DataFrame
    """Columns `COLUMNS`, of each judged answer: its row in `items.parquet`, its score (NaN: it has none), and whether
    it is in the figures."""
    opinions: Mapping[str, str]
    """Task of which there is only a judge's opinion to what it lacks, as a clause."""


def judged_night(name: str, run: RunRecords) -> JudgedNight | None:
    """Read the judged answers of a night; None where no task is judged.

    Args:
        name: of the night's directory.
        run: the night.

    Raises:
        UserError: a verdict, a label or a table is damaged.
    """
    if not run.judges():
        return None
    judged = judged_tasks(run, answers_among(run))
    if judged is None:
        return None
    answers = pd.DataFrame(
        {
            "run": name,
            "file_row_number": judged.answers["place"].to_numpy(dtype=np.int64),
            "corrected": judged.answers["correct"].to_numpy(dtype=np.float64),
            "kept": ~judged.answers["task"].isin(judged.left_out).to_numpy(),
        }
    )
    return JudgedNight(answers, dict(judged.opinions))
