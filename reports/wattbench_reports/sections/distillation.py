"""What students kept of their teachers, task by task."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.analyses.distillation import Distillation, Kept, Length, distillations, told_apart
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.figures import TaskRetention, retention
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Drawing, Passage, Section
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.stats import Interval

MINUS = "−"

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
    passages = tuple(_passage(analysis, each) for each in found if each.tasks)
    return Section("distillation", "Distillation", "What students kept of their teachers", _LEAD, passages)


def _passage(analysis: Analysis, each: Distillation) -> Passage:
    place = analysis.frames.systems.index(each.student)
    svg = retention(
        [TaskRetention(kept.task, kept.retention) for kept in each.tasks],
        place=place,
        name=f"retention-figure-{place}",
        student=each.student,
        teacher=each.teacher,
    )
    drawing = Drawing(
        svg,
        f"What {each.student} kept of {each.teacher}, by task",
        "Accuracy over the teacher's on the same items, with 95% intervals. At the dashed line the student is right as "
        "often as its teacher.",
    )
    tables = (_kept_table(each), _length_table(each), _cost_table(each))
    return Passage(f"{each.student}, taught by {each.teacher}", tuple(_sentences(each)), tables, drawing)


def _sentences(each: Distillation) -> Iterable[str]:
    known = [(kept.retention.estimate, kept.task) for kept in each.tasks if kept.retention is not None]
    if known:
        yield f"It keeps {_range(known)} of the teacher's accuracy."
    undefined = [kept.task for kept in each.tasks if kept.retention is None]
    if undefined:
        yield f"In {units.listed(undefined)} the teacher is never right, so there is nothing to keep."
    same = [(kept.agreement.estimate, kept.task) for kept in each.tasks if kept.agreement is not None]
    if same:
        yield f"It states the teacher's answer in {_range(same)} of the items, right or wrong."
    wrong = [
        (kept.agreement_where_wrong.estimate, kept.task)
        for kept in each.tasks
        if kept.agreement_where_wrong is not None
    ]
    if wrong:
        yield f"Where the teacher is wrong, it states the same answer in {_range(wrong)}."
    if each.sampled:
        compared = sum(kept.compared for kept in each.tasks)
        yield (
            f"To compare what they state, {units.count(compared)} of {units.count(sum(k.items for k in each.tasks))} "
            "items were drawn at random, evenly over the tasks; every other figure is of all."
        )
    yield from _savings(each)


def _savings(each: Distillation) -> Iterable[str]:
    if each.why_not:
        yield f"Whether it saves joules cannot be told: {each.why_not}."
        return
    if each.overall.saved is None:
        yield "Whether it saves joules cannot be told: one of the two is never right."
        return
    yield (
        "Over all tasks a correct answer of it saves "
        f"{units.quantity_interval(each.overall.saved, 'J').replace('-', MINUS)} against the teacher's"
        f"{_sign(each.overall.saved)}."
    )
    saves, dearer = told_apart(each.tasks)
    if saves and dearer:
        yield f"It is shown to save in {units.listed(saves)}, and to be dearer in {units.listed(dearer)}."


def _sign(saved: Interval) -> str:
    if saved.high < 0:
        return ": it is dearer"
    return ", which may be nothing" if saved.low <= 0 else ""


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


def _length_table(each: Distillation) -> Table:
    labels = ("Tokens, student", "Teacher", "Student over teacher", "Characters, student", "Teacher")
    return Table(
        caption=f"How long answers of {each.student} and {each.teacher} are",
        columns=(
            Column("Task"),
            *(Column(label, numeric=True) for label in labels),
            Column("Student over teacher", numeric=True),
        ),
        rows=tuple(
            (Cell(kept.task), *_length_cells(kept.tokens), *_length_cells(kept.characters)) for kept in each.tasks
        ),
        note=(
            "Means of the whole output, reasoning included, over the answers that both gave. Tokens are each model's "
            "own; characters are the same for both. A dash: not counted, or nothing to divide by."
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
    ours, theirs = each.student_provenance or "none", each.teacher_provenance or "none"
    apart = "" if ours == theirs else "; not to be set against each other"
    found = [(kept.task, kept.joules) for kept in each.tasks]
    if len(found) > 1:
        found.append(("all tasks", each.overall))
    return Table(
        caption=f"Joules per correct answer of {each.student} and {each.teacher}",
        columns=(
            Column("Task"),
            Column("Student", numeric=True),
            Column("Teacher", numeric=True),
            Column("Saved by the student", numeric=True),
        ),
        rows=tuple(
            (
                Cell(task),
                Cell(units.quantity_interval(joules.student, "J")),
                Cell(units.quantity_interval(joules.teacher, "J")),
                Cell(units.quantity_interval(joules.saved, "J").replace("-", MINUS)),
            )
            for task, joules in found
        ),
        note=(
            f"Provenance of the joules: {ours} (student), {theirs} (teacher){apart}. Over the items that have joules "
            "of both. Saved: the teacher's less the student's, with a paired bootstrap over items; below 0 the student "
            "is dearer. A dash: none correct, no joules, or not to be compared."
        ),
    )
