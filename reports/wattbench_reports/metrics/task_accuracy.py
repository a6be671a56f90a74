"""Compute the accuracy of each system on one task, by the definition of the accuracy over all items."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.mix_weighting import by_block
from wattbench_reports.stats import Interval, accuracy_interval
from wattbench_reports.tables.item_matrix import ItemTable


def task_accuracies(table: ItemTable, task: str) -> Mapping[str, Interval]:
    """Return the accuracy of each system that has scored answers to a task.

    Of a run of this task alone these are the accuracies over all items.

    Args:
        table: of the run.
        task: one.
    """
    of_task = table.where(table.tasks.are(task))
    if not len(of_task.trials):
        return {}
    columns = range(len(table.systems))
    by_item = [accuracy_interval(of_task.correct[:, each], of_task.trials[:, each]) for each in columns]
    accuracies = by_block(basis(of_task), None, by_item)
    return {name: each for name, each in zip(table.systems, accuracies, strict=True) if each is not None}
