"""What every model of the suite file shares: unknown keys are errors, and nothing changes once read."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo


class Strict(BaseModel):
    """A part of the suite file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def relative_to_its_file(path: Path, info: ValidationInfo) -> Path:
    """Read a relative path from the folder of the file that names it, not from the current folder."""
    folder = (info.context or {}).get("folder")
    path = path.expanduser()
    return (folder / path).resolve() if folder is not None and not path.is_absolute() else path


RelativePath = Annotated[Path, AfterValidator(relative_to_its_file)]
"""A path, relative to the file that names it. It is resolved where ``context={"folder": ...}`` is given."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=80)]
"""What a suite or a system may be called."""


def tag_of(given: Any, key: str, built_in: Container[str], other: str) -> str | None:
    """Return the tag of a union's member: the name under `key` if it is wattbench's own, else `other`.

    None where the key is missing. What is no mapping gets `other`, whose model then says that it must be one.
    """
    name = given.get(key) if isinstance(given, Mapping) else getattr(given, key, other)
    if name is None:
        return None
    return name if isinstance(name, str) and name in built_in else other
