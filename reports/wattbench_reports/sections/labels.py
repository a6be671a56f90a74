"""Confusion matrices of tasks whose answers are labels, with precision and recall of each label."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.analyses.labels import LabelledAnswers, LabelledTask
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table
from wattbench_reports.sections.answer_links import answers_link

MOST_CELLS = 3_000
"""Cells of all tables: about 0.4 MB of a page. Tables beyond them are named."""
OTHER = "other"
"""The heading of answers that are none of the labels."""

_LEAD = (
    "Which label each system answers for which key, in tasks with few labels. Recall: the share of right answers among "
    "those with this key. Precision: the share of right answers among those with this label."
)
_NOTE = (
    "Rows: keys; columns: answers, compared without blanks, case and punctuation. Other: none of the labels, or the "
    "key in a form that the task scores as wrong. 95% intervals, clustered by item, each for itself."
)


def labels_section(labelled: Sequence[LabelledTask]) -> Section | None:
    """Make a passage per task whose answers are labels; None where there is none."""
    passages, left, skipped = [], MOST_CELLS, []
    for task in labelled:
        tables = []
        for each in task.systems:
            left -= (len(task.labels) + 3) * (len(task.labels) + 1)
            if left < 0:
                skipped.append(f"{each.system} on {task.task}")
                continue
            tables.append(_table(task, each))
        passages.append(Passage(task.task, folded=tuple(tables)))
    if skipped:
        passages.append(Passage("Others", (f"Not shown, to keep the page small: {units.named(skipped)}.",)))
    if not passages:
        return None
    line = "confusion matrices, precision and recall"
    return Section("labels", "Labels", "Labels", _LEAD, tuple(passages), line=line)


def _table(task: LabelledTask, of: LabelledAnswers) -> Table:
    right, answers = int(sum(of.counts.diagonal())), int(of.counts.sum())
    columns = (*task.labels, OTHER)
    rows = [
        (
            Cell(key),
            *(_count(task, of, row, number, count) for number, count in enumerate(of.counts[row].tolist())),
            Cell(units.count(int(of.counts[row].sum()))),
            Cell(units.percent_interval(of.recall[row])),
        )
        for row, key in enumerate(task.labels)
    ]
    precision = (Cell(units.percent_interval(each)) for each in of.precision)
    rows.append((Cell("Precision"), *precision, Cell(""), Cell(""), Cell("")))
    return Table(
        caption=f"{of.system} on {task.task}: {right:,} of {units.plural(answers, 'answer')} right",
        columns=(
            Column("Key"),
            *(Column(label, numeric=True, kept=True) for label in columns),
            Column("Answers", numeric=True),
            Column("Recall", numeric=True, kept=True),
        ),
        rows=tuple(rows),
        note=_NOTE if of is task.systems[0] else "",
    )


def _count(task: LabelledTask, of: LabelledAnswers, key: int, answer: int, count: int) -> Cell:
    label = (*task.labels, OTHER)[answer]
    link = answers_link(system=of.system, task=task.task, key=task.labels[key], label=label) if count else ""
    return Cell(units.count(count), "best" if key == answer else "", link=link)
