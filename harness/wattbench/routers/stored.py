"""Store a text classifier in a file of numbers and text, with nothing that could be executed.

An `.npz` file of four arrays: `classes` (text), `coef` (classes x features, or 1 x features where there are two
classes), `intercept`, and `vectorizer` (JSON: how a text becomes features). `stored_arrays` says what keeps it safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from wattbench.config.base import Strict
from wattbench.errors import require
from wattbench.routers.stored_arrays import (
    ArrayFile,
    Arrays,
    FileDigest,
    check_numbers,
    read_arrays,
    write_arrays,
)

MAX_CLASSES = 256
FILE = ArrayFile(
    "a classifier as `wattbench family build` writes it",
    {"classes": ("U", 1), "coef": ("f", 2), "intercept": ("f", 1), "vectorizer": ("U", 0)},
)

Length = Annotated[int, Field(ge=1, le=10)]


class VectorizerSettings(Strict):
    """How a text becomes features: the arguments of scikit-learn's `HashingVectorizer`.

    Nothing is learned in it, so nothing of the training texts is in the file. A token pattern cannot be chosen:
    a hostile one could take for ever.
    """

    n_features: Annotated[int, Field(ge=1, le=2**22)] = 2**14
    analyzer: Literal["word", "char", "char_wb"] = "word"
    ngram_range: tuple[Length, Length] = (1, 2)
    lowercase: bool = True
    alternate_sign: bool = True
    norm: Literal["l1", "l2"] | None = "l2"
    binary: bool = False

    @model_validator(mode="after")
    def _shortest_first(self) -> Self:
        if self.ngram_range[0] > self.ngram_range[1]:
            raise ValueError(f"ngram_range runs from {self.ngram_range[0]} to {self.ngram_range[1]}")
        return self


@dataclass(frozen=True, eq=False)
class StoredClassifier:
    """The checked content of a file."""

    classes: tuple[str, ...]
    coef: NDArray[np.float64]
    """Shape (classes, features); (1, features) for two classes."""
    intercept: NDArray[np.float64]
    """Shape (classes,); (1,) for two classes."""
    settings: VectorizerSettings
    sha256: str
    """Of the file."""
    bytes: int


class TextClassifier:
    """A loaded classifier."""

    def __init__(self, stored: StoredClassifier, sklearn: Any) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer
        from sklearn.linear_model import LogisticRegression

        self.stored = stored
        self.version = f"scikit-learn {sklearn.__version__}"
        self._vectorizer = HashingVectorizer(**stored.settings.model_dump())
        self._model = LogisticRegression()
        self._model.classes_ = np.array(stored.classes)
        self._model.coef_ = stored.coef
        self._model.intercept_ = stored.intercept
        self._model.n_features_in_ = stored.settings.n_features

    def likeliest(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Return the likeliest class of each text, and its probability."""
        shares = self._model.predict_proba(self._vectorizer.transform(texts))
        best = shares.argmax(axis=1)
        return [(self.stored.classes[index], float(row[index])) for index, row in zip(best, shares, strict=True)]


def save_classifier(path: Path, vectorizer_settings: VectorizerSettings, model: Any) -> None:
    """Write a fitted `LogisticRegression` over hashed text; the same model makes the same file."""
    arrays = {
        "classes": np.array([str(label) for label in model.classes_]),
        "coef": np.asarray(model.coef_, dtype=np.float64),
        "intercept": np.asarray(model.intercept_, dtype=np.float64),
        "vectorizer": np.array(vectorizer_settings.model_dump_json()),
    }
    write_arrays(path, arrays)


def load_classifier(path: Path, *, where: str = "a text classifier") -> TextClassifier:
    """Read a classifier and load it.

    Args:
        path: the `.npz` file.
        where: what to call it in messages.

    Raises:
        UserError: scikit-learn is missing, or the file is not what `save_classifier` writes.
    """
    sklearn = require("sklearn", extra="router", what=where)
    return TextClassifier(read_stored(path, where=where), sklearn)


def read_stored(path: Path, *, where: str) -> StoredClassifier:
    """Read and check the file, without scikit-learn.

    Raises:
        UserError: it is not there, too large, or not what `save_classifier` writes.
    """
    return read_arrays(path, FILE, _classifier, where=where)


def _classifier(arrays: Arrays, file: FileDigest) -> StoredClassifier:
    settings = VectorizerSettings.model_validate_json(str(arrays["vectorizer"]))
    classes = tuple(str(label) for label in arrays["classes"])
    _check(classes, arrays["coef"], arrays["intercept"], settings)
    return StoredClassifier(
        classes=classes,
        coef=arrays["coef"].astype(np.float64),
        intercept=arrays["intercept"].astype(np.float64),
        settings=settings,
        sha256=file.sha256,
        bytes=file.bytes,
    )


def _check(classes: Sequence[str], coef: NDArray[Any], intercept: NDArray[Any], settings: VectorizerSettings) -> None:
    if not 2 <= len(classes) <= MAX_CLASSES or len(set(classes)) != len(classes):
        raise ValueError(f"it has {len(set(classes))} different classes of {len(classes)} (2 to {MAX_CLASSES} wanted)")
    rows = 1 if len(classes) == 2 else len(classes)
    if coef.shape != (rows, settings.n_features) or intercept.shape != (rows,):
        raise ValueError(
            f"coef has shape {coef.shape} and intercept {intercept.shape}, not {(rows, settings.n_features)} "
            f"and {(rows,)}"
        )
    check_numbers(coef, intercept)
