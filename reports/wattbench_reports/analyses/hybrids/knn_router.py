"""Score a k-nearest-neighbours router over the requests: a lower bound on what a router can learn from them.

RouterBench's simplest router that learns (arXiv 2403.12031), here with TF-IDF of character n-grams for an embedding,
so that no model is needed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench_reports.analyses.hybrids.answer_matrix import AnswerMatrix
from wattbench_reports.analyses.hybrids.replay import Outcome, fixed, replay
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.stats.budgets import KNN_ITEMS, SEED

NEAREST = 10
"""The number of items that vote."""
NOT_INSTALLED = "it needs scikit-learn: pip install 'wattbench[router]'"
ALL_ALIKE = "there are too few requests, or their texts are too similar"


@dataclass(frozen=True)
class Neighbours:
    """The other items whose requests are most similar to each."""

    rows: NDArray[np.int64]
    """Shape (items,): of the matrix, rising."""
    near: NDArray[np.int64]
    """Shape (items, `NEAREST`): indices in `rows`, none of an item with the same text."""
    of: int
    """How many items there were to sample from."""


def neighbours(analysis: Analysis, matrix: AnswerMatrix, system: str, rows: NDArray[np.int64]) -> Neighbours | str:
    """Find the nearest other items of each by the prompts of one system; or return why that is not possible.

    Args:
        analysis: of the run.
        matrix: of the run.
        system: whose prompts are read: a hybrid's are what its router saw.
        rows: shape (items,): of the matrix, rising.

    Raises:
        UserError: the table of items is damaged.
    """
    of = len(rows)
    if of > KNN_ITEMS:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, KNN_ITEMS, replace=False))
    texts = _requests(analysis, matrix, system, rows)
    same = pd.factorize(pd.Series(texts))[0]
    # Every item needs enough others to ask, however often its own text occurs.
    if len(rows) - np.bincount(same, minlength=1).max() < NEAREST:
        return ALL_ALIKE
    if importlib.util.find_spec("sklearn") is None:
        return NOT_INSTALLED
    return Neighbours(rows, _nearest(texts, same), of)


def _nearest(texts: Sequence[str], same: NDArray[np.int64]) -> NDArray[np.int64]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    reader = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=20_000)
    try:
        vectors = reader.fit_transform(texts)
    except ValueError:  # nothing but blanks: no n-gram at all, so that every item is as near as any
        likeness = np.zeros((len(texts), len(texts)))
    else:
        likeness = np.asarray((vectors @ vectors.T).toarray())  # rows have length 1: products are cosines
    likeness[same[:, None] == same[None, :]] = -np.inf
    return np.asarray(np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST], dtype=np.int64)


def nearest_router(matrix: AnswerMatrix, members: tuple[str, ...], near: Neighbours) -> Outcome:
    """Ask the member that did best on the neighbours of each item; of equals the most accurate on all other items.

    An item is never judged by its own answers: what its neighbours' scores say is all that is known of it.
    """
    scores = matrix.score[np.ix_(near.rows, matrix.columns(members))]
    others = (scores.sum(axis=0) - scores) / max(len(scores) - 1, 1)
    votes = scores[near.near].mean(axis=1) + 1e-6 * others
    return replay(matrix, fixed(near.rows, members, votes.argmax(axis=1)))


def _requests(analysis: Analysis, matrix: AnswerMatrix, system: str, rows: NDArray[np.int64]) -> list[str]:
    """Read the prompt of each item, as the system was asked it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frames = analysis.frames
    mine = np.flatnonzero((frames.items["system"] == system).to_numpy())
    first = np.full(len(matrix.domain), -1, dtype=np.int64)
    first[matrix.row[mine[::-1]]] = mine[::-1]
    table_rows = first[rows]
    if frames.rows is not None:
        table_rows = np.flatnonzero(frames.rows.to_numpy())[table_rows]
    path = frames.run.layout.items_table
    try:
        source = pq.ParquetFile(path)
        if "prompt" not in source.schema_arrow.names:
            return [""] * len(rows)
        texts: dict[int, str] = {}
        start = 0
        for batch in source.iter_batches(columns=["prompt"]):  # prompts are most of the bytes: never all at once
            wanted = table_rows[(table_rows >= start) & (table_rows < start + len(batch))]
            prompts = batch.column(0).take(pa.array(wanted - start)).to_pylist()
            texts |= {int(row): str(text or "") for row, text in zip(wanted, prompts, strict=True)}
            start += len(batch)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error
    return [texts[int(row)] for row in table_rows]
