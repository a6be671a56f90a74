"""Turn pydantic's list of errors into one sentence: the file, the line, the key, the nearest valid choice."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from wattbench.errors import UserError, nearest

Model = TypeVar("Model", bound=BaseModel)


class ParsedFile(Protocol):
    """What was read: the folder of its relative paths (None: they are left as they are), and where in it a key is."""

    @property
    def folder(self) -> Path | None: ...  # noqa: D102 - the classes that have it document it
    def where(self, keys: Sequence[str | int]) -> str: ...  # noqa: D102 - the classes that have it document it


def validate(model: type[Model], file: ParsedFile, data: dict[str, Any], at: Sequence[str | int] = ()) -> Model:
    """Check a file's data, or its part at some keys, against a model. Relative paths start from the file's folder.

    Raises:
        UserError: one message about the first thing that is wrong, saying how many more there are.
    """
    try:
        return model.model_validate(data, context={"folder": file.folder})
    except ValidationError as error:
        raise UserError(explain(error, model, file, at)) from None  # pydantic quotes what it was given


def explain(error: ValidationError, model: type[BaseModel], file: ParsedFile, at: Sequence[str | int] = ()) -> str:
    """Describe the first error in a sentence, with its file, line and key."""
    # A misspelt key also leaves the right one missing: name the cause, not the consequence.
    errors = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    first = errors[0]
    keys = [*at, *_keys_in_file(first["loc"], model)]
    if first["type"].startswith("union_tag"):
        keys.append(_discriminator(first))
    if first["type"] == "tag_missing":
        keys.append(first["ctx"]["key"])
    message = f"{file.where(keys)}: {'.'.join(map(str, keys)) or 'the file'}: {_what(first, model)}"
    more = len(errors) - 1
    return message + (f" ({more} more error{'s' if more > 1 else ''} after this one)" if more else "")


def first_error(error: ValidationError) -> str:
    """Return the keys of the first error and what pydantic says of it: for data that no person wrote."""
    first = error.errors(include_url=False)[0]
    return ": ".join([*filter(None, [".".join(map(str, first["loc"]))]), first["msg"]])


def _what(error: Any, model: type[BaseModel]) -> str:
    kind, loc, context = error["type"], error["loc"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown key" + nearest(str(loc[-1]), fields_at(model, loc[:-1]))
    if kind == "missing":
        return "missing; this key is required"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = context.get("expected") or context.get("expected_tags", "")
        given = error["input"] if kind == "literal_error" else context.get("tag")
        choices = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
        return f"{given!r} is not known here" + nearest(str(given), choices)
    if kind == "union_tag_not_found":
        tags = [_tags(candidate, _discriminator(error)) for candidate in _types_at(model, loc)]
        return f"missing; this key is required, and is one of: {', '.join(tag for names in tags for tag in names)}"
    if kind == "tag_missing":
        return str(error["msg"])
    if kind == "model_type":
        return f"must be a mapping of keys to values, not {type(error['input']).__name__}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f"{error['input']!r} does not have the right form (it should match {context['pattern']})"
    return f"{error['msg'][0].lower()}{error['msg'][1:]} (here: {_shown(error['input'])})"


def _shown(given: Any) -> str:
    try:
        text = repr(given)
    except ValueError:  # TOML's hexadecimal numbers can have more digits than Python writes
        text = "a number of more than 4300 digits"
    return text if len(text) < 80 else f"{text[:77]}..."


def _keys_in_file(loc: Sequence[str | int], model: type[BaseModel]) -> list[str | int]:
    """Return the keys of an error's location as in the file, without pydantic's tags of unions."""
    keys: list[str | int] = []
    at: list[Any] = [model]
    for part in loc:
        if _union_member(at, part) is not None:
            at = [_union_member(at, part)]
            continue
        if part == "[key]":
            continue
        keys.append(part)
        at = list(_below(at, part))
    return keys


def fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """List the keys that would have been valid at a location."""
    return [name for candidate in _types_at(model, loc) if _is_model(candidate) for name in candidate.model_fields]


def _types_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[Any]:
    """List the types that are allowed at a location."""
    at: list[Any] = [model]
    for part in loc:
        member = _union_member(at, part)
        at = [member] if member is not None else list(_below(at, part))
    return at


def _below(types: Sequence[Any], key: str | int) -> Iterator[Any]:
    """List the types that are allowed under a key of any of these types, with unions and containers opened."""
    for annotation in types:
        if _is_model(annotation):
            field = annotation.model_fields.get(str(key))
            if field is not None:
                yield from _opened(field.annotation)
        else:
            arguments = typing.get_args(annotation)
            if arguments:  # list[X] and dict[K, X]: the last is what an item is
                yield from _opened(arguments[-1])


def _opened(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from _opened(typing.get_args(annotation)[0])
    elif origin in (list, dict, typing.Literal) or origin is None:
        yield annotation
    else:  # a union
        for argument in typing.get_args(annotation):
            yield from _opened(argument)


def _union_member(types: Sequence[Any], tag: str | int) -> Any | None:
    """Return the member of a union that a tag names: by `engine`, `type`, `method` or `use`, or by the name of its
    type."""
    for candidate in types:
        if any(tag in _tags(candidate, key) for key in ("engine", "type", "method", "use")):
            return candidate
        if len(types) > 1 and getattr(candidate, "__name__", None) == tag:
            return candidate
    return None


def _tags(candidate: Any, key: str) -> tuple[Any, ...]:
    field = candidate.model_fields.get(key) if _is_model(candidate) else None
    return () if field is None else typing.get_args(field.annotation)


def _discriminator(error: Any) -> str:
    """Return the key that names one of a union's models."""
    return str(error["ctx"]["discriminator"]).strip("'")


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
