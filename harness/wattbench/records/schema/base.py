"""Define what all models of the suite file share: unknown keys are errors, and instances are frozen."""

from __future__ import annotations

import ast
import datetime
import errno
import inspect
import os
import textwrap
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

LARGEST = 2**53
"""Beyond it a double does not hold every integer."""


RECORDED = "recorded"
"""The key of pydantic's context that says that a block is of a record."""


class Strict(BaseModel):
    """A part of the suite file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        """Describe each field by the text below it."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        texts = field_texts(cls)
        for name, field in cls.model_fields.items():
            alias = field.validation_alias
            key = alias.choices[0] if isinstance(alias, AliasChoices) else name  # what a suite may call it first
            if name in texts and key in properties:
                properties[key].setdefault("description", texts[name])
        return schema

    @model_validator(mode="before")
    @classmethod
    def _as_far_as_known(cls, given: Any, info: ValidationInfo) -> Any:
        """Take of a record's block the keys that are known and have a value."""
        if not (info.context or {}).get(RECORDED) or not isinstance(given, Mapping):
            return given
        known = {key: each for key, each in given.items() if key in cls.model_fields and each not in (None, "")}
        return {key: each for key, each in known.items() if each or cls.model_fields[key].is_required() or each == 0}

    @model_validator(mode="after")
    def _representable(self) -> Self:
        """Refuse integers that do not fit into a double."""
        for name, value in self:
            for each in value if isinstance(value, list | tuple) else [value]:
                if isinstance(each, int) and abs(each) > LARGEST:
                    raise ValueError(
                        f"{name}: a number of {len(str(abs(each)))} digits is more than anything here can be"
                    )
        return self


Seconds = Annotated[float, Field(gt=0, le=1e6)]
"""A time to wait at most, or to last: no longer than 11 days."""
PauseSeconds = Annotated[float, Field(ge=0, le=1e6)]
"""As `Seconds`, or none."""
Items = Annotated[int, Field(gt=0, le=10**9)]
"""How many items, requests or tokens."""
Times = Annotated[int, Field(gt=0, le=10_000)]
"""How often something is done, or how many are under way together."""
Seed = Annotated[int, Field(ge=0, lt=2**31)]
"""A seed that every library takes, and two numbers after it."""


MAX_PART_BYTES = 255
"""Of the name of one file or folder, in every common file system."""


def expanded(path: Path) -> Path:
    """Return a path with the home folder in place of ``~``.

    Raises:
        ValueError: there is no such home folder, or no file can have such a name.
    """
    if any(len(os.fsencode(part)) > MAX_PART_BYTES for part in path.parts):
        raise ValueError(f"{str(path)[:40]!r}... is too long for the name of a file")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path.parts[0]}: no such user, or no home folder; write the path in full") from error


def relative_to_its_file(path: Path, info: ValidationInfo) -> Path:
    """Read a relative path from the folder of the file that names it, not from the current folder."""
    folder = (info.context or {}).get("folder")
    path = expanded(path)
    try:
        return _resolved(folder / path) if folder is not None and not path.is_absolute() else path
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{path}: cannot be followed ({error})") from error


def _resolved(path: Path) -> Path:
    """Follow the links of a path that need not exist.

    Raises:
        RuntimeError: a link leads to itself (before Python 3.13, by `Path.resolve`).
        OSError: the same, from Python 3.13 on, where `Path.resolve` returns such a link as it is.
    """
    resolved = path.resolve()
    try:
        resolved.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return resolved


RelativePath = Annotated[Path, AfterValidator(relative_to_its_file)]
"""A path, relative to the file that names it. It is resolved where ``context={"folder": ...}`` is given."""

CURRENCY_CODE = r"^[A-Z]{3}$"
Currency = Annotated[str, Field(pattern=CURRENCY_CODE)]
"""ISO 4217, three letters."""
DEFAULT_CURRENCY = "EUR"


def _day(given: Any) -> Any:
    try:
        return datetime.date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        return given


Day = Annotated[datetime.date, BeforeValidator(_day)]
"""A day, as in 2026-11-25; a record has it as text."""

Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Where a figure comes from."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
MOST_OF_NAME = 80
Name = Annotated[str, Field(pattern=NAME, max_length=MOST_OF_NAME)]
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


def field_texts(model: type) -> dict[str, str]:
    """Return the text below each field of a class, inherited fields included.

    pydantic does so itself where `use_attribute_docstrings` is set, but while it makes the classes: that took a fifth
    of the time of importing them, and every command imports them.

    Args:
        model: a class whose source is there; of any other there are no texts.
    """
    texts: dict[str, str | None] = {}
    for each in reversed(model.__mro__):
        if each.__module__.partition(".")[0] not in ("builtins", "pydantic"):
            texts |= _own_texts(each)
    return {name: text for name, text in texts.items() if text is not None}


def _own_texts(model: type) -> dict[str, str | None]:
    """Return the text below each field that a class itself defines."""
    try:
        (defined,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    except (OSError, TypeError):
        return {}
    body = defined.body if isinstance(defined, ast.ClassDef) else []
    return {
        statement.target.id: _text(following)
        for statement, following in pairwise([*body, ast.Pass()])
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def _text(statement: ast.stmt) -> str | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return inspect.cleandoc(value.value) if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
