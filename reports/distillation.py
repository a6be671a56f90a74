"""What a student kept of its teacher: never one number, and accuracy is not fidelity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.agreement import stated_answer
from reports.compare import Analysis
from reports.itemtable import row_of_answer
from reports.measures import SEED
from reports.stats import Interval, accuracy_interval, ratio_intervals

RIGHT = 0.5
"""An answer with at least this score counts as right, where right and wrong are all that is asked."""


@dataclass(frozen=True)
class Kept:
    """A student and its teacher on the items of one task that both answered."""

    task: str
    domain: str
    items: int
    student_accuracy: float
    teacher_accuracy: float
    retention: Interval | None
    """Student's accuracy over the teacher's; None where the teacher is never right."""
    agreement: Interval
    """Share of answers in which both state the same, right or wrong."""
    agreement_where_wrong: Interval | None
    """The same among answers where the teacher is wrong; None where it never is."""
    both_right: float
    """Share of answers. The four add up to 1 with `student_only`, `teacher_only` and `both_wrong`."""
    both_wrong: float
    student_only: float
    teacher_only: float
    tokens_ratio: Interval | None
    """Output tokens, student over teacher; None where they cannot be counted."""
    student_j_per_correct: Interval | None
    teacher_j_per_correct: Interval | None


@dataclass(frozen=True)
class Distillation:
    """One student of a teacher that took part."""

    student: str
    teacher: str
    tasks: tuple[Kept, ...]
    student_provenance: str
    teacher_provenance: str


def distillations(analysis: Analysis) -> tuple[Distillation, ...]:
    """Every system whose teacher answered the same items; empty where there is none."""
    rows = analysis.frames.run.systems()
    known = analysis.frames.systems
    pairs = [(name, rows[name].teacher) for name in known if name in rows]
    pairs = [(student, teacher) for student, teacher in pairs if teacher in known and teacher != student]
    if not pairs:
        return ()
    answers = _answers(analysis)
    return tuple(
        Distillation(
            student,
            teacher,
            tuple(_kept(analysis, student, teacher, both) for both in _by_task(answers, student, teacher)),
            analysis.measured[student].provenance,
            analysis.measured[teacher].provenance,
        )
        for student, teacher in pairs
        if teacher is not None
    )


def _answers(analysis: Analysis) -> pd.DataFrame:
    """Every answer with its item's row in the item table, and what it states."""
    items = analysis.frames.items
    found = items[["system", "task", "domain", "repeat", "correct", "output_tokens"]].copy()
    found["row"] = row_of_answer(items)
    found["stated"] = [stated_answer(str(text)) for text in analysis.frames.more_columns("filtered")["filtered"]]
    return found


def _by_task(answers: pd.DataFrame, student: str, teacher: str) -> list[pd.DataFrame]:
    """The answers that both gave, repeat by repeat and side by side; one table per task."""
    ours, theirs = (answers[answers["system"] == name] for name in (student, teacher))
    both = ours.merge(
        theirs[["row", "repeat", "correct", "output_tokens", "stated"]], on=["row", "repeat"], suffixes=("", "_teacher")
    )
    return [own for _, own in both.groupby("task", observed=True, sort=False)]


def _kept(analysis: Analysis, student: str, teacher: str, both: pd.DataFrame) -> Kept:
    right, taught = (np.asarray(both[name] >= RIGHT, dtype=np.bool_) for name in ("correct", "correct_teacher"))
    same = np.asarray((both["stated"] == both["stated_teacher"]) & (both["stated"] != ""), dtype=np.float64)
    agreement = _share(both["row"], same)
    assert agreement is not None  # a task is here by its answers
    j_student, j_teacher = _j_per_correct(analysis, student, teacher, np.unique(both["row"]))
    return Kept(
        task=str(both["task"].iloc[0]),
        domain=str(both["domain"].iloc[0]),
        items=both["row"].nunique(),
        student_accuracy=float(both["correct"].mean()),
        teacher_accuracy=float(both["correct_teacher"].mean()),
        retention=_ratio(both["row"], both["correct"], both["correct_teacher"]),
        agreement=agreement,
        agreement_where_wrong=_share(both["row"][~taught], same[~taught]),
        both_right=float((right & taught).mean()),
        both_wrong=float((~right & ~taught).mean()),
        student_only=float((right & ~taught).mean()),
        teacher_only=float((~right & taught).mean()),
        tokens_ratio=_ratio(both["row"], both["output_tokens"], both["output_tokens_teacher"]),
        student_j_per_correct=j_student,
        teacher_j_per_correct=j_teacher,
    )


def _share(rows: pd.Series, hits: NDArray[np.float64]) -> Interval | None:
    """A share of answers, clustered by item."""
    items = pd.DataFrame({"row": rows.to_numpy(), "hit": hits}).groupby("row")["hit"].agg(["sum", "count"])
    return accuracy_interval(items["sum"].to_numpy(dtype=np.float64), items["count"].to_numpy(dtype=np.float64))


def _ratio(rows: pd.Series, ours: pd.Series, theirs: pd.Series) -> Interval | None:
    """A ratio of two sums over the same answers, by paired bootstrap over items; answers that lack one are left out."""
    pairs = pd.DataFrame({"row": rows, "ours": ours, "theirs": theirs}).astype(np.float64).dropna()
    sums = pairs.groupby("row")[["ours", "theirs"]].sum().to_numpy()
    return ratio_intervals(sums[:, :1], sums[:, 1:], seed=SEED)[0]


def _j_per_correct(
    analysis: Analysis, student: str, teacher: str, rows: NDArray[np.int64]
) -> tuple[Interval | None, Interval | None]:
    columns = [analysis.table.column(name) for name in (student, teacher)]
    energy_j, correct = (array[rows][:, columns] for array in (analysis.table.energy_j, analysis.table.metered_correct))
    ours, theirs = ratio_intervals(energy_j, correct, seed=SEED)
    return ours, theirs
