"""Say which labels a run has, what they lack to count, and how far people agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wattbench.api.labelling.needed import LabelNeed, label_need
from wattbench.api.labelling.sheet import LabelSheet, name_of
from wattbench_reports.stats.agreement import Agreement, agreement
from wattbench_reports.stats.label_correction import FEWEST_LABELS


@dataclass(frozen=True)
class LabelsOfCell:
    """The labels of a system's answers to a task."""

    system: str
    task: str
    answers: int
    """That can be labelled."""
    labels: int
    """Answers that have a score of a person."""
    cannot_tell: int
    """Answers of which people could only say that they cannot tell."""
    lacking: int
    """Labels until the task can count; 0 where it has them."""


@dataclass(frozen=True)
class AgreementOfTask:
    """How far people agree on the answers to a task."""

    task: str
    agreement: Agreement


@dataclass(frozen=True)
class LabelProgress:
    """The labels of a run."""

    run: str
    cells: tuple[LabelsOfCell, ...]
    people: tuple[str, ...]
    agreements: tuple[AgreementOfTask, ...]
    """Of tasks of which two people labelled the same answers."""
    need: LabelNeed | None = None
    """What further labels would bring, where it is asked for."""


def label_progress(sheet: LabelSheet, half_width: float | None = None) -> LabelProgress:
    """Return which labels a run has.

    Args:
        sheet: of the run.
        half_width: that intervals of accuracy are to have, as a share: what lacks for it is then computed.

    Raises:
        UserError: the record is damaged.
    """
    cells = []
    seen = {name_of(row) for row in sheet.labels}
    for (system, task), answers in sheet.cells.items():
        labels = sum(each.name in sheet.scores for each in answers)
        unsure = sum(each.name in seen and each.name not in sheet.scores for each in answers)
        lacking = max(min(FEWEST_LABELS, len(answers)) - labels, 0)
        cells.append(LabelsOfCell(system, task, len(answers), labels, unsure, lacking))
    people = tuple(dict.fromkeys(row.person for row in sheet.labels))
    need = None if half_width is None else label_need(sheet.records, half_width, list(sheet.judges))
    return LabelProgress(sheet.run, tuple(cells), people, tuple(_agreements(sheet, people)), need)


def _agreements(sheet: LabelSheet, people: tuple[str, ...]) -> list[AgreementOfTask]:
    agreements = []
    for task, scale in sheet.scales.items():
        names = [name for name in sheet.scores if name[1] == task]
        labels = np.full((len(people), len(names)), np.nan)
        for column, name in enumerate(names):
            for person, score in sheet.scores[name].items():
                labels[people.index(person), column] = score
        shown = agreement(labels, graded=scale.grades is not None)
        if shown.answers:
            agreements.append(AgreementOfTask(task, shown))
    return agreements
