"""What every model of the suite file shares: unknown keys are errors, and nothing changes once read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, ValidationInfo


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


def named_by(key: str, built_in: Collection[str], other: str) -> Discriminator:
    """Choose the member of a union by the name under `key`: wattbench's own by that name, any other name by `other`.

    A missing key is an error that lists wattbench's own names.
    """

    def tag(given: Any) -> str | None:
        # What is no mapping gets `other`, whose model then says that it must be one.
        name = given.get(key) if isinstance(given, Mapping) else getattr(given, key, other)
        if name is None:
            return None
        return name if isinstance(name, str) and name in built_in else other

    return Discriminator(
        tag,
        custom_error_type="tag_missing",
        custom_error_message="missing; this key is required, and is one of: {choices}",
        custom_error_context={"key": key, "choices": ", ".join(built_in)},
    )
