"""Add labels to a finished run: one process at a time, each label on disk when it is given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from wattbench.api.labelling.draws import DrawnAnswer
from wattbench.api.labelling.label_table import MatchedLabels
from wattbench.api.labelling.sheet import LabelSheet, read_sheet
from wattbench.records import RunWriter, read_run
from wattbench.records.rows.header import utc_now
from wattbench.records.rows.judgements import LabelRow
from wattbench_reports.tables.run_tables import check_finished


class LabelBook:
    """A run to which labels are added, by this process alone."""

    def __init__(self, sheet: LabelSheet, writer: RunWriter) -> None:
        self.sheet = sheet
        self._writer = writer

    def add(self, matched: MatchedLabels) -> None:
        """Write labels of a table."""
        self._writer.append_labels(matched.rows)

    def give(self, drawn: DrawnAnswer, *, score: float | None, person: str, seconds: float | None) -> None:
        """Write a label; it is safe from `kill -9` when this returns. A later one of the person replaces it."""
        doc_id, repeat, offered_per_s, arrivals = drawn.answer.key
        row = LabelRow(
            system=drawn.answer.system,
            task=drawn.answer.task,
            doc_id=doc_id,
            repeat=repeat,
            offered_per_s=offered_per_s,
            arrivals=arrivals,
            answer_sha256=drawn.answer.sha256,
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
