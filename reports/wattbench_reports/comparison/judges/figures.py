"""Compute what is said of judged answers, from what was read of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import SystemRow
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow, without_thoughts
from wattbench_reports.comparison.judges.bill import bills_of_judges
from wattbench_reports.comparison.judges.model import JudgedAnswers, JudgedTask, LabelledAnswer, OpinionOnSystem
from wattbench_reports.comparison.judges.reliability import PAIR, PASS, labels_buy, reliability_of
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.task_accuracy import task_accuracies
from wattbench_reports.stats.agreement import Agreement, agreement
from wattbench_reports.tables.answer_texts import text_of, texts_in
from wattbench_reports.tables.judged_tasks import KEY, JudgedTasks

MOST_TO_READ = 5
"""Answers of a task on which judge and people differ that are shown."""
FUNCTION = "python"
"""The engine of a system that is a function of one's own."""
LEAST_APART = 0.25
"""A verdict and a label that are nearer than this say the same."""


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
    read = _JudgedRecord(measured, frames.judged_tasks, judgements, run.labels())
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
        same = [name for name, row in systems.items() if name == judge.judge or _has_model_of(judge, row)]
        if same:
            related[judge.judge] = tuple(same)
    return related


def _has_model_of(judge: JudgeRow, system: SystemRow) -> bool:
    """Return whether a system has the model of a judge. Functions are none: their hash is that of their file."""
    if FUNCTION in (judge.facts.get("engine"), system.engine):
        return False
    facts = ("weights_sha256", "served_model")
    return any(judge.facts.get(fact) is not None and judge.facts[fact] == getattr(system, fact) for fact in facts)


@dataclass(frozen=True)
class _JudgedRecord:
    """What the figures of all judged tasks of a run are made from."""

    measured: Measured
    judged: JudgedTasks
    judgements: Sequence[JudgementRow]
    labels: Sequence[LabelRow]

    @cached_property
    def given(self) -> pd.DataFrame:
        """Return the labels that say something: ``answer`` (in the index of the answers of `JudgedTasks`), ``task``,
        ``person``, ``score`` and ``drawn``."""
        given = self._of_answers([row for row in self.labels if row.score is not None], "person", "score", "drawn")
        labelled = self.judged.answers["label"].notna()
        return given[labelled[given["answer"]].to_numpy()]

    @cached_property
    def said(self) -> pd.DataFrame:
        """Return the verdicts: ``answer``, ``task``, ``shown``, ``verdict``, ``why`` and ``reply``."""
        return self._of_answers(self.judgements, "shown", "verdict", "why", "reply")

    def _of_answers(self, rows: Sequence[JudgementRow | LabelRow], *names: str) -> pd.DataFrame:
        """Return some fields of rows that are of answers of the run, and of the same text; with ``answer``."""
        identity = [*KEY, "answer_sha256"]
        frame = pd.DataFrame([[getattr(row, name) for name in (*identity, *names)] for row in rows])
        frame = frame.set_axis([*identity, *names], axis=1) if rows else pd.DataFrame(columns=[*identity, *names])
        frame["arrivals"] = frame["arrivals"].fillna("").astype(str)
        known = self.judged.answers[identity].assign(answer=self.judged.answers.index)
        return frame.astype({name: known[name].dtype for name in KEY}).merge(known, on=identity)

    def task(self, judge: JudgeRow) -> JudgedTask:
        """Return what is said of one task."""
        judged, task = self.judged, judge.task
        answers = judged.answers[(judged.answers["task"] == task).to_numpy()]
        given, said = (each[each["task"] == task] for each in (self.given, self.said))
        outputs = self._outputs(answers)
        put = answers[(~answers["failed"] & (answers["system"] != judge.against)).to_numpy()]
        against_people = reliability_of(judge.scale, put, _lengths(outputs, put), said)
        return JudgedTask(
            run=self.measured.run,
            task=task,
            judge=judge.judge,
            scale=judge.scale,
            against=judge.against,
            rubric=judge.rubric,
            prompt_version=judge.prompt_version,
            why_opinion=judged.opinions.get(task, ""),
            systems=tuple(self._systems(task, answers)),
            not_judged=_reasons(said[said["verdict"].isna()]["why"]),
            as_given=int((given["drawn"] == "as given").sum()),
            people=int(given["person"].nunique()),
            agreement=_agreement(given, graded=judge.scale not in (PASS, PAIR)),
            reliability=against_people.figures,
            biases=against_people.biases,
            alike=against_people.alike,
            to_read=tuple(_to_read(answers, given, said, outputs)),
        )

    def _systems(self, task: str, answers: pd.DataFrame) -> Iterator[OpinionOnSystem]:
        intervals = task_accuracies(self.measured.table, task) if task in self.judged.counted else {}
        for cell in self.judged.of_task(task):
            items = answers.loc[(answers["system"] == cell.system).to_numpy(), "doc_id"].to_numpy(dtype=np.int64)
            yield OpinionOnSystem(
                system=cell.system,
                task=task,
                answers=cell.answers,
                not_judged=cell.not_judged,
                judges_opinion=cell.opinion,
                labels=cell.labels,
                people=cell.people,
                corrected=intervals.get(cell.system),
                by_definition=cell.by_definition,
                lacking=cell.lacking,
                more_labels=labels_buy(cell, items),
            )

    def _outputs(self, answers: pd.DataFrame) -> Mapping[int, str | None]:
        """Return what people and the judge saw of labelled answers, by their index: what follows the thoughts."""
        labelled = answers[answers["label"].notna().to_numpy()]
        places = labelled["place"].to_numpy(dtype=np.int64)
        texts = texts_in(self.measured.frames.run.layout.items_table, places, ("output",))
        outputs = (text_of(texts.loc[each].to_dict(), "output") for each in places)
        seen = [None if text is None else without_thoughts(text) for text in outputs]
        return dict(zip(labelled.index.tolist(), seen, strict=True))


