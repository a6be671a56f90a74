"""Code that a suite names: Python callables with where their modules come from, commands, scikit-learn pipelines."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from wattbench.records.schema.base import RelativePath, Strict, relative_to_its_file


class Checkout(Strict):
    """The folder that a callable's modules are imported from: the files of one commit, or the working tree."""

    root: Path
    """The folder."""
    working_tree: Path
    """What `root` is in place of: import paths in the working tree then mean the same folders of `root`."""


def _relative_to_its_file(call: str, info: ValidationInfo) -> str:
    module, _, function = call.rpartition(":")
    return f"{relative_to_its_file(Path(module), info)}:{function}" if module.endswith(".py") else call


def _is_filled_in(checkout: Any, info: ValidationInfo) -> Any:
    if checkout is not None and "folder" in (info.context or {}):
        raise ValueError("checkout is filled in by gate --base; leave it out")
    return checkout


Call = Annotated[str, Field(pattern=r"^.+:[A-Za-z_][A-Za-z0-9_.]*$"), AfterValidator(_relative_to_its_file)]
"""`package.module:function`, or `./file.py:function` relative to the file that names it."""

FilledInCheckout = Annotated[Checkout | None, BeforeValidator(_is_filled_in)]
"""A checkout that no suite file may name."""

SUITE = "{suite}"


def _command_line(line: str, info: ValidationInfo) -> str:
    """Check that a command line can be split, and write the folder of its file into it."""
    folder = (info.context or {}).get("folder")
    if folder is not None:
        line = line.replace(SUITE, shlex.quote(str(folder)))
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ValueError(f"{line!r:.80}: this is no command line ({error})") from error
    if not words:
        raise ValueError("this command line is empty")
    return line


CommandLine = Annotated[str, AfterValidator(_command_line)]
"""Split as a shell does, but run without one. `{suite}` in it is the folder of the file that has it."""

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
