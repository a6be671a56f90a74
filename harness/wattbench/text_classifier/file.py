"""Store a text classifier as arrays and text, in an `.npz` file in which nothing can be executed, whatever its source.

Five arrays: `labels` (text), `coef` (labels x features), `intercept`, `cost` (of a request to the system of each label,
in the unit in which the router was trained; 0 where none is known), and `features` (JSON: how a text becomes features).
A pickle would run whatever code its writer put in. Here arrays are named, their types and dimensions given, and what
they would unpack into is bounded before it is unpacked.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.files.regular_file import read_regular
from wattbench.records.schema.explain import first_error
from wattbench.text_classifier.model import TextClassifier, TextFeatures

MAX_LABELS = 256
MAX_FILE_BYTES = 64 * 2**20
MAX_ARRAY_BYTES = 256 * 2**20
"""Unpacked: a small file can claim to be a very large one."""
MAX_WEIGHT = 1e6
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
        data = read_regular(path, MAX_FILE_BYTES)
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
            "wattbench family build"
        )
    if sorted(names) != sorted(_KINDS):
        raise ValueError(f"it does not hold the arrays {', '.join(_KINDS)}, each once")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ValueError("its compression is another")
    if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
        raise ValueError(f"its arrays are larger than {MAX_ARRAY_BYTES >> 20} MiB")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _KINDS}
    for name, (kind, dimensions) in _KINDS.items():
        if arrays[name].dtype.kind != kind or arrays[name].ndim != dimensions:
            raise ValueError(f"{name} has type {arrays[name].dtype} and shape {arrays[name].shape}")
    return arrays


def _classifier(arrays: dict[str, NDArray[Any]], data: bytes) -> StoredClassifier:
    features = TextFeatures.model_validate_json(str(arrays["features"]))
    labels = tuple(str(label) for label in arrays["labels"])
    if not 2 <= len(labels) <= MAX_LABELS or len(set(labels)) != len(labels):
        raise ValueError(f"it has {len(set(labels))} different labels of {len(labels)} (2 to {MAX_LABELS} wanted)")
    shapes = {"coef": (len(labels), features.n_features), "intercept": (len(labels),), "cost": (len(labels),)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has shape {arrays[name].shape}, not {shape}")
        # Written so that what is no number fails, too.
        if not np.abs(arrays[name]).max(initial=0.0) <= MAX_WEIGHT:
            raise ValueError(f"its numbers are not all finite and within ±{MAX_WEIGHT:g}")
    numbers = {name: arrays[name].astype(np.float64) for name in shapes}
    return StoredClassifier(labels, features, **numbers, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return f"features: {first_error(error)}"
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
