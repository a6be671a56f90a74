"""Weigh the words of texts by how rare they are, and find texts that read alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.text_classifier import TextFeatures, features_for

ALIKE = 0.8
"""The cosine from which two texts are near-duplicates."""


def weighed(counts: Any) -> Any:
    """Return the TF-IDF vectors of counts, each of length 1 or 0: a sparse matrix of the same shape.

    What is in every text has no weight (log n / n): examples that all prompts begin with say nothing about any.
    """
    from scipy.sparse import diags

    weights = counts.astype(np.float32)
    np.log1p(weights.data, out=weights.data)
    within = np.bincount(weights.indices, minlength=weights.shape[1])
    weights = weights @ diags(np.log(weights.shape[0] / np.maximum(within, 1)).astype(np.float32))
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    return (diags(1 / np.where(lengths > 0, lengths, 1.0)) @ weights).astype(np.float32).tocsr()


def counted(texts: Sequence[str], features: TextFeatures, **changed: Any) -> Any:
    """Return how often each feature is in each text: a sparse matrix of shape (texts, features)."""
    return features.matrix(texts, norm=None, alternate_sign=False, **changed)


def alike(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number clusters of texts that read alike: the same number for those linked by a chain of such.

    Two read alike where they differ in blanks and case alone, or where the cosine of their TF-IDF vectors is `ALIKE` or
    more: copies of a template with other names in it, of which one tells the answer of the others. Clusters of
    near-duplicates by a threshold and chains: A. Z. Broder, "On the resemblance and containment of documents" (1997).
    """
    same, different = pd.factorize(pd.Series([" ".join(text.lower().split()) for text in texts]))
    if len(different) < 2:
        return np.asarray(same, dtype=np.int64)
    from scipy.sparse.csgraph import connected_components
    from sklearn.neighbors import radius_neighbors_graph

    # A single letter or digit is a word here: sums of other numbers are other requests.
    features = features_for(texts)
    words = {"token_pattern": r"(?u)\b\w+\b"} if features.analyzer == "word" else {}
    vectors = weighed(counted(list(different), features, **words))
    near = radius_neighbors_graph(vectors, 1 - ALIKE, metric="cosine", mode="connectivity")
    return np.asarray(connected_components(near, directed=False)[1][same], dtype=np.int64)
