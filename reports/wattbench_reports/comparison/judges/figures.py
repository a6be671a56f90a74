"""Compute what is said of judged answers, from what was read of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from wattbench.records import SystemRow
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow
from wattbench_reports.comparison.judges.bill import bills_of_judges
from wattbench_reports.comparison.judges.model import JudgedAnswers, JudgedSystem, JudgedTask, LabelledAnswer
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.task_accuracy import task_accuracies
from wattbench_reports.stats.agreement import Agreement, agreement
from wattbench_reports.tables.answer_texts import text_of, texts_in
from wattbench_reports.tables.judged_tasks import KEY, JudgedTasks

MOST_TO_READ = 5
"""Answers of a task on which judge and people differ that are shown."""
LEAST_APART = 0.25
"""A verdict and a label that are nearer than this say the same."""
_NAMED = ("system", "task", "doc_id", "repeat", "answer_sha256")
NOMINAL = ("pass", "pair")
"""The scales on which two labels are the same or not; on others they are nearer or further."""


def judged_of(measured: Measured, paid: Paid) -> JudgedAnswers | None:
    """Return what is said of the judged answers of a run; None where no task is judged.

    Raises:
        UserError: a record is damaged.
    """
    frames = measured.frames
    if frames.judged_tasks is None:
        return None
    run = frames.run
    judgements = run.judgements()
    read = _Read(measured, frames.judged_tasks, judgements, run.labels())
    return JudgedAnswers(
        tasks=tuple(read.task(row) for row in frames.judged_tasks.judges.values() if read.judged.of_task(row.task)),
        bills=bills_of_judges(measured, paid, judgements),
        related=_related(frames.judged_tasks.judges.values(), run.systems()),
        nothing_scored=not any(each.accuracy is not None for each in measured.systems.values()),
    )


def _related(judges: Iterable[JudgeRow], systems: Mapping[str, SystemRow]) -> dict[str, tuple[str, ...]]:
    """Return the systems that are a judge, or have its weights or the name of its model at a server."""
    related = {}
    for judge in judges:
        same = [
            name
            for name, row in systems.items()
            if name == judge.judge
            or any(
                judge.facts.get(fact) is not None and judge.facts[fact] == getattr(row, fact)
                for fact in ("weights_sha256", "served_model")
            )
        ]
        if same:
            related[judge.judge] = tuple(same)
    return related


@dataclass(frozen=True)
class _Read:
    """What the figures of all judged tasks of a run are made from."""

    measured: Measured
    judged: JudgedTasks
    judgements: Sequence[JudgementRow]
    labels: Sequence[LabelRow]

    @cached_property
    def given(self) -> pd.DataFrame:
        """Return each label of an answer of the run that says something: ``task``, ``answer`` (its row in the answers
        of `JudgedTasks`), ``person``, ``score`` and ``drawn``."""
        answers = self.judged.answers
        names = [*KEY, "answer_sha256", "person", "score", "drawn"]
        rows = [[getattr(row, name) for name in names] for row in self.labels if row.score is not None]
        given = pd.DataFrame(rows, columns=names)
        given["arrivals"] = given["arrivals"].fillna("").astype(str)
        given["offered_per_s"] = given["offered_per_s"].astype(np.float64)
        known = answers.loc[answers["label"].notna(), [*KEY, "answer_sha256"]].assign(answer=lambda each: each.index)
        kinds = {name: known[name].dtype for name in KEY}
        return given.astype(kinds).merge(known, on=[*KEY, "answer_sha256"])

    def task(self, judge: JudgeRow) -> JudgedTask:
        """Return what is said of one task."""
        judged, task = self.judged, judge.task
        given = self.given[self.given["task"] == task]
        intervals = task_accuracies(self.measured.table, task) if task in judged.counted else {}
        return JudgedTask(
            run=self.measured.run,
            task=task,
            judge=judge.judge,
            scale=judge.scale,
            against=judge.against,
            rubric=judge.rubric,
            prompt_version=judge.prompt_version,
            why_opinion=judged.opinions.get(task, ""),
            systems=tuple(
                JudgedSystem(
                    system=cell.system,
                    task=task,
                    answers=cell.answers,
                    not_judged=cell.not_judged,
                    judges_opinion=cell.opinion,
                    labels=cell.labels,
                    people=cell.people,
                    corrected=intervals.get(cell.system),
                    pooled=cell.pooled,
                    lacking=cell.lacking,
                )
                for cell in judged.of_task(task)
            ),
            not_judged=self._why_not_judged(task),
            as_given=int((given["drawn"] == "as given").sum()),
            people=given["person"].nunique(),
            agreement=_agreement(given, graded=judge.scale not in NOMINAL),
            to_read=tuple(self._to_read(task)),
        )

    def _why_not_judged(self, task: str) -> dict[str, int]:
        """Count the verdicts of a task that are missing, by reason."""
        reasons = (row.why or "no reason is on record" for row in self.judgements if _is_missing(row, task))
        return dict(Counter(reasons))

    def _to_read(self, task: str) -> Iterator[LabelledAnswer]:
        """Yield the answers to a task of which judge and people say the most different things."""
        answers = self.judged.answers
        answers = answers[(answers["task"] == task).to_numpy()]
        apart = (answers["verdict"] - answers["label"]).abs()
        chosen = answers.assign(apart=apart)[apart >= LEAST_APART]
        chosen = chosen.sort_values(["apart", "doc_id", "system", "repeat"], ascending=[False, True, True, True])
        chosen = chosen.head(MOST_TO_READ)
        path = self.measured.frames.run.layout.items_table
        texts = texts_in(path, chosen["place"].to_numpy(dtype=np.int64), ("output",))
        people = self.given.groupby("answer")["person"].nunique()
        chosen = chosen.assign(people=people.reindex(chosen.index))
        for row in chosen.to_dict("records"):
            yield LabelledAnswer(
                system=str(row["system"]),
                doc_id=int(row["doc_id"]),
                repeat=int(row["repeat"]),
                verdict=float(row["verdict"]),
                label=float(row["label"]),
                people=int(row["people"]),
                output=text_of(texts.loc[row["place"]].to_dict(), "output"),
                replies=tuple(self._replies[tuple(row[name] for name in _NAMED)]),
            )

    @cached_property
    def _replies(self) -> Mapping[tuple[Any, ...], Sequence[str]]:
        """Map what names an answer to what its judge wrote of it."""
        replies: dict[tuple[Any, ...], list[str]] = {}
        for row in self.judgements:
            replies.setdefault(tuple(getattr(row, name) for name in _NAMED), []).append(row.reply)
        return replies


def _is_missing(row: JudgementRow, task: str) -> bool:
    return row.task == task and row.verdict is None


def _agreement(given: pd.DataFrame, *, graded: bool) -> Agreement | None:
    """Return how far people agree with each other; None where no two labelled the same answer."""
    table = given.pivot_table("score", "person", "answer", aggfunc="last")
    if len(table) < 2 or not (table.notna().sum() > 1).any():
        return None
    return agreement(table.to_numpy(dtype=np.float64), graded=graded)
