"""Store, for each member, how likely it answers a request correctly and what a request costs, as numbers and text.

An `.npz` file of five arrays: `members` (text), `coef` (members x features), `intercept`, `cost` (members: the mean per
request, in the unit in which the router was trained), and `vectorizer` (JSON: how a text becomes features).
`stored_arrays` says what keeps it safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import require
from wattbench.routers.stored import VectorizerSettings
from wattbench.routers.stored_arrays import ArrayFile, Arrays, FileDigest, check_numbers, read_arrays, write_arrays

MAX_MEMBERS = 256
FILE = ArrayFile(
    "a router as `wattbench route --write` writes it",
    {"members": ("U", 1), "coef": ("f", 2), "intercept": ("f", 1), "cost": ("f", 1), "vectorizer": ("U", 0)},
)


@dataclass(frozen=True, eq=False)
class StoredScores:
    """The checked content of a file."""

    members: tuple[str, ...]
    """By the router's names for them."""
    coef: NDArray[np.float64]
    """Shape (members, features)."""
    intercept: NDArray[np.float64]
    """Shape (members,)."""
    cost: NDArray[np.float64]
    """Shape (members,): of a request."""
    settings: VectorizerSettings
    sha256: str
    """Of the file."""
    bytes: int


class TextScores:
    """Predictions of how likely each member answers a text correctly."""

    def __init__(self, stored: StoredScores, sklearn: Any) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer

        self.stored = stored
        self.version = f"scikit-learn {sklearn.__version__}"
        self._vectorizer = HashingVectorizer(**stored.settings.model_dump())
        self._weights = np.ascontiguousarray(stored.coef.T)

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the predicted score of each member on each text, shape (texts, members): about 0 to 1."""
        return np.asarray(self._vectorizer.transform(texts) @ self._weights + self.stored.intercept, dtype=np.float64)


def save_scores(
    path: Path,
    settings: VectorizerSettings,
    members: Sequence[str],
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    cost: NDArray[np.float64],
) -> None:
    """Write a fitted linear model; the same model makes the same file.

    Args:
        path: the `.npz` file.
        settings: how a text becomes features.
        members: by the router's names for them.
        coef: shape (members, features).
        intercept: shape (members,).
        cost: shape (members,): of a request.
    """
    arrays = {
        "members": np.array([str(label) for label in members]),
        "coef": np.asarray(coef, dtype=np.float64),
        "intercept": np.asarray(intercept, dtype=np.float64),
        "cost": np.asarray(cost, dtype=np.float64),
        "vectorizer": np.array(settings.model_dump_json()),
    }
    write_arrays(path, arrays)


def load_scores(path: Path, *, where: str = "a router") -> TextScores:
    """Read a model and load it.

    Args:
        path: the `.npz` file.
        where: what to call it in messages.

    Raises:
        UserError: scikit-learn is missing, or the file is not what `save_scores` writes.
    """
    sklearn = require("sklearn", extra="router", what=where)
    return TextScores(read_scores(path, where=where), sklearn)


def read_scores(path: Path, *, where: str) -> StoredScores:
    """Read and check the file, without scikit-learn.

    Raises:
        UserError: it is not there, too large, or not what `save_scores` writes.
    """
    return read_arrays(path, FILE, _scores, where=where)


def _scores(arrays: Arrays, file: FileDigest) -> StoredScores:
    settings = VectorizerSettings.model_validate_json(str(arrays["vectorizer"]))
    members = tuple(str(label) for label in arrays["members"])
    if not 2 <= len(members) <= MAX_MEMBERS or len(set(members)) != len(members):
        raise ValueError(f"it has {len(set(members))} different members of {len(members)} (2 to {MAX_MEMBERS} wanted)")
    wanted = {"coef": (len(members), settings.n_features), "intercept": (len(members),), "cost": (len(members),)}
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has shape {arrays[name].shape}, not {shape}")
        check_numbers(arrays[name])
    return StoredScores(
        members=members,
        coef=arrays["coef"].astype(np.float64),
        intercept=arrays["intercept"].astype(np.float64),
        cost=arrays["cost"].astype(np.float64),
        settings=settings,
        sha256=file.sha256,
        bytes=file.bytes,
    )
