"""List what a judge is to be asked: each recorded answer that it has no verdict on, in an order that says nothing."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.config import FileTask, Resolved, TaskChoice
from wattbench.config.judged import PAIR, JudgedBy
from wattbench.records import AnswerRow, RunRecords
from wattbench.records.opinions import digest_of
from wattbench.records.rows.answers import AnswerKey
from wattbench.records.rows.judgements import JudgementRow, Shown, without_thoughts
from wattbench.tasks.file_task.prompt import names_of
from wattbench.tasks.judged.prompt import ShownAnswer, judge_prompt
from wattbench.tasks.judged.rubric import rubric_text
from wattbench.tasks.loading import LoadedTask, load_task

FAILED = "the judge's request failed: "
"""How the reason begins of a verdict that is missing as the judge did not answer: it is asked again on resumption."""

Pair = tuple[str, str]
"""System and task."""


@dataclass(frozen=True)
class JudgeQuestion:
    """One request to a judge: an answer, or of a pair two answers in one order."""

    system: str
    task: str
    answer: AnswerRow
    judged: JudgedBy
    shown: Shown | None
    prompt: str
    """Without a chat template."""

    @property
    def prompt_hash(self) -> str:
        """Return a SHA-256 of the prompt."""
        return hashlib.sha256(self.prompt.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def key(self) -> tuple[str, str, AnswerKey, Shown | None]:
        """Return what identifies the question in a run."""
        return self.system, self.task, self.answer.key, self.shown

    def has(self, row: JudgementRow | None) -> bool:
        """Return whether a verdict on record is of this very question, and the judge has answered it."""
        return (
            row is not None
            and (row.judge, row.prompt_hash) == (self.judged.judge, self.prompt_hash)
            and row.answer_sha256 == digest_of(self.answer)
            and not (row.why or "").startswith(FAILED)
        )


def questions_of(records: RunRecords, resolved: Resolved, judge: str, pairs: Iterable[Pair]) -> list[JudgeQuestion]:
    """Return all questions to a judge about a run, in a random order over systems, tasks and items.

    Requests that failed have no answer, and the answers that others are compared with are not compared with themselves.

    Args:
        records: of the run, with scores.
        resolved: its suite.
        judge: its name.
        pairs: systems and tasks.

    Raises:
        UserError: a task or a rubric cannot be read.
    """
    choices = {choice.task: choice for choice in judged_tasks(resolved) if choice.judged.judge == judge}  # type: ignore[union-attr]
    systems: dict[str, list[str]] = {task: [] for task in choices}
    for system, task in pairs:
        if task in choices:
            systems[task].append(system)
    seed = resolved.suite.measure.seed
    questions = [
        question
        for task, choice in choices.items()
        if systems[task]
        for question in _of_task(records, load_task(resolved, choice), systems[task], seed)
    ]
    random.Random(f"{seed}: judging").shuffle(questions)  # noqa: S311 - a draw to repeat, no secret
    return questions


def without_verdict(questions: Sequence[JudgeQuestion], verdicts: Iterable[JudgementRow]) -> list[JudgeQuestion]:
    """Return the questions that the judge has not answered, in the same order."""
    known = {(row.system, row.task, row.key, row.shown): row for row in verdicts}
    return [each for each in questions if not each.has(known.get(each.key))]


def judged_tasks(resolved: Resolved) -> list[TaskChoice]:
    """Return the tasks of a suite that a judge scores."""
    return [choice for choice in resolved.tasks if choice.judged is not None]


def _of_task(records: RunRecords, loaded: LoadedTask, systems: Sequence[str], seed: int) -> Iterator[JudgeQuestion]:
    choice = loaded.choice
    judged = choice.judged
    assert judged is not None  # the caller has chosen it so
    rubric = rubric_text(judged)
    against = None if judged.against is None else _texts(records, judged.against, choice.task)
    items: dict[int, str] = {}

    def question(system: str, answer: AnswerRow, order: Shown | None, shown: ShownAnswer) -> JudgeQuestion:
        prompt = judge_prompt(shown, judged, rubric, seed)
        return JudgeQuestion(system, choice.task, answer, judged, order, prompt)

    for system in systems:
        if system == judged.against:
            continue
        references = {row.key: row.target.strip() for row in records.scores(system, choice.task) or ()}
        for answer in records.answers(system, choice.task):
            if answer.failure is not None:
                continue
            item = items.setdefault(answer.doc_id, item_text(loaded, answer.doc_id))
            reference = references.get(answer.key) or None
            said = _seen(answer)
            if judged.scale != PAIR:
                yield question(system, answer, None, ShownAnswer(item, said, reference=reference))
                continue
            other = reference if against is None else against.get(answer.key)
            if other is None:
                continue
            reference = None if against is None else reference
            yield question(system, answer, "first", ShownAnswer(item, said, other, reference))
            yield question(system, answer, "second", ShownAnswer(item, other, said, reference))


def _texts(records: RunRecords, system: str, task: str) -> Mapping[AnswerKey, str]:
    return {row.key: _seen(row) for row in records.answers(system, task) if row.failure is None}


def _seen(answer: AnswerRow) -> str:
    return without_thoughts(str(answer.replies[0]))


def item_text(loaded: LoadedTask, doc_id: int) -> str:
    """Return what an item asks: the input of a file of one's own, or the question as the task writes it.

    It is without worked examples and without a chat template, which are the systems'.
    """
    doc: dict[str, Any] = loaded.task.eval_docs[doc_id]
    choice = loaded.choice
    if isinstance(choice, FileTask) and choice.prompt is None:
        return str(doc[names_of([choice.input])[choice.input]])
    return str(loaded.task.doc_to_text(doc))
