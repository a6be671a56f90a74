"""Digest the documents and prompts of each cell: equal digests mean equal contents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Contents:
    """What one system was asked of one task."""

    documents: int
    """Distinct ones, by their number in the task."""
    sha256: str
    """Of the distinct lines ``<doc_id> <hash>``, sorted and joined by newlines."""


def contents(items: pd.DataFrame, hashes: pd.Series) -> dict[tuple[str, str], Contents]:
    """Digest what each system was asked of each task.

    A line is made and sorted once, however many systems and repeats it is of; systems that had the same lines share
    one digest.

    Args:
        items: as `wattbench_reports.tables.run_tables.Frames.items`: `system`, `task` and `doc_id`.
        hashes: of each answer's document, or of its prompt; row by row those of `items`.
    """
    index, doc_ids, lines = _lines(items["doc_id"], hashes)
    contents_of: dict[tuple[str, str], Contents] = {}
    known: dict[bytes, Contents] = {}
    systems, tasks = (items[name].cat for name in ("system", "task"))
    cell = systems.codes.to_numpy().astype(np.int64) * len(tasks.categories) + tasks.codes.to_numpy()
    by_cell = np.argsort(cell, kind="stable")
    first = np.flatnonzero(np.diff(cell[by_cell], prepend=-1))
    for number, rows in zip(cell[by_cell][first].tolist(), np.split(by_cell, first[1:]), strict=True):
        names_in_cell = np.unique(index[rows])
        if (key := names_in_cell.tobytes()) not in known:
            text = "\n".join(lines[names_in_cell].tolist())
            documents = len(np.unique(doc_ids[names_in_cell]))
            known[key] = Contents(documents, hashlib.sha256(text.encode()).hexdigest())
        system, task = divmod(number, len(tasks.categories))
        contents_of[str(systems.categories[system]), str(tasks.categories[task])] = known[key]
    return contents_of


def _lines(doc_ids: pd.Series, hashes: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.object_]]:
    """For each answer the place of its line among the distinct ones, sorted; of each line its document and its text."""
    numbers, documents = pd.factorize(doc_ids)
    codes, texts = pd.factorize(hashes, use_na_sentinel=False)
    line, pairs = pd.factorize(numbers * len(texts) + codes)
    names_in_cell = pd.Series(documents[pairs // len(texts)])
    # A record without a hash is damaged, and is told from one with: it is not a reason to fail.
    said = names_in_cell.astype(str) + " " + pd.Series(texts[pairs % len(texts)]).astype(str).fillna("none")
    lines = said.to_numpy(dtype=object)
    order = np.argsort(lines, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[line], names_in_cell.to_numpy()[order], lines[order]
