"""Define what every row of a run shares: its numbers and their bounds, how it is read, checked and written.

A row is a frozen dataclass. Its annotations are the schema: what reads a line checks it by them, and the columns of the
tables, the JSON Schema and the page of fields in the documentation are made from them. Times are seconds since the Unix
epoch, energies joules.

A record may be damaged or made up, and JSON holds any value anywhere: a text where a number should be ends in a
traceback far from the file, and a number out of range in a figure that looks right.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError

SCHEMA_VERSION = 2
"""Increases when a field changes its meaning or is removed; a reader upgrades older runs and refuses newer ones."""

LARGEST_INTEGER = 2**63 - 1
"""What a column of a table holds."""
LARGEST_NUMBER = 1e18
"""In seconds, joules, watts or a share: more than any machine gives."""
ROUNDING = 1e-6
"""By how much a difference of two equal figures may be below 0."""

Count = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
"""A whole number of 0 or more."""
Seed = Annotated[int, Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
Amount = Annotated[float, Field(ge=-ROUNDING, le=LARGEST_NUMBER, allow_inf_nan=False)]
"""A number of 0 or more: seconds, joules, a rate, a price."""
Signed = Annotated[float, Field(gt=-LARGEST_NUMBER, lt=LARGEST_NUMBER, allow_inf_nan=False)]
"""A number that may be below 0. Joules and watts only in a window that is not valid: its row checks them."""
Share = Annotated[float, Field(ge=-ROUNDING, le=1.0, allow_inf_nan=False)]

_WANTED = {
    "string_type": "text", "bool_type": "true or false", "list_type": "a list", "tuple_type": "a list",
    "dict_type": "a mapping", "dataclass_type": "a mapping", "int_type": "a whole number", "float_type": "a number",
    "finite_number": "a finite number", "greater_than": "between -1e18 and 1e18", "less_than": "between -1e18 and 1e18",
}  # fmt: skip
"""What a value must be, by pydantic's name for what is wrong with it."""


class FieldError(TypeError):
    """A field is missing, or has a value that no writer gives it. The message says which and what it must be."""


class NotARowError(FieldError):
    """A text is no JSON, or no JSON object. The message follows *is*."""


class RecordRow:
    """The base of every row: it is read from the text of a JSON object."""

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Read the row, ignoring fields that a newer minor writer may have added.

        Raises:
            FieldError: a field without a default is missing, or a value has another type or is out of range. Or
                `NotARowError`.
        """
        kind: type = cls
        try:
            row: Self = _adapter(kind).validate_json(text, strict=True)
        except ValidationError as error:
            raise _named(error) from None
        cls.check(vars(row))
        return row

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row from a parsed JSON object, as `read` does from its text."""
        return cls.read(json.dumps(raw))

    @classmethod
    def unchecked(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row without checks, for a reader that leaves out what cannot be true.

        Raises:
            TypeError: a field without a default is missing.
        """
        row: type = cls
        known = {each.name for each in fields(row)}
        return cls(**{key: value for key, value in raw.items() if key in known})

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check what the types of the fields cannot express, given all of the fields.

        Raises:
            FieldError: it is not so.
        """

    def as_json(self) -> dict[str, Any]:
        """Return the row as the object that `from_json` reads. The row's values must not be rows themselves."""
        return dict(vars(self))


def check_order(raw: Mapping[str, Any]) -> None:
    """Check that a row does not end before it starts.

    Raises:
        FieldError: it does.
    """
    started, finished = raw["started_s"], raw["finished_s"]
    if finished < started - ROUNDING:
        raise FieldError(f"finished_s is {finished!r:.60}: it must not be before started_s ({started!r:.60})")


@functools.cache
def _adapter(row: type) -> TypeAdapter[Any]:
    return TypeAdapter(row)


def _named(error: ValidationError) -> FieldError:
    """Return the first fault of a row in our words, with the field and the value."""
    first = error.errors(include_url=False)[0]
    kind, value, bounds = first["type"], first["input"], first.get("ctx", {})
    if kind == "json_invalid":
        return NotARowError(f"not JSON ({str(bounds['error']).replace(' line 1', '')})")
    if not first["loc"]:
        return NotARowError("not a JSON object")
    name = ".".join(each for each in first["loc"] if isinstance(each, str))
    if kind == "missing":
        return FieldError(f"a field is missing ({name})")
    if kind in ("literal_error", "enum"):
        wanted = "one of " + bounds["expected"].replace(" or ", ", ")
    elif kind in ("greater_than_equal", "less_than_equal"):
        wanted = _within(bounds.get("ge"), bounds.get("le"))
    else:
        wanted = _WANTED.get(kind, first["msg"])
    return FieldError(f"{name} is {value!r:.60}: it must be {wanted}")


def _within(least: float | None, most: float | None) -> str:
    """Return the bounds of a number of which one was not kept."""
    if least == 1:
        return "1 or more"
    if least == 0 or most == LARGEST_INTEGER:
        return "a whole number from 0 to 2^63 - 1"
    return "between 0 and 1" if most == 1.0 else "between 0 and 1e18"