def _lengths(outputs: Mapping[int, str | None], answers: pd.DataFrame) -> NDArray[np.float64]:
    """Return the characters of labelled answers; NaN for others."""
    known = {answer: len(text) for answer, text in outputs.items() if text is not None}
    return np.array([known.get(answer, np.nan) for answer in answers.index.tolist()], dtype=np.float64)


def _reasons(why: pd.Series) -> dict[str, int]:
    """Count the verdicts that are missing, by reason."""
    counts = why.fillna("no reason is on record").value_counts()
    return {str(reason): int(count) for reason, count in counts.items()}


def _to_read(
    answers: pd.DataFrame, given: pd.DataFrame, said: pd.DataFrame, outputs: Mapping[int, str | None]
) -> Iterator[LabelledAnswer]:
    """Yield the answers to a task of which judge and people say the most different things, at most `MOST_TO_READ`."""
    apart = (answers["verdict"] - answers["label"]).abs()
    chosen = answers.assign(apart=apart, answer=answers.index)[(apart >= LEAST_APART).to_numpy()]
    order = ["apart", "doc_id", "system", "repeat"]
    chosen = chosen.sort_values(order, ascending=[False, True, True, True]).head(MOST_TO_READ)
    for row in chosen.to_dict("records"):
        answer = row["answer"]
        yield LabelledAnswer(
            system=str(row["system"]),
            doc_id=int(row["doc_id"]),
            repeat=int(row["repeat"]),
            verdict=float(row["verdict"]),
            label=float(row["label"]),
            people=int(given.loc[given["answer"] == answer, "person"].nunique()),
            output=outputs[answer],
            replies=tuple(said.loc[said["answer"] == answer, "reply"]),
        )


def _agreement(given: pd.DataFrame, *, graded: bool) -> Agreement | None:
    """Return how far people agree with each other; None where no two labelled the same answer."""
    table = given.pivot_table("score", "person", "answer", aggfunc="last")
    if len(table) < 2 or not (table.notna().sum() > 1).any():
        return None
    return agreement(table.to_numpy(dtype=np.float64), graded=graded)
