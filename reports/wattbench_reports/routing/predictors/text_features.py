"""Turn requests into numbers: hashed words and pairs of words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_LONG_WORDS = 12
"""Mean characters of a word above which a script has no blanks between words."""


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


def alike(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number texts so that those that differ in blanks and case alone have the same number."""
    return np.asarray(pd.factorize(pd.Series([" ".join(text.lower().split()) for text in texts]))[0], dtype=np.int64)
