"""Compare a judge with people, and say what further labels would buy against a better judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.comparison.judges.model import AlikeErrors, LabelsBuy, NamedBias
from wattbench_reports.stats.alike_errors import error_differences
from wattbench_reports.stats.judge_reliability import JudgeReliability, judge_reliability
from wattbench_reports.stats.label_correction import TaskAnswers
from wattbench_reports.stats.label_need import label_variance
from wattbench_reports.tables.judged_tasks import JudgedCell

PASS, PAIR = "pass", "pair"


def steps_of(scale: str) -> int:
    """Return how many steps a scale has between 0 and 1: ``1..5`` has four."""
    if scale in (PASS, PAIR):
        return 1 if scale == PASS else 2
    low, _, high = scale.partition("..")
    return int(high) - int(low)


@dataclass(frozen=True)
class AgainstPeople:
    """A judge's verdicts on a task against people's labels, with the names of systems."""

    figures: JudgeReliability
    biases: tuple[NamedBias, ...]
    alike: tuple[AlikeErrors, ...]


def reliability_of(
    scale: str, answers: pd.DataFrame, lengths: NDArray[np.float64], said: pd.DataFrame
) -> AgainstPeople:
    """Compare the verdicts on a task with the labels.

    Args:
        scale: of the verdicts.
        answers: those that were put to the judge, of `wattbench_reports.tables.judged_tasks.JudgedTasks`.
        lengths: shape (answers,): of their texts; NaN: not known.
        said: verdicts on the task: ``answer`` (in the index of the answers), ``shown`` and ``verdict``.
    """
    systems = answers["system"].astype("category").cat
    names = [str(each) for each in systems.categories]
    of_task = TaskAnswers(
        systems=np.asarray(systems.codes, dtype=np.int64),
        items=answers["doc_id"].to_numpy(dtype=np.int64),
        verdicts=answers["verdict"].to_numpy(dtype=np.float64),
        labels=answers["label"].to_numpy(dtype=np.float64),
        chances=answers["chance"].to_numpy(dtype=np.float64),
    )
    orders = (_shown(answers, said, "first"), _shown(answers, said, "second")) if scale == PAIR else None
    figures = judge_reliability(of_task, steps_of(scale), lengths, orders)
    return AgainstPeople(
        figures,
        tuple(
            NamedBias(each.kind, None if each.system is None else names[each.system], each.size, each.p_value)
            for each in figures.biases
        ),
        tuple(
            AlikeErrors(names[each.system], each.p_value, each.power)
            for each in (error_differences(of_task) if of_task.known.any() else ())
            if each.p_value is not None
        ),
    )


def _shown(answers: pd.DataFrame, said: pd.DataFrame, where: str) -> NDArray[np.float64]:
    """Return the verdict on each answer where it was shown first, or second; NaN where there is none."""
    of_order = said[said["shown"] == where].drop_duplicates("answer", keep="last").set_index("answer")["verdict"]
    return of_order.reindex(answers.index).to_numpy(dtype=np.float64)


def labels_buy(cell: JudgedCell, items: NDArray[np.int64]) -> LabelsBuy | None:
    """Say what twice the labels, and what a judge that never errs, would make of a system's interval.

    Args:
        cell: a system's answers to a task.
        items: shape (answers,): the item of each.

    Returns:
        None where the system's own labels do not correct it, or all of its answers are labelled.
    """
    if cell.corrected is None or cell.by_definition or cell.labels >= cell.answers - cell.failed:
        return None
    known = label_variance(cell.corrected, items)
    twice = min(2 * cell.labels, cell.answers - cell.failed)
    return LabelsBuy(known.half_width(cell.labels), twice, known.half_width(twice), known.half_width_of_perfect_judge)
