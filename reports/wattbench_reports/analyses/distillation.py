"""What a student kept of its teacher: never one number, and accuracy is not fidelity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.stats import CONFIDENCE, Interval, accuracy_interval, ratios, resampled_sums
from wattbench_reports.stats.budgets import AGREEMENT_ITEMS, DISTILLATION_UNITS, SEED
from wattbench_reports.tables.extracted_answers import characters, stated
from wattbench_reports.tables.item_matrix import row_of_answer

RIGHT = 0.5
"""An answer with at least this score counts as right, where right and wrong are all that is asked."""


@dataclass(frozen=True)
class Length:
    """How long answers are, over the same ones of student and teacher."""

    student: float
    """Mean."""
    teacher: float
    ratio: Interval | None
    """Student over teacher; None where the teacher's have no length."""


@dataclass(frozen=True)
class Joules:
    """What a correct answer costs, over the items that have joules of both."""

    student: Interval | None
    """Per correct answer; None where none is correct."""
    teacher: Interval | None
    saved: Interval | None
    """Teacher's less the student's, per correct answer: below 0 the student is dearer. None where one of them is never
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
    """Share of answers in which both state the same, right or wrong; None where none of the sample has both."""
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
    """Over all tasks: of joules one number makes sense, of retention none does."""
    student_provenance: str
    teacher_provenance: str
    why_not: str
    """Why nothing is said to be saved: a clause; empty where the joules may be compared."""

    @property
    def sampled(self) -> bool:
        """Whether the texts of a sample were compared."""
        return any(kept.compared < kept.items for kept in self.tasks)


def distillations(analysis: Analysis) -> tuple[Distillation, ...]:
    """Every system whose teacher answered the same items; empty where there is none."""
    rows = analysis.frames.run.systems()
    known = analysis.frames.systems
    pairs = [
        (name, teacher)
        for name in known
        if name in rows and (teacher := rows[name].teacher) is not None and teacher in known and teacher != name
    ]
    if not pairs:
        return ()
    answers = _answers(analysis, {name for pair in pairs for name in pair})
    return tuple(_of_pair(analysis, answers, student, teacher) for student, teacher in pairs)


def _answers(analysis: Analysis, names: set[str]) -> pd.DataFrame:
    """Every answer of some systems with its item's row in the item table, what it states, and how long it is."""
    items = analysis.frames.items
    row = row_of_answer(items)
    theirs = items["system"].isin(names).to_numpy()
    drawn = _drawn(analysis.table.tasks)[row]
    found = items[["system", "task", "domain", "repeat", "correct", "output_tokens"]].copy()
    found["row"] = row
    found["drawn"] = drawn
    found["stated"] = stated(analysis.frames, theirs & drawn)
    found["characters"] = characters(analysis.frames, theirs)
    return found[theirs]


