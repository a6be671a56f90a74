"""Turn requests into numbers: hashed words and pairs of words, their weights, and which requests read alike."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_LONG_WORDS = 12
"""Mean characters of a word above which a script has no blanks between words."""

ALIKE = 0.8
"""The cosine from which two texts are near-duplicates."""


@dataclass(frozen=True)
class TextFeatures:
    """How a text becomes features: arguments of scikit-learn's `HashingVectorizer`.

    Those that `wattbench.routers.stored.VectorizerSettings` knows, so that what is judged here can be stored as it is.
    Nothing is learned in it, so that no text of the items is in a stored router.
    """

    n_features: int = 2**14
    analyzer: Literal["word", "char_wb"] = "word"
    ngram_range: tuple[int, int] = (1, 2)
    norm: Literal["l1", "l2"] | None = "l2"

    def matrix(self, texts: Sequence[str], **changed: Any) -> Any:
        """Return the features of texts, as a sparse matrix of shape (texts, features).

        Args:
            texts: of the requests.
            changed: arguments that differ.
        """
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(**(asdict(self) | changed)).transform(texts)


def features_for(texts: Sequence[str]) -> TextFeatures:
    """Return how to read texts: by words, or by two to four characters where a script has no blanks between words."""
    sample = " ".join(text[:500] for text in texts[:200])
    words = re.findall(r"\w+", sample)
    if words and sum(map(len, words)) / len(words) > _LONG_WORDS:
        return TextFeatures(analyzer="char_wb", ngram_range=(2, 4))
    return TextFeatures()


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


def alike(texts: Sequence[str], features: TextFeatures) -> NDArray[np.int64]:
    """Number texts so that those that read alike have the same number, and those between which a chain of such leads.

    Two read alike where they differ in blanks and case alone, or where the cosine of their TF-IDF vectors is `ALIKE` or
    more: copies of a template with other names in it, of which one tells the answer of the others. Clusters of
    near-duplicates by a threshold and chains: A. Z. Broder, "On the resemblance and containment of documents" (1997).
    """
    same, different = pd.factorize(pd.Series([" ".join(text.lower().split()) for text in texts]))
    if len(different) < 2 or importlib.util.find_spec("sklearn") is None:  # without it no router reads requests
        return np.asarray(same, dtype=np.int64)
    from scipy.sparse.csgraph import connected_components
    from sklearn.neighbors import radius_neighbors_graph

    # A single letter or digit is a word here: sums of other numbers are other requests.
    words = {"token_pattern": r"(?u)\b\w+\b"} if features.analyzer == "word" else {}
    vectors = weighed(features.matrix(list(different), norm=None, alternate_sign=False, **words))
    near = radius_neighbors_graph(vectors, 1 - ALIKE, metric="cosine", mode="connectivity")
    return np.asarray(connected_components(near, directed=False)[1][same], dtype=np.int64)
