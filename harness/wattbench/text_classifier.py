"""Score labels by the words of a text: the classifier behind routers, and its file.

Must not import the suite's configuration: the reports judge the same classifier before it is built.

Ridge regression on hashed words: one score per label, fitted to 0 and 1, so that it is about a probability.

Features are words and pairs of words, or two to four characters where a script has no blanks between words, hashed into
columns and weighed by how few texts have them. A classifier holds nothing of its texts but weights. Strengths of
shrinking are in mean squared lengths of the features around their mean.

Sources: A. E. Hoerl and R. W. Kennard, "Ridge Regression", Technometrics 12 (1970); errors on texts that are left out,
D. M. Allen, "The relationship between variable selection and data augmentation", Technometrics 16 (1974).
On texts as accurate as logistic regression, with probabilities as good; and it takes scores between 0 and 1 as well.

Store a text classifier as arrays and text, in an `.npz` file in which nothing can be executed, whatever its source.

Five arrays: `labels` (text), `coef` (labels x features), `intercept`, `cost` (of a request to the system of each label,
in the unit in which the router was trained; 0 where none is known), and `features` (JSON: how a text becomes features).
A pickle would run whatever code its writer put in. Here arrays are named, their types and dimensions given, and what
they would unpack into is bounded before it is unpacked.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.sparse import diags

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.files.regular_file import read_regular
from wattbench.records.schema.explain import first_error

STRENGTHS = (0.5, 2.0, 8.0, 32.0, 200.0)
CONSTANT = 1e3
"""The prior variance of the constant, in those of the features': as good as not shrunk."""
_MOST_COMPARED = 2_000
"""From as many texts the strength is found: time grows with the cube."""
_LONG_WORDS = 12
"""Mean characters of a word above which a script has no blanks between words."""

_Length = Annotated[int, Field(ge=1, le=10)]


class TextFeatures(BaseModel):
    """How a text becomes features: arguments of scikit-learn's `HashingVectorizer`.

    A token pattern cannot be chosen: a hostile one could take for ever.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_features: Annotated[int, Field(ge=1, le=2**22)] = 2**14
    analyzer: Literal["word", "char_wb"] = "word"
    ngram_range: tuple[_Length, _Length] = (1, 2)

    def matrix(self, texts: Sequence[str], **changed: Any) -> Any:
        """Return the features of texts, a sparse matrix of shape (texts, features).

        Args:
            texts: any.
            changed: further arguments of the vectorizer.
        """
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(**self.model_dump(), **changed).transform(texts)


@dataclass(frozen=True, eq=False)
class TextClassifier:
    """A fitted classifier."""

    labels: tuple[str, ...]
    features: TextFeatures
    coef: NDArray[np.float64]
    """Shape (labels, features)."""
    intercept: NDArray[np.float64]
    """Shape (labels,)."""

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each label for each text, about 0 to 1, shape (texts, labels)."""
        return np.asarray(self.features.matrix(texts) @ self.coef.T + self.intercept, dtype=np.float64)

    def label(self, texts: Sequence[str]) -> list[str]:
        """Return the label with the highest score of each text."""
        return [self.labels[best] for best in self.scores(texts).argmax(axis=1)]


def features_for(texts: Sequence[str]) -> TextFeatures:
    """Return the features that suit the script of some texts."""
    words = re.findall(r"\w+", " ".join(text[:500] for text in texts[:200]))
    if words and sum(map(len, words)) / len(words) > _LONG_WORDS:
        return TextFeatures(analyzer="char_wb", ngram_range=(2, 4))
    return TextFeatures()


def fit_labels(texts: Sequence[str], labels: Sequence[str]) -> TextClassifier:
    """Fit a classifier to texts with a label each.

    Raises:
        UserError: there are fewer than two labels.
    """
    names = sorted(set(labels))
    if len(names) < 2:
        raise UserError(f"a router needs texts of at least two members (here: {len(names)})")
    return fit_scores(texts, names, np.array([[label == name for name in names] for label in labels], dtype=np.float64))


def fit_scores(
    texts: Sequence[str], labels: Sequence[str], score: NDArray[np.float64], strength: float | None = None
) -> TextClassifier:
    """Fit a classifier to the scores of labels.

    Args:
        texts: any.
        labels: names.
        score: shape (texts, labels): from 0 to 1.
        strength: of shrinking; None: the one of `STRENGTHS` with the least error on texts that are left out.
    """
    from sklearn.linear_model import Ridge

    features = features_for(texts)
    vectors, rarity = by_rarity(features.matrix(texts))
    with one_thread():
        alpha = (_best_strength(vectors, score) if strength is None else strength) * spread(vectors)
        fitted = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-8).fit(vectors, score)
    return TextClassifier(tuple(labels), features, fitted.coef_ * rarity, fitted.intercept_)


def by_rarity(vectors: Any) -> tuple[Any, NDArray[np.float64]]:
    """Weight features by their rarity among the texts, and return features and weights, shape (features,).

    In a product of two texts each word that they share counts by its inverse document frequency, log(n / n_word): K.
    Sparck Jones, Journal of Documentation 28 (1972). What is in every text counts for nothing, such as worked examples.
    """
    within = np.bincount(vectors.indices, minlength=vectors.shape[1])
    rarity = np.sqrt(np.log(vectors.shape[0] / np.maximum(within, 1)))
    return (vectors @ diags(rarity)).tocsr(), rarity


