"""Students compared with their teachers, task by task."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.analyses.distillation import (
    Distillation,
    Length,
    TaskComparison,
    distillations,
    shown_differences,
)
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.figures import StudentRetention, TaskRetention, retention
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, numbers
from wattbench_reports.stats import Interval

MINUS = "−"

_LEAD = (
    "A student may keep its teacher's accuracy but answer differently, or keep it on one task and lose it on "
    "another. Retention, agreement and cost are therefore shown separately and per task."
)

_AGREEMENT = (
    "Agreement: both give the same answer, right or wrong. If a task does not extract the answer, the text after the "
    "last “answer is” is compared, otherwise the first line, ignoring case, spacing and punctuation; the same answer "
    "in other words counts as different. With few possible answers, much agreement is due to chance. The next four "
    "columns compare correctness, by the task's scoring, and add up to 100%."
)


def distillation_section(measured: Measured) -> Section | None:
    """Make a passage per student; None where no student's teacher took part."""
    measured = measured.by_item
    pairs = distillations(measured)
    if not pairs:
        return None
    compared = [each for each in pairs if each.tasks]
    drawn = [Passage("", (), figure=_figure(measured, compared))] if compared else []
    passages = (*drawn, *map(_passage, compared))
    return Section(
        "distillation",
        "Distillation",
        "Students compared with their teachers",
        _LEAD,
        passages,
        line="what students keep, and what they cost",
    )


def _figure(measured: Measured, pairs: Iterable[Distillation]) -> Figure:
    students = [
        StudentRetention(
            each.student,
            each.teacher,
            measured.frames.systems.index(each.student),
            [TaskRetention(kept.task, kept.retention) for kept in each.tasks],
        )
        for each in pairs
    ]
    return Figure(
        retention(students),
        "Figure: retention of students relative to their teachers, by task",
        "Student accuracy divided by teacher accuracy on the same items, with 95% confidence intervals. Dashed line: "
        "equal accuracy.",
    )


def _passage(each: Distillation) -> Passage:
    tables = (_kept_table(each), _length_table(each), _cost_table(each))
    return Passage(f"{each.student}, distilled from {each.teacher}", tuple(_sentences(each)), tables)


def _sentences(each: Distillation) -> Iterable[str]:
    known = [(kept.retention.estimate, kept.task) for kept in each.tasks if kept.retention is not None]
    if known:
        yield f"It keeps {_range(known)} of the teacher's accuracy."
    undefined = [kept.task for kept in each.tasks if kept.retention is None]
    if undefined:
        yield f"In {units.named(undefined)} the teacher is never right, so retention is undefined."
    same = [(kept.agreement.estimate, kept.task) for kept in each.tasks if kept.agreement is not None]
    if same:
        yield f"It gives the teacher's answer in {_range(same)} of the items, right or wrong."
    wrong = [
        (kept.agreement_where_wrong.estimate, kept.task)
        for kept in each.tasks
        if kept.agreement_where_wrong is not None
    ]
    if wrong:
        yield f"Where the teacher is wrong, it gives the same answer in {_range(wrong)} of the items."
    if each.sampled:
        compared = sum(kept.compared for kept in each.tasks)
        yield (
            f"Agreement is computed on {units.count(compared)} of {units.count(sum(k.items for k in each.tasks))} "
            "items, sampled at random and evenly over the tasks; every other metric uses all items."
        )
    yield from _savings(each)


def _savings(each: Distillation) -> Iterable[str]:
    if each.why_not:
        yield f"Its saving in joules is not available: {each.why_not}."
        return
    if each.overall.saved is None:
        yield "Its saving in joules is not available: one of the two is never right."
        return
    yield (
        f"Over all tasks it saves {units.quantity_interval(each.overall.saved, 'J').replace('-', MINUS)} per correct "
        f"answer compared with the teacher{_sign(each.overall.saved)}."
    )
    saves, uses_more = shown_differences(each.tasks)
    if saves and uses_more:
        yield f"It is shown to save joules in {units.named(saves)} and to use more in {units.named(uses_more)}."


def _sign(saved: Interval) -> str:
    if saved.high < 0:
        return ": it uses more"
    return "; the interval includes zero" if saved.low <= 0 else ""


def _range(shares: list[tuple[float, str]]) -> str:
    low, high = min(shares), max(shares)
    if len(shares) == 1:
        return f"{units.percent(low[0])}"
    if units.percent(low[0]) == units.percent(high[0]):
        return f"{units.percent(low[0])} (every task)"
    return f"between {units.percent(low[0])} ({low[1]}) and {units.percent(high[0])} ({high[1]})"


def _kept_table(each: Distillation) -> Table:
    labels = ("Student", "Teacher", "Retention", "Agreement", "Agreement where the teacher is wrong")
    matters = ("Both right", "Both wrong", "Only student right", "Only teacher right", "Items")
    return Table(
        caption=f"Retention and agreement of {each.student} and {each.teacher}",
        columns=(Column("Task"), *numbers(*labels, *matters)),
        rows=tuple(_kept_row(kept) for kept in each.tasks),
        note=f"Retention: the student's accuracy over the teacher's, on the same items. {_AGREEMENT}",
    )


def _kept_row(kept: TaskComparison) -> tuple[Cell, ...]:
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


def _length_table(each: Distillation) -> Table:
    labels = ("Tokens, student", "Tokens, teacher", "Tokens, ratio", "Characters, student", "Characters, teacher")
    return Table(
        caption=f"Answer length of {each.student} and {each.teacher}",
        columns=(
            Column("Task"),
            *numbers(*labels),
            Column("Characters, ratio", numeric=True),
        ),
        rows=tuple(
            (Cell(kept.task), *_length_cells(kept.tokens), *_length_cells(kept.characters)) for kept in each.tasks
        ),
        note=(
            "Means of the full output, reasoning included, over the answers that both gave. Tokens are counted by "
            "each model's own tokenizer; characters are comparable. Ratio: student over teacher. A dash: not "
            "counted, or division by zero."
        ),
    )


def _length_cells(length: Length | None) -> tuple[Cell, ...]:
    if length is None:
        return (Cell(units.NONE), Cell(units.NONE), Cell(units.NONE))
    return (
        Cell(units.digits(length.student)),
        Cell(units.digits(length.teacher)),
        Cell(units.ratio_interval(length.ratio)),
    )


def _cost_table(each: Distillation) -> Table:
    of_student, of_teacher = each.student_provenance or "none", each.teacher_provenance or "none"
    caveat = "" if of_student == of_teacher else "; not comparable"
    rows = [(kept.task, kept.joules) for kept in each.tasks]
    if len(rows) > 1:
        rows.append(("all tasks", each.overall))
    return Table(
        caption=f"Joules per correct answer of {each.student} and {each.teacher}",
        columns=(
            Column("Task"),
            *numbers("Student", "Teacher", "Saved by the student"),
        ),
        rows=tuple(
            (
                Cell(task),
                Cell(units.quantity_interval(joules.student, "J")),
                Cell(units.quantity_interval(joules.teacher, "J")),
                Cell(units.quantity_interval(joules.saved, "J").replace("-", MINUS)),
            )
            for task, joules in rows
        ),
        note=(
            f"Provenance of the joules: {of_student} (student), {of_teacher} (teacher){caveat}. Over the items that "
            "have joules of both. Saved: teacher minus student, paired bootstrap over items; below 0 the student "
            "uses more. A dash: no correct answer, no joules, or not comparable."
        ),
    )
