"""Read the judged tasks of a run: the verdicts of its judges, the labels of people, and what both make of each answer.

A judge's verdict is an opinion. A judged task *counts*, which means that its answers have scores, once every system
that is compared has enough labels: its scores are then the corrected ones of
`wattbench_reports.stats.label_correction`, of which only means say something. Until then no answer to it has a score;
and where other tasks of the run have scores, its answers are left out where the run is read, so that no figure has
them: joules per correct answer, or a mean over tasks, would else be of unlike requests.

Whether a task counts depends on all systems; the scores of a system are from labels of its answers alone. A request
that failed is not correct, and no label can say otherwise. In a pair, the answers of the system that all are compared
with score one half by definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.label_order import verdict_stratum
from wattbench.records.opinions import ITSELF
from wattbench.records.rows.judgements import JudgeRow, LabelRow
from wattbench.records.tables.table_columns import TableColumns
from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.stats.label_correction import (
    FEWEST_LABELS,
    FEWEST_TO_FIT,
    CorrectedScores,
    TaskAnswers,
    corrected_scores,
)
from wattbench_reports.tables.items_table import failed_requests

KEY = ["system", "task", "doc_id", "repeat", "offered_per_s", "arrivals"]
"""The columns that identify an answer of a run."""


@dataclass(frozen=True)
class JudgedCell:
    """The answers of one system to one judged task."""

    system: str
    task: str
    judge: str
    scale: str
    answers: int
    failed: int
    """Of them, those whose request failed: they are not put to a judge, and are not correct."""
    not_judged: int
    """Of the others, those without a verdict."""
    labels: int
    """Of the others, those that at least one person scored, as they are recorded."""
    items: int
    """With such a label."""
    people: int
    """Who gave these labels."""
    drawn: frozenset[str]
    """How these answers were drawn."""
    opinion: float | None
    """The mean verdict, with 0 for what failed; None: there is no verdict."""
    corrected: CorrectedScores | None
    """Of all answers, in the order of the table; None: there are too few labels."""
    by_definition: bool = False
    """It is the system that others are compared with."""

    @property
    def lacking(self) -> int:
        """Return how many further labels it takes before they correct it."""
        if self.by_definition:
            return 0
        most = self.answers - self.failed
        items = 0 if self.labels == most else FEWEST_TO_FIT - self.items
        return max(min(FEWEST_LABELS, most) - self.labels, items, 0)


@dataclass(frozen=True)
class JudgedTasks:
    """The judged tasks of a run."""

    judges: Mapping[str, JudgeRow]
    """Task to what scores it."""
    cells: Mapping[tuple[str, str], JudgedCell]
    """By system and task."""
    answers: pd.DataFrame
    """A row per answer to a judged task, also to those that are left out of the run, in the order of the table: `KEY`,
    ``domain``, ``place`` (its row in the file), ``row`` (its row among the answers that were looked at),
    ``answer_sha256``, ``failed``, ``verdict``, ``label`` (the mean over people), ``chance`` (with which it was drawn
    for a label, over that of all answers of its system), ``score`` (the label, else the verdict) and ``correct`` (the
    corrected score). The last two are missing where the task does not count."""
    counted: frozenset[str]
    """The tasks that have scores."""
    opinions: Mapping[str, str]
    """The other tasks, each with what it lacks, as a clause."""
    left_out: frozenset[str]
    """Of these, the tasks whose answers are not among those of the run, as other tasks have scores."""
    looked_at: int
    """Answers of the run, to tasks that are not judged included."""

    @property
    def domains_left_out(self) -> Mapping[str, str]:
        """Map the domains of tasks that are left out to why, as a clause. A domain may have other tasks, too."""
        named = self.answers.loc[~self._stay, ["domain", "task"]].drop_duplicates("domain")
        return {
            str(domain): f"of {task} there is a judge's opinion only: {self.opinions[task]}"
            for domain, task in named.itertuples(index=False)
        }

    def of_task(self, task: str) -> tuple[JudgedCell, ...]:
        """Return the cells of a task."""
        return tuple(cell for cell in self.cells.values() if cell.task == task)

    @property
    def why_unscored(self) -> str:
        """Return why no answer of the run has a score, as a clause with what would tell; empty where some have."""
        if not self.opinions or self.left_out:
            return ""
        task, *more = self.opinions
        labels = sum(cell.lacking for cell in self.cells.values())
        who = f"the task {task} has" if not more else f"{task} and {plural(len(more), 'other task')} have"
        return f"{who} a judge's opinion only; label {plural(labels, 'answer')}: wattbench label RUN"

    def kept(self, kept: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Return which answers are read: those that were looked at, without those of `left_out`.

        Args:
            kept: as of `judged_tasks`.
        """
        if not self.left_out:
            return kept
        looked = np.ones(self.looked_at, dtype=np.bool_)
        looked[self.answers["row"][~self._stay]] = False
        if kept is None:
            return looked
        read = kept.copy()
        read[kept] = looked
        return read

    def scores_of(self, recorded: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scores of the answers that are read, those to judged tasks corrected; and of each single answer.

        Args:
            recorded: shape (answers that are read,): the scores in the table.

        Returns:
            ``correct`` and ``score``, of the same shape.
        """
        stays = np.ones(self.looked_at, dtype=np.bool_)
        stays[self.answers["row"][~self._stay]] = False
        at = (np.cumsum(stays) - 1)[self.answers["row"][self._stay]]
        correct, score = recorded.copy(), recorded.copy()
        correct[at], score[at] = (self.answers.loc[self._stay, name] for name in ("correct", "score"))
        return correct, score

    @cached_property
    def _stay(self) -> NDArray[np.bool_]:
        return ~self.answers["task"].isin(self.left_out).to_numpy()


def judged_tasks(run: RunRecords, kept: NDArray[np.bool_] | None = None) -> JudgedTasks | None:
    """Read the judged tasks of a finished run; None where no task is judged.

    Args:
        run: the run.
        kept: shape (answers of the file,): which are looked at; None: all.

    Raises:
        UserError: a verdict or a label is none that an answer can have, or a file is damaged.
    """
    judges = run.judges()
    if not judges:
        return None
    answers, looked_at = _answers(run, judges, kept)
    if answers.empty:
        return None
    tasks = [_task(judges[str(task)], of_task) for task, of_task in answers.groupby("task", sort=False)]
    cells = {(cell.system, cell.task): cell for of_task, _ in tasks for cell in of_task}
    answers = pd.concat([read for _, read in tasks]).sort_index()
    opinions = {of_task[0].task: reason for of_task, _ in tasks if (reason := _lacking(of_task))}
    counted = frozenset(cell.task for cell in cells.values()) - opinions.keys()
    counts = answers["task"].isin(counted)
    answers = answers.assign(**{name: answers[name].where(counts) for name in ("score", "correct")})
    scored = bool(counted) or len(answers) < looked_at
    left_out = frozenset(opinions) if scored else frozenset[str]()
    return JudgedTasks(judges, cells, answers, counted, opinions, left_out, looked_at)


def _answers(
    run: RunRecords, judges: Mapping[str, JudgeRow], kept: NDArray[np.bool_] | None
) -> tuple[pd.DataFrame, int]:
    """Return the answers to judged tasks, with their labels; and how many answers there are to all tasks."""
    path = run.layout.items_table
    with TableColumns(path, kept) as table:
        task, system = table.coded("task"), table.coded("system")
        names = task.texts.to_pylist()
        row = np.flatnonzero(np.isin(task.codes, [code for code, name in enumerate(names) if name in judges]))
        missing = np.broadcast_to(np.nan, (table.rows,))

        def numbers(name: str) -> NDArray[np.float64]:
            return (table.numbers(name) if name in table else missing)[row]

        columns: dict[str, Any] = {
            "place": row if kept is None else np.flatnonzero(kept)[row],
            "row": row,
            "system": system.series(row).astype(str),
            "task": task.series(row).astype(str),
            "domain": table.coded("domain").series(row).astype(str),
            "doc_id": table.whole_numbers("doc_id")[row].astype(np.int64),
            "repeat": table.whole_numbers("repeat")[row].astype(np.int64),
            "offered_per_s": numbers("offered_per_s"),
            "arrivals": table.coded("arrivals").series(row).fillna("").astype(str) if "arrivals" in table else "",
            "failed": failed_requests(table)[row],
            "verdict": numbers("judged"),
        }
        scored, rows = numbers("correct"), table.rows
    answers = pd.DataFrame(columns)
    if np.isfinite(scored).any():
        raise UserError(f"{path}: some answers to a judged task have scores in `correct`; the record is damaged")
    if not answers["verdict"].dropna().between(0, 1).all():
        raise UserError(f"{path}: some verdicts in `judged` are not between 0 and 1; the record is damaged")
    texts = _frame(run.judgements(), "answer_sha256").drop_duplicates(KEY)
    answers = answers.merge(texts, "left", on=KEY)
    labels = _labels(run.labels(), answers)
    return answers.merge(labels, "left", on=KEY), rows


def _frame(rows: Sequence[Any], *names: str) -> pd.DataFrame:
    """Return rows that are of answers as a frame of `KEY` and some further fields."""
    frame = pd.DataFrame([[getattr(row, name) for name in (*KEY, *names)] for row in rows], columns=[*KEY, *names])
    frame["arrivals"] = frame["arrivals"].fillna("").astype(str)
    types = {"system": str, "task": str, "doc_id": np.int64, "repeat": np.int64, "offered_per_s": np.float64}
    return frame.astype(types)


def _labels(rows: Sequence[LabelRow], answers: pd.DataFrame) -> pd.DataFrame:
    """Return the label of each answer: the mean over people. One of another text, or that says nothing, is not counted.

    Returns:
        `KEY`, ``label``, ``person`` (a set) and ``drawn`` (a set).
    """
    labels = _frame([row for row in rows if row.score is not None], "answer_sha256", "score", "person", "drawn")
    labels = labels.merge(answers[[*KEY, "answer_sha256"]], on=[*KEY, "answer_sha256"])
    grouped = labels.groupby(KEY, sort=False, dropna=False)
    return grouped.agg(label=("score", "mean"), person=("person", frozenset), drawn=("drawn", frozenset)).reset_index()


def _task(judge: JudgeRow, answers: pd.DataFrame) -> tuple[list[JudgedCell], pd.DataFrame]:
    """Return the cells of a task, and its answers with ``chance``, ``score`` and ``correct``."""
    failed, even = answers["failed"].to_numpy(dtype=np.bool_), (answers["system"] == judge.against).to_numpy()
    verdict = np.where(failed, 0.0, np.where(even, ITSELF, answers["verdict"].to_numpy(dtype=np.float64)))
    label = np.where(failed | even, np.nan, answers["label"].to_numpy(dtype=np.float64))
    system, names = pd.factorize(answers["system"])
    chance, correct = np.ones(len(answers)), np.full(len(answers), np.nan)
    cells = []
    for number, name in enumerate(names):
        rows = system == number
        cell = _cell(judge, str(name), answers[rows], verdict[rows], label[rows])
        if "by verdict" in cell.drawn:
            there = rows & ~failed
            chance[there] = _chances(verdict[there], label[there])
        cells.append(cell)
    items = pd.factorize(answers["doc_id"])[0].astype(np.int64)
    of_task = TaskAnswers(system, items, verdict, label, chance)
    for number, cell in enumerate(cells):
        if not cell.lacking:
            rows = system == number
            corrected = _corrected(of_task.where(rows), ~failed[rows], cell)
            cells[number], correct[rows] = replace(cell, corrected=corrected), corrected.scores
    read = answers.drop(columns=["person", "drawn"]).assign(
        verdict=verdict,
        label=label,
        chance=chance,
        score=np.where(np.isfinite(label), label, verdict),
        correct=correct,
    )
    return cells, read


def _cell(
    judge: JudgeRow, system: str, answers: pd.DataFrame, verdict: NDArray[np.float64], label: NDArray[np.float64]
) -> JudgedCell:
    """Return the cell of a system's answers, which is not corrected as yet."""
    labelled = answers[np.isfinite(label)]
    people, drawn = (frozenset[str]().union(*labelled[name]) for name in ("person", "drawn"))
    return JudgedCell(
        system=system,
        task=judge.task,
        judge=judge.judge,
        scale=judge.scale,
        answers=len(answers),
        failed=int(answers["failed"].sum()),
        not_judged=int(np.isnan(verdict).sum()),
        labels=len(labelled),
        items=labelled["doc_id"].nunique(),
        people=len(people),
        drawn=drawn,
        opinion=float(np.nanmean(verdict)) if np.isfinite(verdict).any() else None,
        corrected=None,
        by_definition=system == judge.against,
    )


def _corrected(answers: TaskAnswers, there: NDArray[np.bool_], cell: JudgedCell) -> CorrectedScores:
    """Return the corrected scores of a system with enough labels.

    What failed scores 0. Where all other answers have a label, these are the scores.

    Args:
        answers: of the system.
        there: shape (answers,): which did not fail.
        cell: of these answers.
    """
    answered, scores, rectifiers = answers.where(there), np.zeros(len(there)), np.zeros(len(there))
    if cell.by_definition or answered.known.all():
        scores[there] = ITSELF if cell.by_definition else answered.labels
        return CorrectedScores(
            scores, rectifiers, cell.labels, 0.0, _mean(answered.verdicts), _mean(answered.verdicts - answered.labels)
        )
    corrected = corrected_scores(
        answered.verdicts, answered.labels, answered.chances, answered.items, system=cell.system
    )
    scores[there], rectifiers[there] = corrected.scores, corrected.rectifiers
    return replace(corrected, scores=scores, rectifiers=rectifiers)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _chances(verdict: NDArray[np.float64], label: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance with which each answer was drawn, over that of all answers, where labels were drawn by verdict:
    n / N of its stratum.

    A stratum without a label joins the nearest one that has some: what is not judged is next to the lowest.
    """
    fifths = (verdict_stratum(None if np.isnan(each) else each) for each in verdict.tolist())
    stratum = np.array([0 if fifth is None else 1 + fifth for fifth in fifths])
    with_labels = np.unique(stratum[np.isfinite(label)])
    nearest = with_labels[np.abs(stratum[:, None] - with_labels).argmin(axis=1)]
    labels, answers = np.bincount(nearest, weights=np.isfinite(label)), np.bincount(nearest)
    return np.asarray(labels[nearest] / answers[nearest] * (answers.sum() / labels.sum()))


def _lacking(cells: Sequence[JudgedCell]) -> str:
    """Return what a task lacks to count, as a clause; empty where it counts."""
    short = [cell for cell in cells if cell.lacking]
    if not short:
        return ""
    return "it lacks " + listed([f"{plural(cell.lacking, 'label')} of {cell.system}" for cell in short])
