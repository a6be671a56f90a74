"""Load a scikit-learn pipeline that reads texts from a file that skops wrote: no code that the file names is run.

A skops file is a zip archive: `schema.json` says which types an object is made of, and arrays are parts of their own.
Only types of a list are built: skops' own (scikit-learn's estimators, NumPy's arrays, plain containers), those of
`TRUSTED`, and those that the suite trusts by name. What a file would unpack into is bounded before it is unpacked.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np

from wattbench.config import SklearnRouter
from wattbench.config.code_files import HOW_TO_SAVE, TrustedType
from wattbench.errors import UserError, require
from wattbench.records.files.regular_file import read_regular
from wattbench.routers.base import Choice, Chooser, Question, Setup, if_sure

TRUSTED = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
"""Types in addition to those that skops trusts: parts of scikit-learn's estimators, in Python, that hold numbers."""
MAX_FILE_BYTES = 256 << 20
MAX_SCHEMA_BYTES = 128 << 20
"""Of `schema.json`, which has some 600 bytes for each word of a vocabulary."""
MAX_UNPACKED_BYTES = 1 << 30
"""Of all parts together, and of the archives among them: a small file can claim to be a very large one."""
MAX_PARTS = 100_000
MAX_CLASSES = 1000
HOW_TO_BE_SURE = "Fit a classifier that has them, such as LogisticRegression or CalibratedClassifierCV"
MAX_OBJECTS = 2_000_000
"""Of `schema.json`, each counted as often as it is referred to: skops looks at it as often."""
_SHOWN = 5
_TRIAL = "a text\0"
"""No file has this name: a vectorizer that opens what a text names fails on it."""


@dataclass(frozen=True, eq=False)
class TextPipeline:
    """A loaded pipeline from texts to classes."""

    classes: tuple[str, ...]
    sure: bool
    """Whether it gives probabilities."""
    version: str
    """Of scikit-learn and skops, and with which scikit-learn the file was written if it was another."""
    sha256: str
    """Of the file."""
    bytes: int
    model: Any
    """The pipeline itself."""
    where: str
    """What to call it in messages."""

    def classify(self, texts: Sequence[str], *, sure: bool) -> list[tuple[str, float | None]]:
        """Return the class of each text with its probability; None if `sure` is not set, or without a number.

        Raises:
            UserError: the pipeline failed.
        """
        try:
            return self._classify(texts, sure)
        except Exception as error:  # its steps may raise anything
            raise UserError(
                f"{self.where}: the pipeline ({self.version}) failed on {len(texts)} texts, the first ending "
                f"{texts[0][-80:]!r}: {_reason(error)}"
            ) from error

    def _classify(self, texts: Sequence[str], sure: bool) -> list[tuple[str, float | None]]:
        predicted = self.model.predict(list(texts))
        if np.shape(predicted) != (len(texts),):
            raise ValueError(f"it predicts something of shape {np.shape(predicted)} for {len(texts)} texts")
        names = [str(each) for each in predicted]
        if not sure:
            return [(name, None) for name in names]
        shares = np.asarray(self.model.predict_proba(list(texts)), dtype=np.float64)
        if shares.shape != (len(texts), len(self.classes)):
            raise ValueError(f"it gives probabilities of shape {shares.shape} for {len(self.classes)} classes")
        column = {name: number for number, name in enumerate(self.classes)}
        return [(name, _probability(float(row[column[name]]))) for name, row in zip(names, shares, strict=True)]


def load_pipeline(path: Path, trusted: Sequence[TrustedType], *, where: str) -> TextPipeline:
    """Read a pipeline's file and load it.

    Args:
        path: the `.skops` file.
        trusted: types that the suite trusts, in addition to the usual ones.
        where: what to call it in messages.

    Raises:
        UserError: skops is missing, or the file is not there, too large, no skops file, has a type that is not trusted,
            or is no classifier of texts.
    """
    skops = require("skops.io", extra="router", what=where)
    data = _read(path, where)
    try:
        _check_size(data)
    except Exception as error:  # a broken or hostile file can make its readers raise anything
        raise UserError(f"{where}: {path} is no file of skops: {_reason(error)}; {HOW_TO_SAVE}") from error
    model, written_with = _loaded(skops, data, path, trusted, where)
    return _checked(model, written_with, data, path, where)


