"""Compare each student with its teacher: accuracy, agreement, length and joules, task by task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.stats import Interval, accuracy_interval, percentile_interval, ratios, resampled_sums
from wattbench_reports.stats.budgets import AGREEMENT_ITEMS, DISTILLATION_UNITS, SEED
from wattbench_reports.tables.answer_texts import characters, stated
from wattbench_reports.tables.item_matrix import RIGHT
from wattbench_reports.tables.labels import Labels


@dataclass(frozen=True)
class Length:
    """The mean length of the answers of student and teacher, over the same answers of both."""

    student: float
    """Mean."""
    teacher: float
    ratio: Interval | None
    """Student over teacher; None where the teacher's have no length."""


@dataclass(frozen=True)
class Joules:
    """The joules per correct answer of student and teacher, over the items that have joules of both."""

    student: Interval | None
    """Per correct answer; None where none is correct."""
    teacher: Interval | None
    saved: Interval | None
    """Teacher's minus the student's, per correct answer: below 0 the student uses more. None where one of them is never
    right, or where their joules may not be compared. Bounds may be infinite."""


@dataclass(frozen=True)
class TaskComparison:
    """A student and its teacher on the items of one task that both answered."""

    task: str
    domain: str
    items: int
    student_accuracy: float
    teacher_accuracy: float
    retention: Interval | None
    """Student's accuracy over the teacher's; None where the teacher is never right."""
    compared: int
    """Items whose texts were compared: all, or a sample."""
    agreement: Interval | None
    """Share of answers in which both give the same answer, right or wrong; None where the sample has none of both."""
    agreement_where_wrong: Interval | None
    """The same among answers where the teacher is wrong; None where it never is."""
    both_right: float
    """Share of answers. The four add up to 1 with `student_only`, `teacher_only` and `both_wrong`."""
    both_wrong: float
    student_only: float
    teacher_only: float
    tokens: Length | None
    """Output tokens; None where they cannot be counted for both."""
    characters: Length
    """Of the whole output, reasoning included."""
    joules: Joules


@dataclass(frozen=True)
class Distillation:
    """One student of a teacher that took part."""

    student: str
    teacher: str
    tasks: tuple[TaskComparison, ...]
    overall: Joules
    """Over all tasks. Joules can be summed over tasks, retention cannot."""
    student_provenance: str
    teacher_provenance: str
    why_not: str
    """Why no saving is given, as a clause; empty where the joules may be compared."""

    @property
    def sampled(self) -> bool:
        """Return whether only the texts of a sample were compared."""
        return any(task.compared < task.items for task in self.tasks)


def distillations(measured: Measured) -> tuple[Distillation, ...]:
    """Compare every student with its teacher over the same items. Empty if no teacher took part in the run."""
    rows = measured.frames.run.systems()
    systems = measured.frames.systems
    pairs = [
        (name, teacher)
        for name in systems
        if name in rows and (teacher := rows[name].teacher) is not None and teacher in systems and teacher != name
    ]
    if not pairs:
        return ()
    answers = _answers(measured, {name for pair in pairs for name in pair})
    return tuple(_of_pair(measured, answers, student, teacher) for student, teacher in pairs)


def _answers(measured: Measured, names: set[str]) -> pd.DataFrame:
    """Return every answer of some systems with its row in the item table, its extracted answer and its length."""
    items = measured.frames.items
    row = measured.frames.row_of_answer
    of_systems = items["system"].isin(names).to_numpy()
    drawn = _drawn(measured.table.tasks)[row]
    answers = items[["system", "task", "domain", "repeat", "correct", "score", "output_tokens"]].copy()
    answers["row"] = row
    answers["drawn"] = drawn
    answers["stated"] = stated(measured.frames, of_systems & drawn)
    answers["characters"] = characters(measured.frames, of_systems)
    return answers[of_systems]


def _drawn(tasks: Labels) -> NDArray[np.bool_]:
    """Return a mask of the items whose texts are compared: all items, or a random sample of each task."""
    if len(tasks) <= AGREEMENT_ITEMS:
        return np.ones(len(tasks), dtype=np.bool_)
    names = tasks.present
    each = AGREEMENT_ITEMS // len(names) or 1
    rng = np.random.default_rng(SEED)
    drawn = np.zeros(len(tasks), dtype=np.bool_)
    for name in names:
        rows_of_task = np.flatnonzero(tasks.are(name))
        drawn[rows_of_task if len(rows_of_task) <= each else rng.choice(rows_of_task, size=each, replace=False)] = True
    return drawn


_PAIRED = ["row", "repeat", "correct", "score", "output_tokens", "stated", "characters"]


def _of_pair(measured: Measured, answers: pd.DataFrame, student: str, teacher: str) -> Distillation:
    """Compare the answers that student and teacher both gave, paired by item and repeat."""
    student_answers, teacher_answers = (answers[answers["system"] == name] for name in (student, teacher))
    both = student_answers.merge(teacher_answers[_PAIRED], on=["row", "repeat"], suffixes=("", "_teacher"))
    why_not = measured.why_joules_not_comparable(student, teacher)
    rows = np.unique(both["row"].to_numpy(dtype=np.int64))
    return Distillation(
        student,
        teacher,
        tuple(
            _compare_task(measured, student, teacher, answers_of_task, may_save=not why_not)
            for _, answers_of_task in both.groupby("task", observed=True, sort=False)
        ),
        _joules(_energy(measured, student, teacher, rows), may_save=not why_not),
        measured.systems[student].provenance,
        measured.systems[teacher].provenance,
        why_not,
    )


