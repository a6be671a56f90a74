"""Digest the documents and prompts of each cell: equal digests mean equal contents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records.table_columns import Coded
from wattbench_reports.tables.item_rows import rows_by_code


@dataclass(frozen=True)
class Contents:
    """What one system was asked of one task."""

    documents: int
    """Distinct ones, by their number in the task."""
    sha256: str
    """Of the distinct lines ``<doc_id> <hash>``, sorted and joined by newlines."""


def contents(items: pd.DataFrame, hashes: Coded) -> dict[tuple[str, str], Contents]:
    """Digest what each system was asked of each task.

    Systems that had the same lines share one digest, and lines are made of a cell at a time.

    Args:
        items: as `wattbench_reports.tables.run_tables.Frames.items`: `system`, `task` and `doc_id`.
        hashes: of each answer's document, or of its prompt; row by row those of `items`.
    """
    systems, tasks = (items[name].cat for name in ("system", "task"))
    doc_id, task = items["doc_id"].to_numpy(), tasks.codes.to_numpy()
    contents_of: dict[tuple[str, str], Contents] = {}
    known: dict[bytes, Contents] = {}
    for system, of_system in zip(
        systems.categories, rows_by_code(systems.codes.to_numpy(), len(systems.categories)), strict=True
    ):
        for code, in_system in zip(tasks.categories, rows_by_code(task[of_system], len(tasks.categories)), strict=True):
            documents, texts = doc_id[of_system][in_system], hashes.codes[of_system][in_system]
            if not len(documents):
                continue
            pairs = _distinct(documents.astype(np.int64), texts.astype(np.int64), len(hashes.texts) + 1)
            key = hashlib.sha256(pairs.tobytes()).digest()
            if key not in known:
                known[key] = _digest(pairs, hashes)
            contents_of[str(system), str(code)] = known[key]
    return contents_of


def _distinct(documents: NDArray[np.int64], codes: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return the distinct pairs of a document and a code, which is from -1 to `number` - 2; shape (pairs, 2)."""
    if np.abs(documents).max() < np.iinfo(np.int64).max // number - 1:
        return np.column_stack(np.divmod(np.unique(documents * number + codes + 1), number)) - [0, 1]
    return np.unique(np.column_stack([documents, codes]), axis=0)


def _digest(pairs: NDArray[np.int64], hashes: Coded) -> Contents:
    """Digest the lines of distinct pairs of a document and the number of a hash."""
    import pyarrow as pa
    import pyarrow.compute as pc

    documents, codes = pairs.T
    # A record without a hash is damaged, and is told from one with: it is not a reason to fail.
    texts = pc.fill_null(hashes.texts.take(pa.array(codes, mask=codes < 0)), "none")
    blank, end = (pa.scalar(text, pa.large_string()) for text in (" ", "\n"))
    lines = pc.binary_join_element_wise(pa.array(documents).cast(pa.large_string()), texts, blank)
    lines = pc.unique(lines)
    ended = pc.binary_join_element_wise(lines.take(pc.array_sort_indices(lines)), pa.scalar("", pa.large_string()), end)
    length = pc.sum(pc.binary_length(ended)).as_py()
    sha256 = hashlib.sha256(memoryview(ended.buffers()[2])[: length - 1]).hexdigest()
    return Contents(len(np.unique(documents)), sha256)
