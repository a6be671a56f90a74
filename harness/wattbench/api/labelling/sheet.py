"""Read what there is to label in a run: the answers that a judge scores, and the labels that they have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from wattbench.config.judged import PAIR
from wattbench.config.label_scale import LabelScale
from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.dropped import dropped_after
from wattbench.records.label_order import draw_position
from wattbench.records.prompts import prompt_as_text
from wattbench.records.rows.answers import AnswerKey
from wattbench.records.rows.judgements import JudgeRow, LabelRow, answer_digest, without_thoughts
from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.tables.answer_texts import texts_in
from wattbench_reports.tables.judged_tasks import KEY
from wattbench_reports.tables.run_tables import check_finished

_LIGHT = (*KEY, "judged", "doc_hash")
_OPAQUE = 20
"""Hexadecimal digits of a name of an answer."""
AnswerName = tuple[str, str, AnswerKey]
"""System, task and key."""


@dataclass(frozen=True)
class AnswerToLabel:
    """An answer that can be labelled, without its texts."""

    system: str
    task: str
    key: AnswerKey
    verdict: float | None
    """Of the judge; None: not judged."""
    row: int
    """In `items.parquet`."""
    position: int
    """In the order of draws."""
    sha256: str
    """Of its whole text, as the judge got it."""
    doc_hash: str
    """Of the item, the same in every run that asks it."""

    @property
    def name(self) -> AnswerName:
        """Return what identifies it in its run."""
        return self.system, self.task, self.key


@dataclass(frozen=True)
class AnswerTexts:
    """What a person sees of an answer."""

    item: str
    """The prompt, as the first system of the run was asked it: a form of its own would give a system away."""
    reference: str
    """The target, where it is not what the answer is compared with; empty without one."""
    answer: str
    """Without the thoughts before it, as the judge sees it."""
    compared: str | None
    """Of a pair: the text that it is compared with."""


@dataclass(frozen=True)
class LabelSheet:
    """What there is to label in a run."""

    records: RunRecords
    judges: Mapping[str, JudgeRow]
    """By task."""
    scales: Mapping[str, LabelScale]
    """By task."""
    answers: Mapping[AnswerName, AnswerToLabel]
    """That were put to a judge, of systems that were asked to the end: no failed request, and of a pair none of those
    that are compared with."""
    rows: Mapping[AnswerName, int]
    """Of every answer to a judged task: its row in `items.parquet`."""
    labels: tuple[LabelRow, ...]
    """People's labels so far, those of other texts left out."""

    @property
    def run(self) -> str:
        """Return the run's identity."""
        return self.records.header.run

    @cached_property
    def cells(self) -> dict[tuple[str, str], list[AnswerToLabel]]:
        """Return the answers of each system and task in the order of draws; tasks in the order of the run."""
        cells: dict[tuple[str, str], list[AnswerToLabel]] = {}
        for answer in sorted(self.answers.values(), key=lambda each: each.position):
            cells.setdefault((answer.system, answer.task), []).append(answer)
        return {pair: cells[pair] for task in self.judges for pair in sorted(cells) if pair[1] == task}

    def labels_of(self, person: str) -> dict[AnswerName, LabelRow]:
        """Return the labels of a person."""
        return {name_of(row): row for row in self.labels if row.person == person}

    @cached_property
    def scores(self) -> dict[AnswerName, dict[str, float]]:
        """Return the score of each person and answer that has one."""
        scores: dict[AnswerName, dict[str, float]] = {}
        for row in self.labels:
            if row.score is not None:
                scores.setdefault(name_of(row), {})[row.person] = row.score
        return scores

    def texts(self, answers: Sequence[AnswerToLabel]) -> list[AnswerTexts]:
        """Read the texts of some answers.

        Raises:
            UserError: the table of items is damaged.
        """
        compared = [self._compared_with(each) for each in answers]
        asked_first = [self._first_rows[each.task, each.key[0]] for each in answers]
        others = [row for row in compared if row is not None]
        frame = self._read([*(each.row for each in answers), *asked_first, *others])
        return [self._texts(frame, *each) for each in zip(answers, asked_first, compared, strict=True)]

    def _texts(self, frame: pd.DataFrame, answer: AnswerToLabel, asked_first: int, compared: int | None) -> AnswerTexts:
        judge = self.judges[answer.task]
        output, target = self._output(frame, answer), _text(frame, answer.row, "target")
        of_other: str | None = None
        if judge.scale == PAIR and judge.against is None:
            of_other, target = target, ""
        elif judge.scale == PAIR:
            of_other = "" if compared is None else without_thoughts(_text(frame, compared, "output"))
        item = prompt_as_text(_text(frame, asked_first, "prompt"))
        return AnswerTexts(item, target, without_thoughts(output), of_other)

    def _compared_with(self, answer: AnswerToLabel) -> int | None:
        """Return the row of the answer that a system of the run gave to the same item, of a pair with one."""
        against = self.judges[answer.task].against
        return None if against is None else self.rows.get((against, answer.task, answer.key))

    @cached_property
    def _first_rows(self) -> dict[tuple[str, int], int]:
        """Return the row of the first answer to each document of each task."""
        first: dict[tuple[str, int], int] = {}
        for (_, task, key), row in self.rows.items():
            first.setdefault((task, key[0]), row)
        return first

    def outputs(self, answers: Sequence[AnswerToLabel]) -> list[str]:
        """Return the whole recorded text of each of some answers."""
        frame = self._read([each.row for each in answers], ["output"])
        return [self._output(frame, each) for each in answers]

    def _output(self, frame: pd.DataFrame, answer: AnswerToLabel) -> str:
        text = _text(frame, answer.row, "output")
        if answer_digest(text) != answer.sha256:
            raise UserError(
                f"{self.records.layout.judgements}: {answer.system}'s answer to document {answer.key[0]} of "
                f"{answer.task} is another one than the judge got; the record is damaged"
            )
        return text

    def id_of(self, name: AnswerName) -> str:
        """Return a name of an answer that does not say whose it is."""
        text = "\0".join(map(str, ("label", self.run, *name)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_OPAQUE]

    @cached_property
    def ids(self) -> dict[str, AnswerName]:
        """Return each answer by its `id_of`."""
        return {self.id_of(name): name for name in self.answers}

    def _read(self, rows: Iterable[int], columns: Sequence[str] = ("prompt", "output", "target")) -> pd.DataFrame:
        return texts_in(self.records.layout.items_table, np.unique(np.array([*rows], dtype=np.int64)), columns)


def read_sheet(records: RunRecords, tasks: Sequence[str] = ()) -> LabelSheet:
    """Read what there is to label in a run.

    Args:
        records: of the run.
        tasks: only these; empty: all whose answers are judged.

    Raises:
        UserError: it is not finished, is a gate or the run of a metered program, has no answer that is judged, or is
            damaged; or there is no such task.
    """
    root, header = records.layout.root, records.header
    check_finished(records)
    if header.gate is not None or header.metered is not None:
        kind = "a gate" if header.gate is not None else "of a metered program"
        raise UserError(f"{root}: this run is {kind}, whose answers no judge scores; there is nothing to label")
    judges = records.judges()
    if not judges:
        raise UserError(
            f"{root}: no task of this run is scored by a judge, and labels correct verdicts of judges; name one with "
            "score: {judge: SYSTEM, rubric: FILE} in the suite"
        )
    for task in tasks:
        if task not in judges:
            raise UserError(f"{root}: no judge scores a task {task!r:.60}; judged are: {', '.join(judges)}")
    judges = {task: judge for task, judge in judges.items() if not tasks or task in tasks}
    scales = {task: LabelScale.of(judge.scale) for task, judge in judges.items()}
    dropped = dropped_after(records.looks())
    answers: dict[AnswerName, AnswerToLabel] = {}
    rows: dict[AnswerName, int] = {}
    judged = {(row.system, row.task, row.key): row.answer_sha256 for row in records.judgements()}
    for name, row, verdict, doc_hash in _answers(records, judges):
        system, task, key = name
        rows[name] = row
        if name in judged and system not in dropped:
            position = draw_position(header.run, task, key)
            answers[name] = AnswerToLabel(system, task, key, verdict, row, position, judged[name], doc_hash)
    labels = tuple(
        row for row in records.labels()
        if (answer := answers.get(name_of(row))) is not None and row.answer_sha256 == answer.sha256
    )  # fmt: skip
    return LabelSheet(records, judges, scales, answers, rows, labels)


def name_of(row: LabelRow) -> AnswerName:
    """Return what identifies the answer of a label."""
    return row.system, row.task, row.key


def _answers(
    records: RunRecords, judges: Mapping[str, JudgeRow]
) -> Iterator[tuple[AnswerName, int, float | None, str]]:
    """Yield the name, the row, the verdict and the hash of the item of each answer to a judged task."""
    start = 0
    with opened_table(records.layout.items_table) as file:
        known = [name for name in _LIGHT if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=known):
            columns: dict[str, list[Any]] = {name: batch.column(name).to_pylist() for name in known}
            nothing = [None] * len(batch)
            keys = zip(*(columns.get(name, nothing) for name in KEY), strict=True)
            others = zip(columns.get("judged", nothing), columns["doc_hash"], strict=True)
            for row, ((system, task, *key), (verdict, doc_hash)) in enumerate(zip(keys, others, strict=True), start):
                if task in judges:
                    yield (system, task, (key[0], key[1], key[2], key[3])), row, verdict, doc_hash
            start += len(batch)


def _text(frame: pd.DataFrame, row: int, column: str) -> str:
    value = frame.at[row, column] if column in frame else None
    return value if isinstance(value, str) else ""
