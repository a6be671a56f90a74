"""A k-nearest-neighbours router over the requests: what reading them is worth at least.

RouterBench's plainest router that learns (arXiv 2403.12031), here with TF-IDF of character n-grams for an embedding,
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
from wattbench_reports.analyses.routing.answer_matrix import AnswerMatrix
from wattbench_reports.analyses.routing.replay import Outcome, fixed, replay
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.stats.budgets import KNN_ITEMS, SEED

NEAREST = 10
"""So many items vote."""
NOT_INSTALLED = "it needs scikit-learn: pip install 'wattbench[router]'"
ALL_ALIKE = "there are too few requests, or their texts are too similar"


@dataclass(frozen=True)
class Neighbours:
    """Which other items read most like each."""

    rows: NDArray[np.int64]
    """Shape (items,): of the field, rising."""
    near: NDArray[np.int64]
    """Shape (items, `NEAREST`): places in `rows`, none of an item with the same text."""
    of: int
    """How many items there were to sample from."""


def neighbours(analysis: Analysis, field: AnswerMatrix, system: str, rows: NDArray[np.int64]) -> Neighbours | str:
    """The nearest other items of each, by the requests as one system was asked them; or why there are none.

    Args:
        analysis: of the run.
        field: of the run.
        system: whose prompts are read: a hybrid's are what its router saw.
        rows: shape (items,): of the field, rising.

    Raises:
        UserError: the table of items is damaged.
    """
    of = len(rows)
    if of > KNN_ITEMS:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, KNN_ITEMS, replace=False))
    texts = _requests(analysis, field, system, rows)
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


def nearest_router(field: AnswerMatrix, members: tuple[str, ...], near: Neighbours) -> Outcome:
    """Ask the member that did best on the neighbours of each item; of equals the most accurate on all other items.

    An item is never judged by its own answers: what its neighbours' scores say is all that is known of it.
    """
    scores = field.score[np.ix_(near.rows, field.columns(members))]
    others = (scores.sum(axis=0) - scores) / max(len(scores) - 1, 1)
    votes = scores[near.near].mean(axis=1) + 1e-6 * others
    return replay(field, fixed(near.rows, members, votes.argmax(axis=1)))


def _requests(analysis: Analysis, field: AnswerMatrix, system: str, rows: NDArray[np.int64]) -> list[str]:
    """The prompt of each item, as the system was asked it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frames = analysis.frames
    mine = np.flatnonzero((frames.items["system"] == system).to_numpy())
    first = np.full(len(field.domain), -1, dtype=np.int64)
    first[field.row[mine[::-1]]] = mine[::-1]
    places = first[rows]
    if frames.rows is not None:
        places = np.flatnonzero(frames.rows.to_numpy())[places]
    path = frames.run.layout.items_table
    try:
        source = pq.ParquetFile(path)
        if "prompt" not in source.schema_arrow.names:
            return [""] * len(rows)
        texts: dict[int, str] = {}
        start = 0
        for batch in source.iter_batches(columns=["prompt"]):  # prompts are most of the bytes: never all at once
            wanted = places[(places >= start) & (places < start + len(batch))]
            found = batch.column(0).take(pa.array(wanted - start)).to_pylist()
            texts |= {int(place): str(text or "") for place, text in zip(wanted, found, strict=True)}
            start += len(batch)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error
    return [texts[int(place)] for place in places]