def _read(path: Path, where: str) -> bytes:
    try:
        return read_regular(path, MAX_FILE_BYTES)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _check_size(data: bytes) -> None:
    """Check the unpacked size of a file by its directories, before unpacking, and the size of its schema."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS:
            raise ValueError(f"it has more than {MAX_PARTS:,} parts")
        left = MAX_UNPACKED_BYTES - _unpacked_bytes(archive)
        if left < 0 or archive.getinfo("schema.json").file_size > MAX_SCHEMA_BYTES:
            raise ValueError("it unpacks into more than a pipeline may have")
        for part in parts:  # a sparse matrix is an archive of its own
            with archive.open(part) as stream:
                if stream.read(2) != b"PK":
                    continue
            with zipfile.ZipFile(io.BytesIO(archive.read(part))) as inner:
                left -= _unpacked_bytes(inner)
            if left < 0:
                raise ValueError("its matrices unpack into more than a pipeline may have")
        if _objects(json.loads(archive.read("schema.json")), {}) > MAX_OBJECTS:
            raise ValueError("its objects refer to each other more often than those of a pipeline do")


def _unpacked_bytes(archive: zipfile.ZipFile) -> int:
    parts = archive.infolist()
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise ValueError("its compression is another")  # bzip2 is unpacked whole, whatever size its directory states
    return sum(part.file_size for part in parts)


def _objects(state: Any, of_id: dict[Any, int]) -> int:
    """Count the objects of a part of a schema; an object counts each time that it is referred to."""
    if isinstance(state, list):
        return sum(_objects(each, of_id) for each in state)
    if not isinstance(state, dict):
        return 0
    key = state.get("__id__")
    if key not in of_id:
        number = 1 + sum(_objects(each, of_id) for each in state.values())
        if key is None:
            return number
        of_id[key] = number
    return of_id[key]


def _loaded(skops: Any, data: bytes, path: Path, trusted: Sequence[str], where: str) -> tuple[Any, str | None]:
    """Return the loaded object, and the scikit-learn version that wrote it if another one is installed."""
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io.exceptions import UntrustedTypesFoundException

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            model = skops.loads(data, trusted=[*TRUSTED, *trusted])
        except UntrustedTypesFoundException as error:
            unknown = sorted(set(skops.get_untrusted_types(data=data)) - {*TRUSTED, *trusted})
            raise UserError(f"{where}: {path} {_untrusted(unknown)}") from error
        except Exception as error:
            raise UserError(f"{where}: {path} cannot be loaded: {_reason(error)}") from error
    others = [each.message for each in warned if isinstance(each.message, InconsistentVersionWarning)]
    return model, str(others[0].original_sklearn_version)[:40] if others else None


def _untrusted(types: Sequence[str]) -> str:
    listed = ", ".join(f"{name:.120}" for name in types[:_SHOWN]) + (", ..." if len(types) > _SHOWN else "")
    text = f"has types that are not trusted: {listed}. "
    if set(types) <= {*get_args(TrustedType)}:
        return text + "If the file is your own, list them in the suite: trusted: [...]"
    return (
        text + "A pipeline with parts that scikit-learn does not bring has code of its own: let a function load it "
        "(engine: python, or a router of type python)"
    )


def _checked(model: Any, written_with: str | None, data: bytes, path: Path, where: str) -> TextPipeline:
    import sklearn
    import skops

    other = "" if written_with in (None, sklearn.__version__) else f" (file written with {written_with})"
    try:
        _check_parts(model)
        if len(model.classes_) > MAX_CLASSES:
            raise ValueError(f"it has {len(model.classes_)} classes (2 to {MAX_CLASSES} wanted)")
        classes = tuple(str(each) for each in model.classes_)
        loaded = TextPipeline(
            classes=classes,
            sure=hasattr(model, "predict_proba"),
            version=f"scikit-learn {sklearn.__version__}{other}; skops {skops.__version__}",
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            model=model,
            where=where,
        )
        if not 2 <= len(set(classes)) == len(classes):
            raise ValueError(f"it has {len(set(classes))} distinct classes (2 to {MAX_CLASSES} wanted)")
        loaded._classify([_TRIAL], loaded.sure)
    except Exception as error:
        raise UserError(
            f"{where}: {path}{other} is no fitted classifier of texts: {_reason(error)}. Save the whole pipeline, "
            "first the step that reads texts (such as TfidfVectorizer)"
        ) from error
    return loaded


def _check_parts(model: Any) -> None:
    """Check numbers that compiled code uses unchecked, and limit each part's parallel jobs to the processors.

    Raises:
        ValueError: a vocabulary has numbers that are not those of its words, which are columns of a matrix; or words
            are hashed into no columns, by which would be divided.
    """
    left, seen = [model], set[int]()
    while left:
        part = left.pop()
        if id(part) in seen or isinstance(part, type):
            continue
        seen.add(id(part))
        if isinstance(part, Mapping):
            left += part.values()
        elif isinstance(part, (list, tuple, set)):
            left += part
        elif isinstance(part, np.ndarray):
            left += part.ravel().tolist() if part.dtype == object else []
        elif fields := getattr(part, "__dict__", None):
            left += fields.values()
            words = fields.get("vocabulary_", {})
            if sorted(words.values()) != list(range(len(words))):
                raise ValueError("its vocabulary does not number its words")
            if not fields.get("n_features", 1) >= 1:
                raise ValueError("it hashes words into no columns (n_features)")
            if isinstance(jobs := fields.get("n_jobs"), int):
                part.n_jobs = min(jobs, os.cpu_count() or 1)


def _probability(share: float) -> float | None:
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else None


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


class SklearnPipeline(Chooser):
    """A router whose pipeline reads the input of a file task's item, else the request, and names a member."""

    def __init__(self, setup: Setup, pipeline: TextPipeline, min_score: float) -> None:
        super().__init__(setup)
        self._pipeline = pipeline
        self._min_score = min_score
        self.version = pipeline.version
        self.parts = {pipeline.sha256: pipeline.bytes}

    @classmethod
    def check(cls, where: str, config: SklearnRouter, members: Mapping[str, str]) -> None:
        """Check that the file can be loaded, and that its classes are members."""
        _pipeline_for(where, config, members)

    @classmethod
    def open(cls, config: SklearnRouter, setup: Setup) -> Self:
        """Load the file; no code that it names is run."""
        return cls(setup, _pipeline_for(setup.where, config, setup.members), config.min_score)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the class that the pipeline predicts for each question; the score is its probability, if known."""
        texts = [question.text if question.input is None else question.input for question in questions]
        classified = self._pipeline.classify(texts, sure=self._pipeline.sure)
        if not self._pipeline.sure:
            return [Choice(label) for label, _ in classified]
        return [
            Choice(None) if share is None else if_sure(label, share, self._min_score) for label, share in classified
        ]


def _pipeline_for(where: str, config: SklearnRouter, members: Mapping[str, str]) -> TextPipeline:
    pipeline = load_pipeline(config.model, config.trusted, where=where)
    unknown = [label for label in pipeline.classes if label not in members]
    if unknown:
        raise UserError(
            f"{where}: {config.model} chooses between {', '.join(map(repr, pipeline.classes[:20]))}, and "
            f"{', '.join(map(repr, unknown[:20]))} is not among the members: {', '.join(members)}"
        )
    if config.min_score > 0 and not pipeline.sure:
        raise UserError(
            f"{where}: min_score: {config.model} gives no probabilities (predict_proba). Leave min_score out, or: "
            f"{HOW_TO_BE_SURE}"
        )
    return pipeline