def _compare_task(
    measured: Measured, student: str, teacher: str, both: pd.DataFrame, *, may_save: bool
) -> TaskComparison:
    right, taught = (np.asarray(both[name] >= RIGHT, dtype=np.bool_) for name in ("score", "score_teacher"))
    known = both[["score", "score_teacher"]].notna().all(axis=1).to_numpy()
    drawn = both["drawn"].to_numpy(dtype=np.bool_)
    same = np.asarray((both["stated"] == both["stated_teacher"]) & (both["stated"] != ""), dtype=np.float64)
    wrong = drawn & known & ~taught
    rows = np.unique(both["row"].to_numpy(dtype=np.int64))
    ratio_of = _ratios(both, ("correct", "output_tokens", "characters"))
    return TaskComparison(
        task=str(both["task"].iloc[0]),
        domain=str(both["domain"].iloc[0]),
        items=len(rows),
        student_accuracy=float(np.clip(both["correct"].mean(), 0.0, 1.0)),
        teacher_accuracy=float(np.clip(both["correct_teacher"].mean(), 0.0, 1.0)),
        retention=ratio_of["correct"],
        compared=int(both["row"][drawn].nunique()),
        agreement=_share(both["row"][drawn], same[drawn]),
        agreement_where_wrong=_share(both["row"][wrong], same[wrong]),
        both_right=float((right & taught)[known].mean()),
        both_wrong=float((~right & ~taught)[known].mean()),
        student_only=float((right & ~taught)[known].mean()),
        teacher_only=float((~right & taught)[known].mean()),
        tokens=_length(both, "output_tokens", ratio_of["output_tokens"]),
        characters=_length(both, "characters", ratio_of["characters"]) or Length(0.0, 0.0, None),
        joules=_joules(_energy(measured, student, teacher, rows), may_save=may_save),
    )


def _share(rows: pd.Series, hits: NDArray[np.float64]) -> Interval | None:
    """Return the interval of a share of answers, clustered by item."""
    items = pd.DataFrame({"row": rows.to_numpy(), "hit": hits}).groupby("row")["hit"].agg(["sum", "count"])
    return accuracy_interval(items["sum"].to_numpy(dtype=np.float64), items["count"].to_numpy(dtype=np.float64))


def _ratios(both: pd.DataFrame, columns: Sequence[str]) -> dict[str, Interval | None]:
    """Divide the student's sum of each column by the teacher's, with one paired bootstrap over items for all of them.

    Answers that lack one of the two are left out of both. None where the teacher's sum is 0.
    """
    paired = [name for column in columns for name in (column, f"{column}_teacher")]
    known = both[["row", *paired]].astype(np.float64)
    for column in columns:
        pair = [column, f"{column}_teacher"]
        known[pair] = known[pair].where(known[pair].notna().all(axis=1), 0.0)
    sums = known.groupby("row")[paired].sum().to_numpy(dtype=np.float64)
    (draws,) = resampled_sums(sums, seed=SEED, max_units=DISTILLATION_UNITS)
    total, few = sums.sum(axis=0), len(sums) < 2
    return {
        column: percentile_interval(float(total[at] / total[at + 1]), ratios(draws[:, at], draws[:, at + 1]), few=few)
        if total[at + 1] > 0
        else None
        for at, column in zip(range(0, len(paired), 2), columns, strict=True)
    }


def _length(both: pd.DataFrame, column: str, ratio: Interval | None) -> Length | None:
    known = both[[column, f"{column}_teacher"]].astype(np.float64).dropna()
    if known.empty:
        return None
    student, teacher = (float(value) for value in known.mean())
    return Length(student, teacher, ratio)


def _energy(measured: Measured, student: str, teacher: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return per item the joules and correct answers of the student, then of the teacher, where both were metered."""
    table = measured.table
    columns = [table.column(name) for name in (student, teacher)]
    rows = rows[(table.metered[rows][:, columns] > 0).all(axis=1)]
    return np.column_stack(
        [array[rows, column] for column in columns for array in (table.energy_j, table.metered_correct)]
    )


def _joules(sums: NDArray[np.float64], *, may_save: bool) -> Joules:
    if not len(sums):
        return Joules(None, None, None)
    (draws,) = resampled_sums(sums, seed=SEED, max_units=DISTILLATION_UNITS)
    total, few = sums.sum(axis=0), len(sums) < 2
    intervals = []
    for column in (0, 2):
        drawn = ratios(draws[:, column], draws[:, column + 1])
        known = total[column + 1] > 0 and total[column] > 0
        intervals.append(
            percentile_interval(float(total[column] / total[column + 1]), drawn, few=few) if known else None
        )
    of_student, of_teacher = intervals
    if of_student is None or of_teacher is None or not may_save:
        return Joules(of_student, of_teacher, None)
    return Joules(of_student, of_teacher, _saved(of_student.estimate, of_teacher.estimate, draws, few=few))


def _saved(student_j: float, teacher_j: float, draws: NDArray[np.float64], *, few: bool) -> Interval:
    """Return teacher minus student. A draw in which one of them is never right gives an infinite difference."""
    if few:
        return Interval(teacher_j - student_j, -math.inf, math.inf)
    student_draws, teacher_draws = ratios(draws[:, 0], draws[:, 1]), ratios(draws[:, 2], draws[:, 3])
    both = np.isinf(student_draws) & np.isinf(teacher_draws)
    saved = np.subtract(teacher_draws, student_draws, out=np.zeros(len(student_draws)), where=~both)
    return percentile_interval(teacher_j - student_j, saved)


def shown_differences(tasks: Sequence[TaskComparison]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return two lists of tasks: where the student is shown to use fewer joules per correct answer, and where more."""
    known = [
        (task_comparison.task, task_comparison.joules.saved)
        for task_comparison in tasks
        if task_comparison.joules.saved is not None
    ]
    return (
        tuple(task for task, saved in known if saved.low > 0),
        tuple(task for task, saved in known if saved.high < 0),
    )
