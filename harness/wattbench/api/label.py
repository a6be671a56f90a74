"""`wattbench.label`: people's labels of the answers of a run, added and read."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wattbench.api.labelling.book import label_book
from wattbench.api.labelling.draws import DrawnAnswer, draw, shown_first
from wattbench.api.labelling.label_table import (
    MatchedLabels,
    given_labels,
    label_csv,
    match_labels,
    read_label_table,
)
from wattbench.api.labelling.progress import LabelProgress, label_progress
from wattbench.api.labelling.sheet import AnswerTexts, LabelSheet, read_sheet
from wattbench.api.run_folder import find_run
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.files.atomic_write import write_atomically
from wattbench_reports.html.label_page import AnswerOnPage, LabelChoice, PageToLabel, label_page

if TYPE_CHECKING:
    from wattbench.records import RunRecords


def label(
    run: str | os.PathLike[str],
    rows: pd.DataFrame | Iterable[Mapping[str, object]],
    *,
    person: str | None = None,
    skip_foreign: bool = False,
) -> LabelProgress:
    """Add labels of people to a finished run, and return what it has then.

    Args:
        run: its directory, or what `wattbench.read` returns.
        rows: a data frame, or dicts, with the columns `task`, `doc_id`, `repeat` (0 without it), `system`, `answer` or
            `answer_sha256`, `score` on the scale of the task (missing: could not tell), `person` and `drawn` (without
            it `as given`).
        person: of rows that name none; the user without it.
        skip_foreign: leave out rows of answers that the run does not have.

    Raises:
        UserError: the run has no judged task, or is being written; or a row is wrong. Nothing is added then.
    """
    records_of_rows = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    given = given_labels({str(name): value for name, value in row.items()} for row in records_of_rows)
    with label_book(find_run(run)) as book:
        book.add(match_labels(book.sheet, given, person or user_name(), skip_foreign=skip_foreign))
    return label_progress(read_sheet(read_run(find_run(run))))


def labels_of_suite(records: RunRecords, files: Mapping[str, Path]) -> dict[Path, MatchedLabels | UserError]:
    """Add the labels that a suite names to a run that has just finished: those of answers with the very same text.

    Args:
        records: of the run.
        files: task to its file of labels. One that does not exist is left out.

    Returns:
        Of each file what became of its rows, or why none was taken.
    """
    results: dict[Path, MatchedLabels | UserError] = {}
    for path in dict.fromkeys(files.values()):
        if not os.path.lexists(path):
            continue
        try:
            with label_book(records.layout.root) as book:
                matched = match_labels(book.sheet, read_label_table(path), user_name(), skip_foreign=True)
                book.add(matched)
                results[path] = matched
        except UserError as error:
            results[path] = error
    return results


def import_labels(run: Path, path: Path, person: str, *, skip_foreign: bool = False) -> MatchedLabels:
    """Add the labels of a table to a run: all of them, or none.

    Args:
        run: its directory.
        path: a CSV, TSV, JSONL or Parquet file.
        person: of rows that name none.
        skip_foreign: leave out rows of answers that the run does not have.

    Raises:
        UserError: the table cannot be read, or a row is wrong; or as of `label_book`.
    """
    given = read_label_table(path)
    with label_book(run) as book:
        matched = match_labels(book.sheet, given, person, skip_foreign=skip_foreign)
        book.add(matched)
    return matched


def export_labels(run: Path, path: Path) -> int:
    """Write all labels of a run as CSV, and return how many they are.

    Raises:
        UserError: the file cannot be written; or as of `read_sheet`.
    """
    sheet = read_sheet(read_run(run))
    write_atomically(path, label_csv(sheet, sheet.labels).encode())
    return len(sheet.labels)


def labels_page(
    run: Path, path: Path, person: str, number: int | None, tasks: Sequence[str], *, telling_most: bool = False
) -> int:
    """Write the answers that a person labels next as one offline page, and return how many they are.

    Args:
        run: its directory.
        path: of the page.
        person, number, telling_most: as in `wattbench.api.labelling.draws.draw`.
        tasks: only these; empty: all whose answers are judged.

    Raises:
        UserError: the file cannot be written; or as of `read_sheet` and `draw`.
    """
    sheet = read_sheet(read_run(run), tasks)
    drawn = draw(sheet, person, number, telling_most=telling_most)
    texts = sheet.texts([each.answer for each in drawn])
    answers = [_on_page(sheet, *each) for each in zip(drawn, texts, strict=True)]
    rubrics = {task: judge.rubric for task, judge in sheet.judges.items()}
    write_atomically(path, label_page(PageToLabel(sheet.run, person, rubrics, answers)))
    return len(answers)


def _on_page(sheet: LabelSheet, drawn: DrawnAnswer, texts: AnswerTexts) -> AnswerOnPage:
    answer = drawn.answer
    shown = (texts.answer,) if texts.compared is None else (texts.answer, texts.compared)
    first = shown_first(sheet.run, answer)
    choices = tuple(LabelChoice(*each) for each in sheet.scales[answer.task].choices(first))
    return AnswerOnPage(
        id=sheet.id_of(answer.name),
        task=answer.task,
        doc_id=answer.key[0],
        repeat=answer.key[1],
        answer_sha256=texts.sha256,
        drawn=drawn.drawn,
        item=texts.item,
        reference=texts.reference,
        texts=shown if first else shown[::-1],
        choices=choices,
    )


def user_name() -> str:
    """Return the name of the user, for labels that name no person."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "1"
