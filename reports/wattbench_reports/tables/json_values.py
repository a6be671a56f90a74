"""Read values of recorded JSON by type: None, or a named error, for a missing one or one of another type.

A record may be old, damaged or hostile, so that any value may be of any type.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.errors import UserError


def mapping(value: object) -> Mapping[str, Any] | None:
    """Return a JSON object; None for anything else."""
    return value if isinstance(value, Mapping) else None


def objects(value: object) -> tuple[Mapping[str, Any], ...]:
    """Return the JSON objects of a list; none for anything else."""
    return tuple(entry for entry in value if isinstance(entry, Mapping)) if isinstance(value, list) else ()


def text(value: object) -> str | None:
    """Return a text that is not empty; None for anything else."""
    return value if isinstance(value, str) and value else None


def texts(value: object) -> tuple[str, ...]:
    """Return the entries of a list as text; none for anything else."""
    return tuple(str(entry) for entry in value) if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """Return a finite number; None for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # JSON's integers have no limit
        return None


def whole_number(value: object) -> int | None:
    """Return an integer; None for anything else, true and false included."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_or_error(where: str, value: object) -> str | None:
    """Return a text; None where it is missing or empty.

    Raises:
        UserError: it is of another type; `where` names its file and key.
    """
    if value is None or isinstance(value, str):
        return value or None
    raise _wrong(where, value, "text")


def number_or_error(where: str, value: object) -> float | None:
    """Return a finite number; None where it is missing.

    Raises as `text_or_error`.
    """
    known = number(value)
    if value is not None and known is None:
        raise _wrong(where, value, "a number")
    return known


def mapping_or_error(where: str, value: object) -> Mapping[str, Any] | None:
    """Return a JSON object; None where it is missing.

    Raises as `text_or_error`.
    """
    known = mapping(value)
    if value is not None and known is None:
        raise _wrong(where, value, "a mapping")
    return known


def objects_or_error(where: str, value: object) -> tuple[Mapping[str, Any], ...]:
    """Return the JSON objects of a list; none where it is missing.

    Raises as `text_or_error`.
    """
    if value is not None and not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return objects(value)


def object_of_text(path: Path, value: object) -> dict[str, Any]:
    """Return the JSON object that a column of texts holds.

    Raises:
        UserError: the text holds none.
    """
    try:
        read = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise UserError(f"{path}: {value!r:.200} is not a JSON object; the record is damaged")
    return read


def _wrong(where: str, value: object, wanted: str) -> UserError:
    return UserError(f"{where} is {value!r:.60}: it must be {wanted}; the record is damaged")
