"""Say how many further labels would bring an interval to a width, or tell systems apart, if the figures stay.

They are computed from what the judge has erred by on the labels of this run, as
`wattbench_reports.stats.label_need` says. Each task is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.records import RunRecords
from wattbench.records.schema.decide import OVERALL
from wattbench_reports.metrics.decision_settings import RISK
from wattbench_reports.stats.label_correction import CorrectedScores
from wattbench_reports.stats.label_need import label_variance, label_variance_of_difference
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.judged_tasks import JudgedCell, JudgedTasks, judged_tasks


@dataclass(frozen=True)
class NeededForInterval:
    """What the interval of a system's accuracy on a task lacks."""

    system: str
    task: str
    labels: int
    half_width: float
    """Of the 95% interval now, as a share."""
    further: int | None
    """Labels; None: labels of all answers would not do, so that items are what lack."""


@dataclass(frozen=True)
class NeededToChoose:
    """What lacks to tell the two systems with the most right answers to a task apart."""

    task: str
    first: str
    second: str
    difference: float
    """Of their shares of right answers."""
    further: int | None
    """Labels of each of both. None: as in `NeededForInterval`."""


@dataclass(frozen=True)
class NeededForRequirement:
    """What lacks to tell whether a system meets what is required of it on a task."""

    task: str
    system: str
    required: float
    """The least share of right answers."""
    accuracy: float
    further: int | None
    """Labels. None: as in `NeededForInterval`."""


@dataclass(frozen=True)
class LabelNeed:
    """What further labels would bring."""

    half_width: float
    """That is asked for, as a share."""
    intervals: tuple[NeededForInterval, ...]
    """Of tasks and systems with labels enough. So the others."""
    choices: tuple[NeededToChoose, ...]
    requirements: tuple[NeededForRequirement, ...]


def label_need(records: RunRecords, half_width: float, tasks: Sequence[str] = ()) -> LabelNeed:
    """Say what further labels would bring.

    Args:
        records: of the run.
        half_width: that intervals of accuracy are to have, as a share.
        tasks: only these; empty: all whose answers are judged.

    Raises:
        UserError: the record is damaged.
    """
    judged = judged_tasks(records)
    if judged is None:
        return LabelNeed(half_width, (), (), ())
    cells = [
        _Cell(cell, cell.corrected, _items(judged, cell))
        for cell in judged.cells.values()
        if cell.corrected is not None and not cell.by_definition and (not tasks or cell.task in tasks)
    ]
    decide = header_record(records).suite.decide
    return LabelNeed(
        half_width,
        tuple(_intervals(cells, half_width)),
        tuple(_choices(cells)),
        tuple(_requirements(cells, _required(judged, decide.accuracy_by_domain), decide.risk or RISK)),
    )


@dataclass(frozen=True)
class _Cell:
    cell: JudgedCell
    corrected: CorrectedScores
    items: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        return float(self.corrected.scores.mean())


def _items(judged: JudgedTasks, cell: JudgedCell) -> NDArray[np.int64]:
    """Return the item of each answer of a cell."""
    answers = judged.answers
    own_rows = (answers["system"] == cell.system) & (answers["task"] == cell.task)
    return answers.loc[own_rows, "doc_id"].to_numpy(dtype=np.int64)


def _intervals(cells: Sequence[_Cell], half_width: float) -> Iterator[NeededForInterval]:
    for each in cells:
        known = label_variance(each.corrected, each.items)
        further = known.further_for_half_width(half_width)
        yield NeededForInterval(
            each.cell.system, each.cell.task, each.cell.labels, known.half_width(known.labels), further
        )


def _choices(cells: Sequence[_Cell]) -> Iterator[NeededToChoose]:
    for task in dict.fromkeys(each.cell.task for each in cells):
        of_task = sorted((each for each in cells if each.cell.task == task), key=lambda each: -each.accuracy)
        if len(of_task) < 2:
            continue
        first, second = of_task[:2]
        known = label_variance_of_difference(first.corrected, second.corrected, (first.items, second.items))
        if known is not None:
            difference = first.accuracy - second.accuracy
            further = known.further_to_tell(difference)
            yield NeededToChoose(task, first.cell.system, second.cell.system, difference, further)


def _required(judged: JudgedTasks, by_domain: Mapping[str, float]) -> dict[str, float]:
    """Return the share that is required on each judged task: that of its domain, else that over all."""
    domains: dict[str, str] = dict(judged.answers[["task", "domain"]].drop_duplicates("task").itertuples(index=False))
    shares = {task: by_domain.get(domain, by_domain.get(OVERALL)) for task, domain in domains.items()}
    return {str(task): share for task, share in shares.items() if share is not None}


def _requirements(cells: Sequence[_Cell], required: Mapping[str, float], risk: float) -> Iterator[NeededForRequirement]:
    for each in cells:
        share = required.get(each.cell.task)
        if share is not None:
            known = label_variance(each.corrected, each.items)
            further = known.further_to_tell(abs(each.accuracy - share), risk, sides=1)
            yield NeededForRequirement(each.cell.task, each.cell.system, share, each.accuracy, further)
