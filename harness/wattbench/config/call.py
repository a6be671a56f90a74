"""A Python callable that a suite names, and where its modules come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from wattbench.records.schema.base import Strict, relative_to_its_file


class Checkout(Strict):
    """The folder that a callable's modules are imported from: the files of one commit, or the working tree."""

    root: Path
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
