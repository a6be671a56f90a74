"""Read a block of a record by its model: strictly, where a figure depends on it, or leniently, where it only describes.

A record may be old, damaged or hostile, so that any value may be of any type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from wattbench.errors import UserError, nearest
from wattbench.records.schema.base import CURRENCY_CODE, RECORDED
from wattbench.records.schema.explain import fields_at

DAMAGED = "; the record is damaged"

_WANTED = {
    "bool_type": "true or false", "date_type": "a date, such as 2026-11-25", "dict_type": "a mapping",
    "finite_number": "a number", "float_type": "a number", "int_from_float": "a whole number",
    "int_type": "a whole number", "list_type": "a list", "model_type": "a mapping",
    "string_too_short": "text that is not empty", "string_type": "text",
}  # fmt: skip
_BOUNDS = {"ge": "of {:g} or more", "gt": "above {:g}", "le": "of at most {:g}", "lt": "below {:g}"}
_PATTERNS = {CURRENCY_CODE: "three letters, such as USD (ISO 4217)"}

_Block = TypeVar("_Block", bound=BaseModel)


def recorded(model: type[_Block], block: object, where: str) -> _Block:
    """Read a block of a record whose values must be as its model has them; those that are missing are defaults.

    Keys that the model does not know are left out, as a newer version may have written them.

    Raises:
        UserError: a value is of another type or out of range; `where` names the file and the block.
    """
    return _read(model, block, where, {RECORDED: True}, DAMAGED)


def chosen(model: type[_Block], block: object, where: str) -> _Block:
    """Read a block that a reader sets in place of a suite's: as `recorded`, but an unknown key is an error."""
    return _read(model, block, where, {}, "")


def _read(model: type[_Block], block: object, where: str, context: Mapping[str, Any], why: str) -> _Block:
    try:
        if issubclass(model, Described):
            return model.model_validate(block, context=dict(context))
        # As JSON: there the strict mode takes paths as text, and nothing else for a number.
        return model.model_validate_json(json.dumps(block), strict=True, context=context)
    except ValidationError as error:
        raise UserError(_sentence(error, model, block, where) + why) from None
    except (TypeError, ValueError) as error:
        raise UserError(f"{where} cannot be read ({error})" + why) from error


def _sentence(error: ValidationError, model: type[BaseModel], block: object, where: str) -> str:
    """Describe the error that is deepest in the block: of a union the others are of forms that were not meant."""
    at, given, first = max(((*_position(each, block), each) for each in error.errors()), key=lambda each: len(each[0]))
    kind, context, name = first["type"], first.get("ctx", {}), ".".join([where, *at])
    if kind == "missing":
        return f"{name} is missing"
    if kind == "extra_forbidden":
        return f"{name}: unknown key{nearest(at[-1], fields_at(model, first['loc'][:-1]))}"
    if kind == "value_error":
        return f"{name}: {context['error']}"
    wanted = next((_bounded(each, context[each]) for each in _BOUNDS if each in context), _WANTED.get(kind))
    if kind == "literal_error":
        wanted = context["expected"].replace("'", "")
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(context["pattern"], f"of the form {context['pattern']}")
    return f"{name} is {given!r:.60}: " + (f"it must be {wanted}" if wanted else first["msg"].lower())


def _bounded(by: str, bound: float) -> str:
    if by == "gt" and isinstance(bound, int):
        return f"a whole number of {bound + 1} or more"
    return f"a number {_BOUNDS[by].format(bound)}"


def _position(error: Any, block: Any) -> tuple[list[str], Any]:
    """Return the keys of an error in a block, without the names of a union's members, and the value there."""
    keys = []
    for key in error["loc"]:
        if isinstance(block, Mapping) and (key in block or error["type"] == "missing"):
            block = block.get(key)
        elif isinstance(block, list) and isinstance(key, int):
            block = block[key]
        else:
            continue
        keys.append(str(key))
    return keys, block


def _those_valid(given: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Leave out the entries of a list or a mapping that are not valid; anything else is empty."""
    if isinstance(given, Mapping):
        kept: dict[str, Any] = {}
        for name, each in given.items():
            with suppress(ValidationError):
                kept |= handler({name: each})
        return kept
    entries: list[Any] = []
    for each in given if isinstance(given, list | tuple) else ():
        with suppress(ValidationError):
            entries += handler([each])
    return tuple(entries)


_Entries = TypeVar("_Entries")
ThoseValid = Annotated[_Entries, WrapValidator(_those_valid)]
"""A tuple or a mapping without the entries that are not valid."""
Text = Annotated[StrictStr, Field(min_length=1)]
"""A text that is not empty."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number; not true or false."""
Whole = StrictInt
AsText = Annotated[str, BeforeValidator(str)]
"""Any value, as text."""
Texts = tuple[AsText, ...]
"""A list of anything, as texts."""


class Described(BaseModel):
    """A block that describes. A value that is missing, or of another type, is the field's default.

    Where a field without a default has no valid value, the block itself is not valid.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    needed: ClassVar[frozenset[str]] = frozenset()
    """Fields of which a value of another type makes the block not valid, as a figure depends on them."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _else_default(cls, given: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return handler(given)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            if field.is_required() or info.field_name in cls.needed:
                raise
            return field.get_default(call_default_factory=True)

    @classmethod
    def of(cls, block: object) -> Self | None:
        """Read a block; None where it is no mapping, or lacks what it cannot be without."""
        with suppress(ValidationError):
            return cls.model_validate(block if isinstance(block, Mapping) else None, context={RECORDED: True})
        return None


class DescribedWhole(Described):
    """A block that describes, of which everything is kept."""

    as_recorded: Mapping[str, Any] = {}
    """All of the block, for comparing runs."""

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, given: Any) -> Any:
        return {**given, "as_recorded": given} if isinstance(given, Mapping) else given
