"""Check that each field of a parsed row has the type and the range that its dataclass gives it.

A record may be damaged or made up, and JSON holds any value anywhere: a text where a number should be ends in a
traceback far from the file, and a number out of range in a figure that looks right.
"""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

LARGEST_INTEGER = 2**63 - 1
"""What a column of a table holds."""

LARGEST_NUMBER = 1e18
"""In seconds, joules, watts or a share: more than any machine gives."""

Check = Callable[[str, Any], None]
"""Raises a `FieldError`, given the name of a field and its value."""

_SIGNED = frozenset(
    {
        "route_score", "temperature_c", "disagreement_s", "seed", "switch_s", "drain_s",
        "energy_j", "check_energy_j", "idle_w", "value",
    }
)  # fmt: skip
"""Fields that may be below 0. Joules and watts only in a window that is not valid: its row checks them."""

_ROUNDING = 1e-6
"""By how much a difference of two equal figures may be below 0."""


class FieldError(TypeError):
    """A field is missing, or has a value that no writer gives it. The message says which and what it must be."""


def check_fields(row: type, raw: Mapping[str, Any]) -> None:
    """Check a parsed JSON object against the dataclass that it is to become. Further keys are ignored.

    Raises:
        FieldError: a field without a default is missing, or a value has another type or is out of range.
    """
    for name, (check, required) in _checks(row).items():
        if name in raw:
            check(name, raw[name])
        elif required:
            raise FieldError(f"a field is missing ({name})")


def check_order(raw: Mapping[str, Any]) -> None:
    """Check that a row does not end before it starts.

    Raises:
        FieldError: it does.
    """
    started, finished = raw.get("started_s"), raw.get("finished_s")
    if started is not None and finished is not None and finished < started - _ROUNDING:
        raise FieldError(f"finished_s is {finished!r:.60}: it must not be before started_s ({started!r:.60})")


def check_choice(raw: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> None:
    """Check that a field holds one of the allowed texts.

    Raises:
        FieldError: it is not.
    """
    if name in raw and raw[name] not in choices:
        raise _wrong(name, raw[name], f"one of {', '.join(repr(str(choice)) for choice in choices)}")


@functools.cache
def _checks(row: type) -> dict[str, tuple[Check, bool]]:
    hints = typing.get_type_hints(row)
    return {
        each.name: (
            _check_of(hints[each.name], signed=each.name in _SIGNED),
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in fields(row)
    }


def _check_of(hint: Any, *, signed: bool) -> Check:
    """Return the check for a field's type, given as an annotation."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (known,) = (each for each in arguments if each is not types.NoneType)
        return _or_none(_check_of(known, signed=signed))
    if origin is list:
        return _list_of(_check_of(arguments[0], signed=signed))
    if origin is dict:
        return _mapping_of(_check_of(arguments[1], signed=signed))
    if hint is float:
        return _signed if signed else _unsigned
    if hint is int:
        return functools.partial(_integer, signed=signed)
    return _PLAIN.get(hint, _anything)


def _or_none(check: Check) -> Check:
    def checked(name: str, value: Any) -> None:
        if value is not None:
            check(name, value)

    return checked


def _list_of(check: Check) -> Check:
    def checked(name: str, value: Any) -> None:
        if not isinstance(value, list):
            raise _wrong(name, value, "a list")
        if check is not _anything and not (check in (_unsigned, _signed) and _are_stamps(value)):
            for each in value:
                check(name, each)

    return checked


def _are_stamps(values: list[Any]) -> bool:
    """Return whether all values pass every check of numbers: a streamed answer has many stamps."""
    if not values or set(map(type, values)) != {float}:
        return False
    return min(values) >= 0 and max(values) <= LARGEST_NUMBER and math.isfinite(sum(values))


def _mapping_of(check: Check) -> Check:
    def checked(name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong(name, value, "a mapping")
        if check is not _anything:
            for key, each in value.items():
                check(f"{name}.{key}", each)

    return checked


def _number(name: str, value: Any, *, signed: bool) -> None:
    if type(value) is float and (-LARGEST_NUMBER if signed else 0.0) <= value <= LARGEST_NUMBER:
        return  # nearly always; the rest says what is wrong
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, value, "a number")
    if not math.isfinite(value) if isinstance(value, float) else abs(value) > LARGEST_NUMBER:
        raise _wrong(name, value, "a finite number")
    if abs(value) > LARGEST_NUMBER or (value < -_ROUNDING and not signed):
        raise _wrong(name, value, f"between {'-1e18' if signed else '0'} and 1e18")


def _integer(name: str, value: Any, *, signed: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, value, "a whole number")
    if abs(value) > LARGEST_INTEGER or (value < 0 and not signed):
        raise _wrong(name, value, "a whole number from 0 to 2^63 - 1")


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _wrong(name, value, "text")


def _truth(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")


def _anything(_: str, __: Any) -> None:
    """Accept every value; the reader of the field checks it."""


_signed: Check = functools.partial(_number, signed=True)
_unsigned: Check = functools.partial(_number, signed=False)
_PLAIN: dict[Any, Check] = {str: _text, bool: _truth}


def _wrong(name: str, value: Any, wanted: str) -> FieldError:
    return FieldError(f"{name} is {value!r:.60}: it must be {wanted}")
