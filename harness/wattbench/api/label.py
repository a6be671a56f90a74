"""`wattbench.label`: people's labels of the answers of a run, added and read."""

from __future__ import annotations

import getpass
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from wattbench.api.labelling.book import label_book
from wattbench.api.labelling.label_table import (
    MatchedLabels,
    given_labels,
    label_csv,
    match_labels,
    read_label_table,
)
from wattbench.api.labelling.progress import LabelProgress, label_progress
from wattbench.api.labelling.sheet import read_sheet
from wattbench.api.run_folder import find_run
from wattbench.config import tasks_from_record
from wattbench.errors import UserError
from wattbench.progress.notices import notice
from wattbench.records import read_run
from wattbench.records.files.atomic_write import write_atomically
from wattbench_reports.formatting.units import plural


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


def add_labels_of_suite(root: Path) -> None:
    """Add the labels that a suite names to its run, once that is finished: those of answers with the very same text.

    A file that does not exist is left out; what is wrong with another is printed, and ends nothing.

    Args:
        root: of the run.
    """
    records = read_run(root)
    if not records.finished or not records.judges():
        return
    choices = tasks_from_record(records.header.suite).tasks
    files = [each.judged.labels for each in choices if each.judged is not None and each.judged.labels is not None]
    for path in dict.fromkeys(files):
        if not os.path.lexists(path):
            continue
        try:
            matched = import_labels(root, path, user_name(), skip_foreign=True)
        except UserError as error:
            command = shlex.join(["wattbench", "label", str(root), "--import", str(path)])
            notice(
                f"wattbench: the labels of the suite were not added: {error} Mend that, and add them with: {command}"
            )
        else:
            left_out = f"; {matched.foreign:,} are of other answers" if matched.foreign else ""
            notice(f"wattbench: {plural(len(matched.rows), 'label')} added from {path}{left_out}")


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


def user_name() -> str:
    """Return the name of the user, for labels that name no person."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "1"
