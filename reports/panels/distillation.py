"""What students kept of their teachers, task by task."""

from __future__ import annotations

from collections.abc import Iterable

from reports import units
from reports.compare import Analysis
from reports.distillation import Distillation, Kept, distillations
from reports.panels.section import Passage, Section
from reports.panels.table import Cell, Column, Table

_LEAD = (
    "A student may keep its teacher's accuracy and answer differently, or keep it on one task and lose it on another. "
    "So retention, agreement and cost stand apart, and for each task."
)

_AGREEMENT = (
    "Agreement: both state the same answer, right or wrong. Where a task does not cut the answer out of the text, "
    "what follows the last “answer is” is compared, else the first line, without regard to case, spacing and "
    "punctuation; so one answer in two wordings counts as two. Where answers are one of few words, much agreement is "
    "by chance. The next four columns compare correctness instead, by the task's own scoring, and add up to 100%."
)


def distillation_section(analysis: Analysis) -> Section | None:
    """A passage per student; None where no student's teacher took part."""
    found = distillations(analysis)
    if not found:
        return None
    passages = tuple(_passage(each) for each in found if each.tasks)
    return Section("distillation", "Distillation", "What students kept of their teachers", _LEAD, passages)


def _passage(each: Distillation) -> Passage:
    heading = f"{each.student}, taught by {each.teacher}"
    return Passage(heading, tuple(_sentences(each)), (_kept_table(each), _cost_table(each)))


def _sentences(each: Distillation) -> Iterable[str]:
    known = [(kept.retention.estimate, kept.task) for kept in each.tasks if kept.retention is not None]
    if known:
        yield f"It keeps {_range(known)} of the teacher's accuracy."
    undefined = [kept.task for kept in each.tasks if kept.retention is None]
    if undefined:
        yield f"In {units.listed(undefined)} the teacher is never right, so there is nothing to keep."
    same = [(kept.agreement.estimate, kept.task) for kept in each.tasks]
    yield f"It states the teacher's answer in {_range(same)} of the items, right or wrong."
    wrong = [
        (kept.agreement_where_wrong.estimate, kept.task)
        for kept in each.tasks
        if kept.agreement_where_wrong is not None
    ]
    if wrong:
        yield f"Where the teacher is wrong, it states the same answer in {_range(wrong)}."


def _range(shares: list[tuple[float, str]]) -> str:
    low, high = min(shares), max(shares)
    if len(shares) == 1:
        return f"{units.percent(low[0])}"
    if units.percent(low[0]) == units.percent(high[0]):
        return f"{units.percent(low[0])} (every task)"
    return f"between {units.percent(low[0])} ({low[1]}) and {units.percent(high[0])} ({high[1]})"


def _kept_table(each: Distillation) -> Table:
    labels = ("Student", "Teacher", "Retention", "Agreement", "Where the teacher is wrong")
    matters = ("Both right", "Both wrong", "Student alone right", "Teacher alone right", "Items")
    return Table(
        caption=f"What {each.student} kept of {each.teacher}",
        columns=(Column("Task"), *(Column(label, numeric=True) for label in (*labels, *matters))),
        rows=tuple(_kept_row(kept) for kept in each.tasks),
        note=f"Retention: the student's accuracy over the teacher's, on the same items. {_AGREEMENT}",
    )


def _kept_row(kept: Kept) -> tuple[Cell, ...]:
    shares = (kept.both_right, kept.both_wrong, kept.student_only, kept.teacher_only)
    return (
        Cell(kept.task),
        Cell(units.percent(kept.student_accuracy)),
        Cell(units.percent(kept.teacher_accuracy)),
        Cell("undefined" if kept.retention is None else units.percent_interval(kept.retention)),
        Cell(units.percent_interval(kept.agreement)),
        Cell(units.percent_interval(kept.agreement_where_wrong)),
        *(Cell(units.percent(share)) for share in shares),
        Cell(units.count(kept.items)),
    )


def _cost_table(each: Distillation) -> Table:
    ours, theirs = each.student_provenance or "none", each.teacher_provenance or "none"
    apart = "" if ours == theirs else "; not to be set against each other"
    return Table(
        caption=f"What answers of {each.student} and {each.teacher} cost",
        columns=(
            Column("Task"),
            Column("Output tokens, student over teacher", numeric=True),
            Column("Joules per correct answer, student", numeric=True),
            Column("Teacher", numeric=True),
        ),
        rows=tuple(
            (
                Cell(kept.task),
                Cell(units.ratio_interval(kept.tokens_ratio)),
                Cell(units.quantity_interval(kept.student_j_per_correct, "J")),
                Cell(units.quantity_interval(kept.teacher_j_per_correct, "J")),
            )
            for kept in each.tasks
        ),
        note=(
            f"Provenance of the joules: {ours} (student), {theirs} (teacher){apart}. A dash: none correct or no joules."
        ),
    )
