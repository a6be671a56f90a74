"""Digest the documents and prompts of each cell: equal digests mean equal contents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.records.tables.table_columns import Coded
from wattbench_reports.tables.item_rows import as_slice, rows_by_code
from wattbench_reports.tables.streamed import StreamedFrames
from wattbench_reports.tables.streamed.text_numbers import text_numbers

_LINES = 200_000
"""Lines that are made at a time, of a streamed run."""

_MOST, _ROUNDING = 10**15, 1e-12
"""Numbers of documents up to this have their number of digits by a logarithm."""


@dataclass(frozen=True)
class Contents:
    """The documents and prompts of one system and task."""

    documents: int
    """Distinct ones, by their number in the task."""
    sha256: str
    """Of the distinct lines ``<doc_id> <hash>``, sorted and joined by newlines."""


def contents(items: pd.DataFrame, hashes: Coded) -> dict[tuple[str, str], Contents]:
    """Digest the documents and prompts of each system and task.

    Systems that had the same lines share one digest, and lines are made of a cell at a time.

    Args:
        items: as `wattbench_reports.tables.run_tables.Frames.items`: `system`, `task` and `doc_id`.
        hashes: of each answer's document, or of its prompt; row by row those of `items`.
    """
    systems, tasks = (items[name].cat for name in ("system", "task"))
    doc_id, task = items["doc_id"].to_numpy(), tasks.codes.to_numpy()
    contents_of: dict[tuple[str, str], Contents] = {}
    known: dict[bytes, Contents] = {}
    as_asked: dict[bytes, Contents] = {}
    for system, of_system in zip(
        systems.categories, rows_by_code(systems.codes.to_numpy(), len(systems.categories)), strict=True
    ):
        for code, in_system in zip(tasks.categories, rows_by_code(task[of_system], len(tasks.categories)), strict=True):
            documents, texts = doc_id[of_system][in_system], hashes.codes[of_system][in_system]
            if not len(documents):
                continue
            in_order = hashlib.sha256(documents.tobytes() + texts.tobytes()).digest()
            if in_order not in as_asked:  # in another order they are sorted before they are compared
                pairs = _distinct(documents.astype(np.int64), texts.astype(np.int64), len(hashes.texts) + 1)
                key = hashlib.sha256(pairs.tobytes()).digest()
                if key not in known:
                    known[key] = _digest(pairs, hashes)
                as_asked[in_order] = known[key]
            contents_of[str(system), str(code)] = as_asked[in_order]
    return contents_of


def streamed_contents(frames: StreamedFrames, column: str) -> dict[tuple[str, str], Contents]:
    """Digest the documents or prompts of a streamed run as `contents` does, one system and task in memory at a time.

    Args:
        frames: the run.
        column: of hashes: ``doc_hash`` or ``prompt_hash``.
    """
    contents_of: dict[tuple[str, str], Contents] = {}
    known: dict[bytes, Contents] = {}
    tasks = frames.categories("task")
    for system in frames.systems:
        rows = frames.answers_of(system)
        numbers = np.concatenate([text_numbers(part) for part in frames.texts_of(column, rows)])
        documents = frames.documents_of(rows)
        for task, in_system in zip(tasks, rows_by_code(frames.codes("task", rows), len(tasks)), strict=True):
            if not len(documents[in_system]):
                continue
            key = hashlib.sha256(documents[in_system].tobytes() + numbers[in_system].tobytes()).digest()
            if key not in known:
                known[key] = _streamed_digest(frames, column, frames.positions(rows)[in_system], documents[in_system])
            contents_of[system, task] = known[key]
    return contents_of


def _streamed_digest(
    frames: StreamedFrames, column: str, rows: NDArray[np.integer[Any]], documents: NDArray[np.int64]
) -> Contents:
    """Digest the lines of a cell. Where no document is repeated, lines are sorted by document number alone."""
    parts = frames.texts_of(column, as_slice(rows))
    texts = pa.concat_arrays(
        [pc.cast(part.dictionary_decode() if pa.types.is_dictionary(part.type) else part, pa.large_string())
         for part in parts]
    )  # fmt: skip
    if documents.min() < 0 or documents.max() >= _MOST or len(np.unique(documents)) < len(documents):
        encoded = texts.dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
        pairs = _distinct(documents, codes, len(encoded.dictionary) + 1)
        return _digest(pairs, Coded(codes, encoded.dictionary))
    digits = np.floor(np.log10(np.maximum(documents, 1)) + _ROUNDING).astype(np.int64) + 1
    # A blank comes before every digit: as texts 1 is before 10, and 10 before 2.
    order = np.lexsort((digits, documents * 10 ** (digits.max() - digits)))
    sha256 = hashlib.sha256()
    blank, end = (pa.scalar(text, pa.large_string()) for text in (" ", "\n"))
    for start in range(0, len(order), _LINES):
        chosen = order[start : start + _LINES]
        hashes = pc.fill_null(texts.take(pa.array(chosen)), "none")
        numbers = pa.array(documents[chosen]).cast(pa.large_string())
        lines = pc.binary_join_element_wise(numbers, hashes, blank)
        lines = pc.binary_join_element_wise(lines, pa.scalar("", pa.large_string()), end)
        last = start + len(chosen) == len(order)
        sha256.update(memoryview(lines.buffers()[2])[: pc.sum(pc.binary_length(lines)).as_py() - int(last)])
    return Contents(len(documents), sha256.hexdigest())


def _distinct(documents: NDArray[np.int64], codes: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return the distinct pairs of a document and a code, shape (pairs, 2). Codes are from -1 to `number` - 2."""
    if np.abs(documents).max() < np.iinfo(np.int64).max // number - 1:
        return np.column_stack(np.divmod(np.unique(documents * number + codes + 1), number)) - [0, 1]
    return np.unique(np.column_stack([documents, codes]), axis=0)


def _digest(pairs: NDArray[np.int64], hashes: Coded) -> Contents:
    """Digest distinct pairs of a document and its hash, one line each."""
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
