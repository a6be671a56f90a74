"""Check the file of a scikit-learn pipeline: it is by skops, as a pickle could run any code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from wattbench.records.schema.base import RelativePath

PICKLES = (".joblib", ".pkl", ".pickle", ".sav", ".dill", ".cloudpickle")
"""Suffixes under which pipelines are usually pickled."""
HOW_TO_SAVE = (
    "save the fitted pipeline with skops, which stores no code: skops.io.dump(pipeline, 'model.skops') after "
    "pip install skops"
)

TrustedType = Literal[
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
]
"""Types that a suite can trust by name. Compiled code follows the indices in them without a check, so that a hostile
file could read or write memory that is not its own."""


def _is_no_pickle(path: Path) -> Path:
    if path.suffix.lower() in PICKLES:
        raise ValueError(
            f"{path.name} is a pickle, which would run whatever its writer put in, and is not read; {HOW_TO_SAVE}"
        )
    return path


PipelineFile = Annotated[RelativePath, AfterValidator(_is_no_pickle)]
"""The path of a `.skops` file, relative to the file that names it."""
