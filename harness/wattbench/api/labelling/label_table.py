"""Read labels from a table, match each row with an answer of a run, and write labels as a table.

A table is hostile until each of its rows is an answer of the run with this very text: the person may have edited it,
it may be of another run, or of an item that has changed since. Nothing is taken unless all rows are right.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast, get_args

from wattbench.api.labelling.sheet import AnswerName, AnswerToLabel, LabelSheet, name_of
from wattbench.errors import UserError, nearest
from wattbench.records.files.csv_text import csv_lines, for_spreadsheet, from_spreadsheet
from wattbench.records.rows.answers import AnswerKey, Arrivals
from wattbench.records.rows.header import utc_now
from wattbench.records.rows.judgements import LabelRow, without_thoughts
from wattbench.records.rows.schema import LARGEST_INTEGER, FieldError
from wattbench.tasks.file_task.rows import read_file

_LONGEST_PERSON = 200


@dataclass(frozen=True)
class GivenLabel:
    """A row of a table of labels."""

    where: str
    """``labels.csv: line 3``."""
    cells: Mapping[str, str]
    """Column to text; a column that the table lacks is not there."""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def wrong(self, problem: str) -> UserError:
        """Return the error of a row."""
        return UserError(f"{self.where}: {problem}")


class ForeignLabelError(UserError):
    """A row is of an answer that the run does not have."""


class ChangedAnswerError(ForeignLabelError):
    """A row is of another text, or of an item that has changed."""


@dataclass(frozen=True)
class MatchedLabels:
    """What became of the rows of a table."""

    rows: tuple[LabelRow, ...]
    """That the run does not have yet."""
    known: int
    """Rows that it has already."""
    foreign: int
    """Rows that were left out, as the run has no such answer."""


def read_label_table(path: Path) -> list[GivenLabel]:
    """Read a CSV, TSV, JSONL or Parquet file of labels.

    Raises:
        UserError: it cannot be read, or lacks a column.
    """
    table = read_file(path, ("score",))
    given = [
        GivenLabel(
            f"{path}: {row.where}",
            {name: from_spreadsheet(value) for name, value in row.values.items() if isinstance(value, str)},
        )
        for row in table.rows
    ]
    _check_columns(str(path), table.columns)
    return given


def given_labels(rows: Iterable[Mapping[str, object]]) -> list[GivenLabel]:
    """Return labels that are given in Python, by column.

    Raises:
        UserError: there is none, or a column is lacking.
    """
    given = []
    for number, row in enumerate(rows):
        cells = {str(name): _as_text(value) for name, value in row.items()}
        given.append(GivenLabel(f"row {number}", cells))
    if not given:
        raise UserError("there are no labels: pass a data frame, or a list of dicts, with a row each")
    _check_columns("the labels", list(dict.fromkeys(name for row in given for name in row.cells)))
    return given


def match_labels(
    sheet: LabelSheet, given: Sequence[GivenLabel], person: str, *, skip_foreign: bool = False
) -> MatchedLabels:
    """Match each row with an answer of the run.

    Args:
        sheet: of the run, with all of its judged tasks.
        given: the rows.
        person: of rows that name none.
        skip_foreign: leave out rows of answers that the run does not have, in place of an error.

    Raises:
        UserError: a row is damaged, is there twice, or is foreign; with its line. The message says how many more are.
    """
    problems = _Problems(skip_foreign)
    answers: list[AnswerToLabel] = []
    kept: list[GivenLabel] = []
    for row in given:
        with problems.noted(row):
            answers.append(_answer(sheet, row))
            kept.append(row)
    labels: list[LabelRow] = []
    lines: dict[tuple[AnswerName, str], str] = {}
    for row, answer, output in zip(kept, answers, sheet.outputs(answers), strict=True):
        with problems.noted(row):
            _check_text(row, answer, output)
            label = _label(sheet, row, answer, person)
            first = lines.setdefault((answer.name, label.person), row.where)
            if first != row.where:
                raise row.wrong(f"labels the same answer as {first}, by the same person; keep one of them")
            labels.append(label)
    if problems.errors:
        raise _joined(problems.errors)
    labels = [replace(each, drawn="as given") if problems.changed(each) else each for each in labels]
    known = {(name_of(row), row.person, row.score) for row in sheet.labels}
    new = tuple(each for each in labels if (name_of(each), each.person, each.score) not in known)
    return MatchedLabels(new, len(labels) - len(new), problems.foreign)


@dataclass
class _Problems:
    """What is wrong with the rows of a table."""

    skip_foreign: bool
    errors: list[UserError] = field(default_factory=list)
    foreign: int = 0
    _changed: set[tuple[str, str]] = field(default_factory=set)

    @contextlib.contextmanager
    def noted(self, row: GivenLabel) -> Iterator[None]:
        """Note what is wrong with a row; one that is foreign may be left out."""
        try:
            yield
        except UserError as error:
            foreign = isinstance(error, ForeignLabelError)
            self.foreign += foreign
            if isinstance(error, ChangedAnswerError):
                self._changed.add((row["system"], row["task"]))
            if not (foreign and self.skip_foreign):
                self.errors.append(error)

    def changed(self, label: LabelRow) -> bool:
        """Return whether other answers of a label's system and task have changed since they were labelled.

        Those that have not are no random draw any more: an answer that stays the same may be an easy one.
        """
        return (label.system, label.task) in self._changed


def label_columns(labels: Sequence[LabelRow]) -> list[str]:
    """Return the columns of a table of labels; two of them only of a run under load."""
    load = ["offered_per_s", "arrivals"] if any(row.offered_per_s is not None for row in labels) else []
    of_answer = ["task", "doc_id", "repeat", *load, "doc_hash", "system", "answer_sha256"]
    return [*of_answer, "score", "person", "drawn", "labelled_utc", "seconds"]


def label_table(sheet: LabelSheet, labels: Sequence[LabelRow]) -> list[list[object]]:
    """Return a row per label, with the columns of `label_columns`; scores are as a person gives them."""
    columns = label_columns(labels)
    rows = (
        row.as_json() | {"score": _as_given(sheet, row), "doc_hash": sheet.answers[name_of(row)].doc_hash}
        for row in labels
    )
    return [[row[name] for name in columns] for row in rows]


def label_csv(sheet: LabelSheet, labels: Sequence[LabelRow]) -> str:
    """Return labels as CSV that `read_label_table` reads."""
    rows = ([for_spreadsheet(cell) for cell in row] for row in label_table(sheet, labels))
    return csv_lines([label_columns(labels), *rows])


def _as_given(sheet: LabelSheet, row: LabelRow) -> str | None:
    return None if row.score is None else sheet.scales[row.task].text(row.score)


def _check_columns(where: str, columns: Sequence[str]) -> None:
    """Check that a table has a score, and says whose answers its rows label.

    Raises:
        UserError: it does not.
    """
    if "score" not in columns:
        raise UserError(
            f"{where}: no column 'score'{nearest('score', columns)}; it has what a person says of an answer"
        )
    if "id" in columns:
        return
    for wanted in ("task", "doc_id", "system"):
        if wanted not in columns:
            raise UserError(
                f"{where}: no column {wanted!r}{nearest(wanted, columns)}; an answer is named by its id, or by task, "
                "doc_id and system"
            )
    if "answer" not in columns and "answer_sha256" not in columns:
        raise UserError(
            f"{where}: no column 'answer' or 'answer_sha256': without the text that was labelled a row may be of "
            "another answer"
        )


def _answer(sheet: LabelSheet, row: GivenLabel) -> AnswerToLabel:
    """Return the answer that a row names.

    Raises:
        ForeignLabelError: the run has none such.
        UserError: the row is damaged.
    """
    if row["id"] and not row["system"]:
        if row["id"] not in sheet.ids:
            raise ForeignLabelError(f"{row.where}: this run has no answer with the id {row['id']!r:.60}")
        return sheet.answers[sheet.ids[row["id"]]]
    for column in ("task", "system"):
        if not row[column]:
            raise row.wrong(f"{column} is empty")
    name = (row["system"], row["task"], _key(row))
    if name not in sheet.answers:
        raise ForeignLabelError(f"{row.where}: {_lacking(sheet, row)}")
    if row["doc_hash"] not in ("", sheet.answers[name].doc_hash):
        raise ChangedAnswerError(f"{row.where}: the item is another one than this run's (doc_hash)")
    if not row["answer_sha256"] and "answer" not in row.cells:
        raise row.wrong("answer_sha256 is empty: without the text that was labelled it may be of another answer")
    return sheet.answers[name]


def _lacking(sheet: LabelSheet, row: GivenLabel) -> str:
    """Say why a run has no answer that a row names."""
    task, system = row["task"], row["system"]
    if task not in sheet.judges:
        return f"no judge scores a task {task!r:.60} in this run{nearest(task, sheet.judges)}"
    systems = list(dict.fromkeys(name for name, of_task in sheet.cells if of_task == task))
    if system not in systems:
        return f"no system {system!r:.60} has answers to {task} to label in this run{nearest(system, systems)}"
    repeat = f", repeat {row['repeat']}" if row["repeat"] not in ("", "0") else ""
    return f"{system} has no answer to document {row['doc_id']}{repeat} of {task} that a judge was asked about"


def _check_text(row: GivenLabel, answer: AnswerToLabel, output: str) -> None:
    """Check that what was labelled is the text of the run's answer.

    Raises:
        ForeignLabelError: it is another.
        UserError: the digest is no digest.
    """
    if digest := row["answer_sha256"].lower():
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise row.wrong(f"answer_sha256 is {digest!r:.40}: it must have 64 hexadecimal digits")
        if digest != answer.sha256:
            raise ChangedAnswerError(f"{row.where}: the labelled answer is another one than this run's (answer_sha256)")
    if "answer" in row.cells:
        text = _plain(row.cells["answer"])
        if text not in (_plain(output), _plain(without_thoughts(output))):
            raise ChangedAnswerError(f"{row.where}: the labelled answer is another one than this run's (answer)")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _label(sheet: LabelSheet, row: GivenLabel, answer: AnswerToLabel, person: str) -> LabelRow:
    """Return the label that a row says.

    Raises:
        UserError: the row is damaged.
    """
    try:
        score = sheet.scales[answer.task].score(row["score"]) if row["score"] else None
    except ValueError as error:
        raise row.wrong(f"score is {error}") from error
    by = row["person"] or person
    if len(by) > _LONGEST_PERSON or not by.isprintable():
        raise row.wrong(f"person is {by!r:.60}: write a name of at most {_LONGEST_PERSON} characters")
    doc_id, repeat, offered_per_s, arrivals = answer.key
    raw = {
        "system": answer.system,
        "task": answer.task,
        "doc_id": doc_id,
        "repeat": repeat,
        "offered_per_s": offered_per_s,
        "arrivals": arrivals,
        "answer_sha256": answer.sha256,
        "score": score,
        "person": by,
        "drawn": row["drawn"] or "as given",
        "labelled_utc": row["labelled_utc"] or utc_now(),
        "seconds": _number(row["seconds"]),
    }
    try:
        datetime.fromisoformat(str(raw["labelled_utc"]))
        return LabelRow.from_json(raw)
    except (FieldError, ValueError) as error:
        raise row.wrong(str(error)) from error


def _key(row: GivenLabel) -> AnswerKey:
    """Return the key of the answer that a row names.

    Raises:
        UserError: a number is none.
    """
    numbers = []
    for column, text in (("doc_id", row["doc_id"]), ("repeat", row["repeat"] or "0")):
        number = _number(text)
        if not isinstance(number, float) or not 0 <= number <= LARGEST_INTEGER or not number.is_integer():
            raise row.wrong(f"{column} is {text!r:.40}: it must be a whole number from 0")
        numbers.append(int(number))
    rate, arrivals = _number(row["offered_per_s"]), row["arrivals"] or None
    if isinstance(rate, str) or (arrivals is not None and arrivals not in get_args(Arrivals)):
        raise row.wrong("offered_per_s or arrivals is nothing that a request under load has")
    return numbers[0], numbers[1], rate, cast("Arrivals | None", arrivals)


def _number(text: str) -> float | str | None:
    """Return the number that a text says; None for an empty one, and the text itself where it says none."""
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _as_text(value: object) -> str:
    """Return a value of a data frame as text; an empty one for what is missing."""
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN


def _joined(problems: Sequence[UserError]) -> UserError:
    """Return one error for all rows that are wrong."""
    first, *more = problems
    rest = f" ({len(more):,} more rows are wrong)" if more else ""
    skip = "; leave out such rows with --skip-foreign" if isinstance(first, ForeignLabelError) else ""
    return UserError(f"{first}{skip}{rest}. No label was written.")
