"""Store a text classifier in a file of numbers and text, with nothing that could be executed.

An `.npz` file of four arrays: `classes` (text), `coef` (classes x features, or 1 x features where there are two
classes), `intercept`, and `vectorizer` (JSON: how a text becomes features). A pickle would run whatever code its
writer put in; this file may come from any source.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from wattbench.config.base import Strict
from wattbench.errors import UserError, require
from wattbench.records.atomic_write import write_atomically

MAX_FILE_BYTES = 64 * 2**20
MAX_ARRAY_BYTES = 256 * 2**20
"""Unpacked: a small file can claim to be a very large one."""
MAX_CLASSES = 256
MAX_WEIGHT = 1e6
ARRAYS = ("classes", "coef", "intercept", "vectorizer")

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
    sink = io.BytesIO()
    np.savez_compressed(
        sink,
        classes=np.array([str(label) for label in model.classes_]),
        coef=np.asarray(model.coef_, dtype=np.float64),
        intercept=np.asarray(model.intercept_, dtype=np.float64),
        vectorizer=np.array(vectorizer_settings.model_dump_json()),
    )
    write_atomically(path, sink.getvalue())


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
    if not path.is_file():
        raise UserError(f"{where}: no such file: {path}")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UserError(f"{where}: {path} is larger than {MAX_FILE_BYTES >> 20} MiB; it is not a stored classifier")
    data = path.read_bytes()
    try:
        arrays = _arrays(data)
        settings = VectorizerSettings.model_validate_json(str(arrays["vectorizer"]))
        classes = tuple(str(label) for label in arrays["classes"])
        _check(classes, arrays["coef"], arrays["intercept"], settings)
    except Exception as error:  # a broken or hostile file can make its readers raise anything
        raise UserError(
            f"{where}: {path} is not a classifier as `wattbench family build` writes it: {_reason(error)}"
        ) from error
    return StoredClassifier(
        classes=classes,
        coef=arrays["coef"].astype(np.float64),
        intercept=arrays["intercept"].astype(np.float64),
        settings=settings,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
    )


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    if sorted(member.filename for member in members) != [f"{name}.npy" for name in ARRAYS]:
        raise ValueError(f"it does not hold the arrays {', '.join(ARRAYS)}, each once")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ValueError("its compression is another")
    if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
        raise ValueError(f"its arrays are larger than {MAX_ARRAY_BYTES >> 20} MiB")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in ARRAYS}
    wanted = {"classes": ("U", 1), "coef": ("f", 2), "intercept": ("f", 1), "vectorizer": ("U", 0)}
    for name, (kind, dimensions) in wanted.items():
        if arrays[name].dtype.kind != kind or arrays[name].ndim != dimensions:
            raise ValueError(f"{name} has type {arrays[name].dtype} and shape {arrays[name].shape}")
    return arrays


def _check(classes: Sequence[str], coef: NDArray[Any], intercept: NDArray[Any], settings: VectorizerSettings) -> None:
    if not 2 <= len(classes) <= MAX_CLASSES or len(set(classes)) != len(classes):
        raise ValueError(f"it has {len(set(classes))} different classes of {len(classes)} (2 to {MAX_CLASSES} wanted)")
    rows = 1 if len(classes) == 2 else len(classes)
    if coef.shape != (rows, settings.n_features) or intercept.shape != (rows,):
        raise ValueError(
            f"coef has shape {coef.shape} and intercept {intercept.shape}, not {(rows, settings.n_features)} "
            f"and {(rows,)}"
        )
    # Written so that what is no number fails, too. Larger ones could overflow into a score that is no number.
    if not (np.abs(coef).max() <= MAX_WEIGHT and np.abs(intercept).max() <= MAX_WEIGHT):
        raise ValueError(f"its numbers are not all finite and within ±{MAX_WEIGHT:g}")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"vectorizer: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
