"""Define the rows of a run, as frozen dataclasses. Times are seconds since the Unix epoch, energies joules."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

from wattbench.records.rows.field_checks import check_fields

SCHEMA_VERSION = 2
"""Increases when a field changes its meaning or is removed; a reader upgrades older runs and refuses newer ones."""


class RecordRow:
    """The base of every row: it can be built from a parsed JSON object."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row, ignoring fields that a newer minor writer may have added.

        Raises:
            FieldError: a field without a default is missing, or a value has another type or is out of range.
        """
        check_fields(cls, raw)
        cls.check(raw)
        return cls.unchecked(raw)

    @classmethod
    def unchecked(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row without checks, for a reader that leaves out what cannot be true.

        Raises:
            TypeError: a field without a default is missing.
        """
        row: type = cls
        known = _names(row)
        return cls(**{key: value for key, value in raw.items() if key in known})

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check what the types of the fields cannot express.

        Raises:
            FieldError: it is not so.
        """

    def as_json(self) -> dict[str, Any]:
        """Return the row as the object that `from_json` reads. The row's values must not be rows themselves."""
        return dict(vars(self))


@functools.cache
def _names(row: type) -> frozenset[str]:
    return frozenset(each.name for each in fields(row))
