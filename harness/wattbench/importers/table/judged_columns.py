"""Read what judges and people said of answers from the columns of a table.

A verdict is an opinion, and no score. A row is an answer; where a column `person` names who gave its label, an answer
may have a row for each person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

import pyarrow as pa

from wattbench.config.judged import PASS, JudgedBy, check_scale
from wattbench.config.label_scale import LabelScale
from wattbench.errors import UserError
from wattbench.importers.answer import check_name, whole_number
from wattbench.importers.files import digest, text
from wattbench.importers.imported import ImportDraft, ImportedLabel
from wattbench.importers.survey import scored_and_judged
from wattbench.importers.table.tablefile import TableBlock, absent
from wattbench.records.rows.judgements import Drawn
from wattbench.tasks.judged.rubric import rubric_text

JUDGED = ("verdict", "human_label", "judge", "person", "drawn")
"""The columns of a table that say how answers were judged and labelled."""

TASK = "items"
"""The task of a table without one."""

MOST_LABELS = 1_000_000

_ANSWER = ("system", "task", "item", "repeat", "score", "failure")
_TRUTH = {"true": "1", "false": "0"}
_JUDGE, _PERSON = "judge", "1"
"""The names of a judge, and of a person, that the source does not name."""


@dataclass(frozen=True)
class JudgedOptions:
    """What a reader says of the verdicts of a table."""

    judge: str = ""
    """Whose they are, where no column says it."""
    scale: str = ""
    """``pass``, ``pair``, or a range such as ``1..5``; empty: ``pass``, or 0 to 1."""
    rubric: Path | None = None
    """The text that the judge was given."""

    def __bool__(self) -> bool:
        return self != JudgedOptions()


class JudgedColumns:
    """Takes verdicts and labels from the blocks of all tables of an import, in their order."""

    def __init__(self, options: JudgedOptions, draft: ImportDraft) -> None:
        """Check the options.

        Args:
            options: what the reader says.
            draft: is given the judges and the labels.

        Raises:
            UserError: there is no such scale, or the rubric cannot be read.
        """
        self._options, self._draft = options, draft
        self._scale_name = options.scale or PASS
        try:
            check_scale(self._scale_name)
        except ValueError as error:
            raise UserError(f"--scale {error}") from error
        self._scale = LabelScale.of(self._scale_name)
        self._rubric = ""
        if options.rubric is not None:
            self._rubric = rubric_text(JudgedBy(judge=_JUDGE, rubric=options.rubric))
        self._rows = 0
        self._of_person: dict[tuple[str, ...], _Labelled] = {}

    def read(self, block: TableBlock) -> TableBlock:
        """Return a block with one row per answer, and verdicts from 0 to 1.

        Raises:
            UserError: a verdict or a label is not on the scale, a task has scores too, or a person labels an answer
                twice.
        """
        if "verdict" not in block.columns:
            self._rows += len(block.lines)
            return block
        names = [name for name in (*_ANSWER, *JUDGED) if name in block.columns]
        names += ["answer"] if {"person", "answer"} <= set(block.columns) else []
        verdicts, kept = list[float | None](), list[int]()
        for number, (where, row) in enumerate(replace(block, columns={k: block.columns[k] for k in names}).rows()):
            verdict = self._number(where, row, "verdict")
            if self._take(where, row, verdict):
                verdicts.append(verdict)
                kept.append(number)
        at = pa.array(kept, pa.int64())
        columns = {name: each.take(at) for name, each in block.columns.items() if name not in JUDGED}
        columns["verdict"] = pa.array(verdicts, pa.float64())
        return replace(block, columns=columns, lines=block.lines.take(at), at=block.at.take(at))

    def check_any(self) -> None:
        """Check that there were verdicts, where options are for them.

        Raises:
            UserError: there were none.
        """
        if self._options and not self._draft.judges:
            raise UserError(
                "--judge, --scale and --rubric are of verdicts, and no answer has one. Name their column with --map "
                "COLUMN=verdict"
            )

    def _take(self, where: str, row: Mapping[str, Any], verdict: float | None) -> bool:
        """Record the judge and the label of a row, and return whether it is an answer that is not there yet."""
        label = self._number(where, row, "human_label")
        person = _said(row, "person")
        labelled = _Labelled(self._rows, where, verdict, digest(_said(row, "answer")) if person else "")
        of_answer = labelled
        if person:
            check_name(person, "person", where)
            repeat = whole_number(row.get("repeat"), "repeat", where) or 0
            key = (*(_said(row, name) for name in ("system", "task", "item")), str(repeat))
            of_answer = self._of_person.setdefault(key, labelled)
            if len(self._of_person) > MOST_LABELS:
                raise UserError(f"{where}: more than {MOST_LABELS:,} answers name a person; name one with labels only")
            of_answer.check_same(labelled)
            of_answer.add(person, where)
        if verdict is not None or label is not None:
            self._note(where, row, label)
        if label is not None:
            if len(self._draft.labels) == MOST_LABELS:
                raise UserError(f"{where}: more than {MOST_LABELS:,} labels; leave some out")
            drawn = _drawn(where, row)
            self._draft.labels.append(ImportedLabel(of_answer.row, label, person or _PERSON, drawn))
        new = of_answer is labelled
        self._rows += new
        return new

    def _note(self, where: str, row: Mapping[str, Any], label: float | None) -> None:
        """Record what judges a row's task."""
        task = _said(row, "task") or TASK
        if not absent(row.get("score")):
            raise scored_and_judged(where, task)
        if label is not None and _said(row, "failure"):
            raise UserError(f"{where}: human_label is of an answer, and failure says that there is none; empty one")
        judge = _said(row, "judge") or self._options.judge or _JUDGE
        self._draft.add_judge(task, judge, where, scale=self._scale_name, rubric=self._rubric)

    def _number(self, where: str, row: Mapping[str, Any], column: str) -> float | None:
        """Return what a column says on the scale, from 0 to 1; None where it says nothing.

        Raises:
            UserError: it is not on the scale.
        """
        said = _said(row, column)
        if not said:
            return None
        try:
            return self._scale.score(said if self._scale.grades else _TRUTH.get(said.lower(), said))
        except ValueError as error:
            other = "" if self._options.scale else ". Name another scale with --scale, such as 1..5"
            raise UserError(f"{where}: {column} is {error}{other}") from error


@dataclass
class _Labelled:
    """An answer of which rows name a person."""

    row: int
    where: str
    """Of its first row."""
    verdict: float | None
    answer: str
    """The digest of its text."""

    def __post_init__(self) -> None:
        self._people: set[str] = set()

    def check_same(self, other: _Labelled) -> None:
        """Check that another row is of the same answer and verdict."""
        if (self.answer, self.verdict) != (other.answer, other.verdict):
            raise UserError(
                f"{other.where}: a second row of the answer in {self.where}, for another person, must have the same "
                "answer and verdict"
            )

    def add(self, person: str, where: str) -> None:
        """Add a person, who may label the answer once."""
        if person in self._people:
            raise UserError(f"{where}: {person} labels the answer in {self.where} a second time; keep one of them")
        self._people.add(person)


def _drawn(where: str, row: Mapping[str, Any]) -> Drawn:
    said = _said(row, "drawn") or "as given"
    if said not in get_args(Drawn):
        raise UserError(f"{where}: drawn is {said!r:.40}: it must be {', '.join(get_args(Drawn))}, or empty")
    return cast("Drawn", said)


def _said(row: Mapping[str, Any], column: str) -> str:
    """Return a value as text; empty for what is missing."""
    value = row.get(column)
    return "" if absent(value) else text(value).strip()