def _drawn(tasks: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which items' texts are compared, of shape (items,): all, or so many of each task, drawn at random."""
    if len(tasks) <= AGREEMENT_ITEMS:
        return np.ones(len(tasks), dtype=np.bool_)
    names = np.unique(tasks)
    each = AGREEMENT_ITEMS // len(names) or 1
    rng = np.random.default_rng(SEED)
    drawn = np.zeros(len(tasks), dtype=np.bool_)
    for name in names:
        own = np.flatnonzero(tasks == name)
        drawn[own if len(own) <= each else rng.choice(own, size=each, replace=False)] = True
    return drawn


_PAIRED = ["row", "repeat", "correct", "output_tokens", "stated", "characters"]


def _of_pair(analysis: Analysis, answers: pd.DataFrame, student: str, teacher: str) -> Distillation:
    """The answers that both gave, repeat by repeat and side by side."""
    ours, theirs = (answers[answers["system"] == name] for name in (student, teacher))
    both = ours.merge(theirs[_PAIRED], on=["row", "repeat"], suffixes=("", "_teacher"))
    why_not = analysis.why_joules_not_comparable(student, teacher)
    rows = np.unique(both["row"].to_numpy(dtype=np.int64))
    return Distillation(
        student,
        teacher,
        tuple(
            _kept(analysis, student, teacher, own, may_save=not why_not)
            for _, own in both.groupby("task", observed=True, sort=False)
        ),
        _joules(_energy(analysis, student, teacher, rows), may_save=not why_not),
        analysis.measured[student].provenance,
        analysis.measured[teacher].provenance,
        why_not,
    )


def _kept(analysis: Analysis, student: str, teacher: str, both: pd.DataFrame, *, may_save: bool) -> TaskComparison:
    right, taught = (np.asarray(both[name] >= RIGHT, dtype=np.bool_) for name in ("correct", "correct_teacher"))
    drawn = both["drawn"].to_numpy(dtype=np.bool_)
    same = np.asarray((both["stated"] == both["stated_teacher"]) & (both["stated"] != ""), dtype=np.float64)
    wrong = drawn & ~taught
    rows = np.unique(both["row"].to_numpy(dtype=np.int64))
    kept = _ratios(both, ("correct", "output_tokens", "characters"))
    return TaskComparison(
        task=str(both["task"].iloc[0]),
        domain=str(both["domain"].iloc[0]),
        items=len(rows),
        student_accuracy=float(both["correct"].mean()),
        teacher_accuracy=float(both["correct_teacher"].mean()),
        retention=kept["correct"],
        compared=int(both["row"][drawn].nunique()),
        agreement=_share(both["row"][drawn], same[drawn]),
        agreement_where_wrong=_share(both["row"][wrong], same[wrong]),
        both_right=float((right & taught).mean()),
        both_wrong=float((~right & ~taught).mean()),
        student_only=float((right & ~taught).mean()),
        teacher_only=float((~right & taught).mean()),
        tokens=_length(both, "output_tokens", kept["output_tokens"]),
        characters=_length(both, "characters", kept["characters"]) or Length(0.0, 0.0, None),
        joules=_joules(_energy(analysis, student, teacher, rows), may_save=may_save),
    )


def _share(rows: pd.Series, hits: NDArray[np.float64]) -> Interval | None:
    """A share of answers, clustered by item."""
    items = pd.DataFrame({"row": rows.to_numpy(), "hit": hits}).groupby("row")["hit"].agg(["sum", "count"])
    return accuracy_interval(items["sum"].to_numpy(dtype=np.float64), items["count"].to_numpy(dtype=np.float64))


def _ratios(both: pd.DataFrame, columns: Sequence[str]) -> dict[str, Interval | None]:
    """Of each column the student's sum over the teacher's, by one paired bootstrap over items for all of them.

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
        column: _bounded(total[at] / total[at + 1], ratios(draws[:, at], draws[:, at + 1]), few=few)
        if total[at + 1] > 0
        else None
        for at, column in zip(range(0, len(paired), 2), columns, strict=True)
    }


def _length(both: pd.DataFrame, column: str, ratio: Interval | None) -> Length | None:
    known = both[[column, f"{column}_teacher"]].astype(np.float64).dropna()
    if known.empty:
        return None
    ours, theirs = (float(value) for value in known.mean())
    return Length(ours, theirs, ratio)


def _energy(analysis: Analysis, student: str, teacher: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Item by item: joules and correct answers of the student, then of the teacher, where both were metered."""
    table = analysis.table
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
    found = []
    for place in (0, 2):
        drawn = ratios(draws[:, place], draws[:, place + 1])
        known = total[place + 1] > 0 and total[place] > 0
        found.append(_bounded(total[place] / total[place + 1], drawn, few=few) if known else None)
    ours, theirs = found
    if ours is None or theirs is None or not may_save:
        return Joules(ours, theirs, None)
    return Joules(ours, theirs, _saved(ours.estimate, theirs.estimate, draws, few=few))


def _saved(ours_j: float, theirs_j: float, draws: NDArray[np.float64], *, few: bool) -> Interval:
    """Theirs less ours. A draw in which one is never right saves without limit, or costs without limit."""
    if few:
        return Interval(theirs_j - ours_j, -math.inf, math.inf)
    ours, theirs = ratios(draws[:, 0], draws[:, 1]), ratios(draws[:, 2], draws[:, 3])
    both = np.isinf(ours) & np.isinf(theirs)
    saved = np.subtract(theirs, ours, out=np.zeros(len(ours)), where=~both)
    return _bounded(theirs_j - ours_j, saved, few=False)


def _bounded(estimate: float, draws: NDArray[np.float64], *, few: bool) -> Interval:
    """With values that were drawn, never one between two of them: one of the two may be infinite."""
    if few:
        return Interval(float(estimate), 0.0, math.inf)
    tail = (1 - CONFIDENCE) / 2
    low = float(np.quantile(draws, tail, method="lower"))
    high = float(np.quantile(draws, 1 - tail, method="higher"))
    return Interval(float(estimate), min(low, float(estimate)), max(high, float(estimate)))


def told_apart(tasks: Sequence[TaskComparison]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tasks in which the student is shown to save joules per correct answer, and those where it is dearer."""
    known = [(kept.task, kept.joules.saved) for kept in tasks if kept.joules.saved is not None]
    return (
        tuple(task for task, saved in known if saved.low > 0),
        tuple(task for task, saved in known if saved.high < 0),
    )
