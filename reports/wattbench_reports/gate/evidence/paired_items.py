"""Pair the items of two records by their content: columns of figures, a row for each item that both systems answered.

An item is a document of a task, by its content. A number of 64 bits stands for each
(`wattbench_reports.tables.streamed.text_numbers`), so that a million answers are paired by sorting numbers, column by
column, and no answer is a Python object. Items are in the order of these numbers: the order of files changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wattbench.records.tables.table_columns import TableColumns
from wattbench_reports.gate.evidence.model import Pairs
from wattbench_reports.metrics.registry import FURTHER_COLUMNS
from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.labels import Labels
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.streamed.text_numbers import joined, mixed, text_numbers

FIGURES = ("correct", "seconds", "ttft_s", "energy_j", "money", *FURTHER_COLUMNS)

HASHES = ("prompt_hash", "messages_hash")
"""Columns that say what was asked."""

Numbers = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class RecordItems:
    """The items of one system of a record, each once, by rising keys."""

    keys: Numbers
    """Shape (items,), as for the next."""
    tasks: Labels
    doc_id: NDArray[np.int64]
    figures: Mapping[str, NDArray[np.float64]]
    """Each of `FIGURES`: the mean over the answers to an item that have it, NaN without."""
    block: NDArray[np.float64]
    """NaN without."""
    hashes: Mapping[str, Numbers]
    """Each of `HASHES`, as a number; 0: not recorded."""
    corrected: frozenset[str] = frozenset()
    """The tasks whose scores are verdicts of a judge, corrected by labels: they may be below 0 or above 1."""

    def __len__(self) -> int:
        """Count the items."""
        return len(self.keys)


@dataclass(frozen=True, eq=False)
class PairedItems:
    """The items that two systems answered, by rising keys."""

    tasks: Labels
    doc_id: NDArray[np.int64]
    figures: Mapping[str, Pairs]
    """Each of `FIGURES`, the baseline's and the candidate's."""
    blocks: NDArray[np.int64] | None = None
    """Shape (items,): in which block both were asked; None where they were not in the same blocks, of two or more."""
    hashes: Mapping[str, tuple[Numbers, Numbers]] = field(default_factory=dict)
    corrected: frozenset[str] = frozenset()
    """As of either."""

    @property
    def present_tasks(self) -> list[str]:
        """Return the tasks of the paired items, in the order of the suite."""
        return [self.tasks.names[code] for code in np.unique(self.tasks.codes).tolist()]

    def __len__(self) -> int:
        """Count the items."""
        return len(self.doc_id)


def record_items(frames: Frames, system: str, money: NDArray[np.float64]) -> RecordItems:
    """Read the items of one system of a run.

    Args:
        frames: the run.
        system: of it.
        money: shape (answers of the system,), in the order of `Frames.answers_of`; NaN where it is not known.

    Raises:
        UserError: a column cannot be read.
    """
    rows = frames.answers_of(system)
    started_s, first_token_s = frames.figures("started_s", rows), frames.further("first_token_s")(rows)
    with np.errstate(invalid="ignore"):
        columns = {
            "correct": frames.figures("correct", rows),
            "seconds": frames.seconds(rows),
            "ttft_s": first_token_s - started_s,
            "energy_j": frames.figures("energy_j", rows),
            "money": money,
            **{name: frames.further(name)(rows) for name in FURTHER_COLUMNS},
        }
    task, doc_id = frames.codes("task", rows), frames.documents_of(rows)
    names = frames.categories("task")
    of_task = np.array([text_number(name) for name in names], dtype=np.uint64)
    # The answers may be some rows of the file.
    places = rows if frames.rows is None else np.flatnonzero(frames.rows.to_numpy())[rows]
    with TableColumns(frames.run.layout.items_table) as table:
        keys = joined(joined(of_task[task], doc_id.astype(np.uint64)), _text_numbers(table, "doc_hash", places))
        hashes = {name: _text_numbers(table, name, places) for name in HASHES}
    distinct, first, item = np.unique(keys, return_index=True, return_inverse=True)
    return RecordItems(
        keys=distinct,
        tasks=Labels(task[first], tuple(names)),
        doc_id=doc_id[first],
        figures={name: _means(values, item, len(distinct)) for name, values in columns.items()},
        block=frames.figures("block", rows)[first],
        hashes={name: _of_all(each, item, first) for name, each in hashes.items()},
        corrected=frozenset() if frames.judged_tasks is None else frames.judged_tasks.counted,
    )


def paired(one: RecordItems, two: RecordItems) -> PairedItems:
    """Pair the items that both records have."""
    _, ours, theirs = np.intersect1d(one.keys, two.keys, assume_unique=True, return_indices=True)
    block = one.block[ours]
    in_blocks = len(block) > 0 and bool((block == two.block[theirs]).all()) and bool((block != block[0]).any())
    return PairedItems(
        tasks=one.tasks[ours],
        doc_id=one.doc_id[ours],
        figures={name: np.column_stack([one.figures[name][ours], two.figures[name][theirs]]) for name in FIGURES},
        blocks=block.astype(np.int64) if in_blocks else None,
        hashes={name: (one.hashes[name][ours], two.hashes[name][theirs]) for name in HASHES},
        corrected=one.corrected | two.corrected,
    )


def text_number(text: str) -> int:
    """Return the number that represents one text."""
    return int(text_numbers(pa.array([text], pa.large_string()))[0])


def _text_numbers(table: TableColumns, name: str, rows: Rows) -> Numbers:
    """Return the numbers of the texts of a column at some rows; 0 without a text or without the column."""
    parts = [text_numbers(part) for part in table.parts_at(name, rows)] if name in table else []
    count = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
    numbers = np.concatenate(parts) if parts else np.zeros(count, dtype=np.uint64)
    return np.where(numbers == np.uint64(text_number("")), np.uint64(0), numbers)


def _means(values: NDArray[np.float64], item: NDArray[np.integer[Any]], items: int) -> NDArray[np.float64]:
    """Return the mean of each item's values that are known; NaN without any."""
    known = np.isfinite(values)
    sums, counts = (np.bincount(item[known], weights, items) for weights in (values[known], None))
    means: NDArray[np.float64] = np.divide(sums, counts, out=np.full(items, np.nan), where=counts > 0)
    return means


def _of_all(hashes: Numbers, item: NDArray[np.integer[Any]], first: NDArray[np.integer[Any]]) -> Numbers:
    """Return one number for all hashes of each item: the hash itself where all are the same."""
    of_first = hashes[first]
    if bool((hashes == of_first[item]).all()):
        return np.asarray(of_first)
    distinct = np.unique(np.column_stack([item.astype(np.uint64), hashes]), axis=0)
    whose = distinct[:, 0].astype(np.int64)
    sums = np.zeros(len(first), dtype=np.uint64)
    np.add.at(sums, whose, mixed(distinct[:, 1]))
    return np.where(np.bincount(whose) == 1, of_first, sums)
