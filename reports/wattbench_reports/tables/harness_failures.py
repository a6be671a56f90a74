"""Leave out attempts of agents that are no answers: their harness failed before any model call was made.

Such an attempt says nothing of the agent: counted as not solved it would blame the agent for a broken sandbox, and it
has no joules, tokens or calls. It is left out where a run is read, so that no figure has it. An item of which a system
has no other attempt is left out for all systems, as figures are compared over the same items alone; a system without
any other attempt has no answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.tables.table_columns import TableColumns

HARNESS = "harness"
"""The `ended` of such an attempt."""


@dataclass(frozen=True)
class AttemptsOfSystem:
    """All attempts of a system of which some failed in the harness."""

    attempts: int
    failed: int
    """In the harness."""
    solved: float
    """The sum of the scores of the others, also of items that are left out."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the accuracy over all attempts if those that failed had not been solved, and if they had."""
        return self.solved / self.attempts, (self.solved + self.failed) / self.attempts


@dataclass(frozen=True)
class HarnessFailures:
    """What is left out of a run."""

    kept: NDArray[np.bool_]
    """Shape (answers of the file,): which are read."""
    systems: Mapping[str, AttemptsOfSystem]
    """The systems with such attempts."""
    items: Mapping[str, int]
    """Task to the number of its items that are left out for all systems; those without any are not in it."""


def has_harness_failures(run: RunRecords) -> bool:
    """Return whether the harness failed in an attempt of a finished run.

    Raises:
        UserError: the table of items cannot be read.
    """
    with TableColumns(run.layout.items_table) as table:
        return bool(_failed(table).any())


def harness_failures(run: RunRecords, kept: NDArray[np.bool_] | None = None) -> HarnessFailures | None:
    """Return what is left out of a finished run; None where no attempt failed in the harness.

    Args:
        run: the run.
        kept: shape (answers of the file,): which are read otherwise; None: all.

    Raises:
        UserError: every attempt failed, or the table of items cannot be read.
    """
    with TableColumns(run.layout.items_table) as table:
        failed = _failed(table)
        if kept is not None:
            failed = failed & kept
        if not failed.any():
            return None
        read = np.ones(len(failed), dtype=np.bool_) if kept is None else kept
        table.require(("system", "task", "doc_id", "doc_hash", "correct"))
        system, task = table.coded("system"), table.coded("task")
        scores = np.nan_to_num(table.numbers("correct"))
        item = _item_numbers(task.codes, table.whole_numbers("doc_id"), table.coded("doc_hash").codes)
    left = read & ~failed
    if not left.any():
        raise UserError(
            f"{run.layout.root}: every attempt failed before a model call was made, so there is nothing to compare. "
            "The column failure of the items says why; mend that and run it again"
        )
    systems = len(system.texts)
    answered = np.bincount(system.codes[left], minlength=systems) > 0
    pair = item * systems + system.codes
    counts = read & answered[system.codes]  # a system without any attempt left takes no item from the others
    lost_items = np.unique(np.setdiff1d(pair[counts], pair[left]) // systems)
    lost = np.isin(item, lost_items)
    names, tasks = system.texts.to_pylist(), task.texts.to_pylist()
    of_lost = task.codes[np.unique(item, return_index=True)[1]][lost_items]
    return HarnessFailures(
        kept=left & ~lost,
        systems={
            str(names[code]): AttemptsOfSystem(
                int((read & (system.codes == code)).sum()),
                int((failed & (system.codes == code)).sum()),
                float(scores[left & (system.codes == code)].sum()),
            )
            for code in np.unique(system.codes[failed]).tolist()
        },
        items={str(tasks[code]): int((of_lost == code).sum()) for code in np.unique(of_lost).tolist()},
    )


def _failed(table: TableColumns) -> NDArray[np.bool_]:
    """Return which rows are of attempts whose harness failed; none in an older table."""
    if "ended" not in table:
        return np.zeros(table.rows, dtype=np.bool_)
    ended = table.coded("ended")
    codes = [code for code, text in enumerate(ended.texts.to_pylist()) if text == HARNESS]
    return np.isin(ended.codes, codes)


def _item_numbers(
    task: NDArray[np.integer], doc_id: NDArray[np.integer], document: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Number the items of some rows from 0: an item is a document of a task."""
    rows = pd.DataFrame({"task": task, "doc_id": doc_id, "document": document}, copy=False)
    return rows.groupby(["task", "doc_id", "document"], sort=False).ngroup().to_numpy().astype(np.int64)
