"""`wattbench.label`: people's labels of the answers of a run, added and read."""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wattbench.api.labelling.draws import DrawnAnswer
from wattbench.api.labelling.label_table import MatchedLabels, given_labels, match_labels, read_label_table
from wattbench.api.labelling.progress import LabelProgress, label_progress
from wattbench.api.labelling.sheet import AnswerTexts, LabelSheet, read_sheet
from wattbench.api.run_folder import find_run
from wattbench.errors import UserError
from wattbench.records import RunWriter, read_run
from wattbench.records.rows.header import utc_now
from wattbench.records.rows.judgements import LabelRow
from wattbench_reports.tables.run_tables import check_finished

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
            `answer_sha256`, `score` on the scale of the task (missing: could not tell), `person` and `drawn` (`as given`
            without it).
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


class LabelBook:
    """A run to which labels are added, by this process alone."""

    def __init__(self, sheet: LabelSheet, writer: RunWriter) -> None:
        self.sheet = sheet
        self._writer = writer

    def add(self, matched: MatchedLabels) -> None:
        """Write labels of a table."""
        self._writer.append_labels(matched.rows)

    def give(
        self, drawn: DrawnAnswer, texts: AnswerTexts, *, score: float | None, person: str, seconds: float | None
    ) -> None:
        """Write a label; it is safe from `kill -9` when this returns. A later one of the person replaces it."""
        doc_id, repeat, offered_per_s, arrivals = drawn.answer.key
        row = LabelRow(
            system=drawn.answer.system,
            task=drawn.answer.task,
            doc_id=doc_id,
            repeat=repeat,
            offered_per_s=offered_per_s,
            arrivals=arrivals,
            answer_sha256=texts.sha256,
            score=score,
            person=person,
            drawn=drawn.drawn,
            labelled_utc=utc_now(),
            seconds=seconds,
        )
        self._writer.append_labels([row])


@contextlib.contextmanager
def label_book(run: Path, tasks: Sequence[str] = ()) -> Iterator[LabelBook]:
    """Open a finished run to add labels.

    Args:
        run: its directory.
        tasks: only these; empty: all whose answers are judged.

    Raises:
        UserError: as of `read_sheet`; or another process writes the run.
    """
    records = read_run(run)
    check_finished(records)  # before it is opened to be written: a run that is under way stays as it is
    with RunWriter(run) as writer:
        yield LabelBook(read_sheet(records, tasks), writer)


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


def user_name() -> str:
    """Return the name of the user, for labels that name no person."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "1"