def one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra to one thread.

    On a busy machine the threads of many small problems wait for each other, and take ten times as long.
    """
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


def spread(vectors: Any) -> float:
    """Return the mean squared distance of the texts' features from their mean; 1 where all texts are alike."""
    mean = np.asarray(vectors.mean(axis=0))
    lengths = float(vectors.multiply(vectors).sum()) / vectors.shape[0] - float((mean**2).sum())
    return lengths if lengths > 1e-9 else 1.0


def products(vectors: Any) -> NDArray[np.float64]:
    """Return the inner products of texts in units of their `spread`, shape (texts, texts)."""
    return np.asarray((vectors @ vectors.T).toarray(), dtype=np.float64) / spread(vectors)


def _best_strength(vectors: Any, score: NDArray[np.float64]) -> float:
    """Return the ridge strength with the least squared error, each text left out in turn."""
    some = np.random.default_rng(0).permutation(vectors.shape[0])[:_MOST_COMPARED]
    compared = products(vectors[some])

    def error(strength: float) -> float:
        inverse = np.linalg.inv(np.eye(len(some)) + compared / strength + CONSTANT)
        left_out = inverse @ score[some] / inverse.diagonal()[:, None]
        return float((left_out**2).sum())

    return min(STRENGTHS, key=error)


_MAX_LABELS = 256
_MAX_FILE_BYTES = 64 * 2**20
_MAX_ARRAY_BYTES = 256 * 2**20
"""Unpacked: a small file can claim to be a very large one."""
_MAX_WEIGHT = 1e6
"""Of any number in a file: larger ones could overflow into a score that is no number."""
_KINDS = {"labels": ("U", 1), "coef": ("f", 2), "intercept": ("f", 1), "cost": ("f", 1), "features": ("U", 0)}
"""Array to the kind of its type, as NumPy has it (``U``: text, ``f``: numbers), and its number of dimensions."""
_EARLIER = ({"classes", "coef", "intercept", "vectorizer"}, {"members", "coef", "intercept", "cost", "vectorizer"})
"""Arrays of the files of earlier versions."""


@dataclass(frozen=True, eq=False)
class StoredClassifier(TextClassifier):
    """The checked content of a file."""

    cost: NDArray[np.float64]
    """Shape (labels,): of a request; 0 where none is known."""
    sha256: str
    """Of the file."""
    bytes: int


def save_classifier(path: Path, model: TextClassifier, cost: NDArray[np.float64] | None = None) -> None:
    """Write a classifier; equal classifiers make equal files.

    Args:
        path: the `.npz` file.
        model: fitted.
        cost: shape (labels,): of a request to each label's system; None: not known.
    """
    sink = io.BytesIO()
    np.savez_compressed(
        sink,
        labels=np.array(model.labels),
        coef=model.coef,
        intercept=model.intercept,
        cost=np.zeros(len(model.labels)) if cost is None else cost,
        features=np.array(model.features.model_dump_json()),
    )
    write_atomically(path, sink.getvalue())


def load_classifier(path: Path, *, where: str) -> StoredClassifier:
    """Read and check a classifier.

    Args:
        path: the `.npz` file.
        where: what to call it in messages.

    Raises:
        UserError: it is not there, too large, of an earlier version, or not what `save_classifier` writes.
    """
    try:
        data = read_regular(path, _MAX_FILE_BYTES)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    try:
        return _classifier(_arrays(data), data)
    except Exception as error:  # a broken or hostile file can make its readers raise anything
        raise UserError(f"{where}: {path} is not a text classifier as wattbench writes it: {_reason(error)}") from error


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    names = [member.filename.removesuffix(".npy") for member in members]
    if set(names) in _EARLIER:
        raise ValueError(
            "an earlier version wrote it. Write it again: wattbench router fit, wattbench route RUN --write, or "
            "wattbench dev family build"
        )
    if sorted(names) != sorted(_KINDS):
        raise ValueError(f"it does not hold the arrays {', '.join(_KINDS)}, each once")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ValueError("its compression is another")
    if sum(member.file_size for member in members) > _MAX_ARRAY_BYTES:
        raise ValueError(f"its arrays are larger than {_MAX_ARRAY_BYTES >> 20} MiB")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _KINDS}
    for name, (kind, dimensions) in _KINDS.items():
        if arrays[name].dtype.kind != kind or arrays[name].ndim != dimensions:
            raise ValueError(f"{name} has type {arrays[name].dtype} and shape {arrays[name].shape}")
    return arrays


def _classifier(arrays: dict[str, NDArray[Any]], data: bytes) -> StoredClassifier:
    features = TextFeatures.model_validate_json(str(arrays["features"]))
    labels = tuple(str(label) for label in arrays["labels"])
    if not 2 <= len(labels) <= _MAX_LABELS or len(set(labels)) != len(labels):
        raise ValueError(f"it has {len(set(labels))} different labels of {len(labels)} (2 to {_MAX_LABELS} wanted)")
    shapes = {"coef": (len(labels), features.n_features), "intercept": (len(labels),), "cost": (len(labels),)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has shape {arrays[name].shape}, not {shape}")
        # Written so that what is no number fails, too.
        if not np.abs(arrays[name]).max(initial=0.0) <= _MAX_WEIGHT:
            raise ValueError(f"its numbers are not all finite and within ±{_MAX_WEIGHT:g}")
    numbers = {name: arrays[name].astype(np.float64) for name in shapes}
    return StoredClassifier(labels, features, **numbers, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return f"features: {first_error(error)}"
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
