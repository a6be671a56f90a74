"""What every model of the suite file shares: unknown keys are errors, and nothing changes once read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo


class Strict(BaseModel):
    """A part of the suite file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def beside_its_file(path: Path, info: ValidationInfo) -> Path:
    """Read a relative path from the folder of the file that names it, not from where the user stands."""
    folder = (info.context or {}).get("folder")
    path = path.expanduser()
    return (folder / path).resolve() if folder is not None and not path.is_absolute() else path


RelativePath = Annotated[Path, AfterValidator(beside_its_file)]
"""A path, relative to the file that names it. Needs ``context={"folder": ...}`` to be resolved."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=80)]
"""What a suite or a system may be called."""
