"""Compare texts by their words, and find those that read alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import diags
from scipy.sparse.csgraph import connected_components

from wattbench.text_classifier import TextFeatures, by_rarity, features_for

ALIKE = 0.8
"""The cosine from which two texts are near-duplicates."""


def counted(texts: Sequence[str], features: TextFeatures, **changed: Any) -> Any:
    """Return the logarithm of 1 + the number of each feature in each text, sparse, of shape (texts, features)."""
    counts = features.matrix(texts, norm=None, alternate_sign=False, **changed).astype(np.float32)
    np.log1p(counts.data, out=counts.data)
    return counts


def of_unit_length(vectors: Any) -> Any:
    """Return sparse rows of length 1, or 0 for a row of zeros."""
    lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return (diags(1 / np.where(lengths > 0, lengths, 1.0)) @ vectors).astype(np.float32).tocsr()


def alike(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number clusters of texts that read alike: the same number for those linked by a chain of such.

    Two read alike where they differ in blanks and case alone, or where the cosine of their TF-IDF vectors is `ALIKE` or
    more: copies of a template with other names in it, of which one tells the answer of the others. Clusters of
    near-duplicates by a threshold and chains: A. Z. Broder, "On the resemblance and containment of documents" (1997).
    """
    same, different = pd.factorize(pd.Series([" ".join(text.lower().split()) for text in texts]))
    if len(different) < 2:
        return np.asarray(same, dtype=np.int64)
    from sklearn.neighbors import radius_neighbors_graph

    # A single letter or digit is a word here: sums of other numbers are other requests.
    features = features_for(texts)
    words = {"token_pattern": r"(?u)\b\w+\b"} if features.analyzer == "word" else {}
    counts = counted(list(different), features, **words)
    _, rarity = by_rarity(counts)
    vectors = of_unit_length(counts @ diags(rarity**2))
    near = radius_neighbors_graph(vectors, 1 - ALIKE, metric="cosine", mode="connectivity")
    return np.asarray(connected_components(near, directed=False)[1][same], dtype=np.int64)
