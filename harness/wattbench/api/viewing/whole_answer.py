"""Write one answer of a run as text, uncut: prompt, answer, what was compared, and the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from wattbench.records import AnswerRow, RunRecords
from wattbench.records.prompts import prompt_as_text
from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.tables.answer_texts import texts_in

_SHOWN = {"prompt": "prompt", "output": "answer", "filtered": "compared", "target": "key", "correct": "score"}
"""Column to its heading."""


def whole_answer(records: RunRecords, system: str, task: str, doc_id: int) -> str | None:
    """Return the answers of a system to an item, one after the other where it was asked several times.

    Characters that are invisible or reorder text are shown as signs, as in the report.

    Args:
        records: of the run, finished or not.
        system: its name.
        task: its name.
        doc_id: the item's number.

    Returns:
        None where the run has no such answer.

    Raises:
        UserError: the record is damaged.
    """
    if (system, task) not in records.header.pairs:
        return None
    read = _scored if records.finished else _recorded
    texts = ["\n".join(_lines(system, task, doc_id, row)) for row in read(records, system, task, doc_id)]
    return visible("\n\n".join(texts)) or None


def _scored(records: RunRecords, system: str, task: str, doc_id: int) -> Iterator[Mapping[str, Any]]:
    """Yield the answers from the table of items."""
    key = {"system": system, "task": task, "doc_id": doc_id}
    places, start = [np.empty(0, dtype=np.int64)], 0
    with opened_table(records.layout.items_table) as file:
        for batch in file.iter_batches(columns=list(key)):
            wanted = np.ones(len(batch), dtype=bool)
            for name, value in key.items():
                wanted &= batch.column(name).to_pandas().to_numpy() == value
            places.append(start + np.flatnonzero(wanted))
            start += len(batch)
    texts = texts_in(records.layout.items_table, np.concatenate(places), ["repeat", "failure", *_SHOWN])
    for values in texts.itertuples(index=False):
        yield dict(zip(map(str, texts), values, strict=True))


def _recorded(records: RunRecords, system: str, task: str, doc_id: int) -> Iterator[Mapping[str, Any]]:
    """Yield the answers from their lines, which have no scores yet."""
    for row in records.answers(system, task):
        if row.doc_id == doc_id:
            yield {"repeat": row.repeat, "failure": row.failure, "prompt": row.prompt, "output": _replies(row)}


def _replies(row: AnswerRow) -> str:
    """Return the reply; of compared choices the log-likelihood of each."""
    return "\n".join(each if isinstance(each, str) else f"log-likelihood {each[0]}" for each in row.replies)


def _lines(system: str, task: str, doc_id: int, row: Mapping[str, Any]) -> Iterator[str]:
    repeat = f", repeat {row['repeat']}" if row["repeat"] else ""
    yield f"{system} on {task}, document {doc_id}{repeat}"
    if isinstance(row["failure"], str):
        yield f"failed: {row['failure']}"
    for column, heading in _SHOWN.items():
        value = row.get(column)
        if pd.isna(value):  # not on record
            continue
        text = prompt_as_text(value) if column == "prompt" else f"{value:g}" if column == "correct" else value
        yield f"\n--- {heading}\n{text}"
