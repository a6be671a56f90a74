"""Lay out a commented suite as YAML that reads back as the same values, whatever is in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from wattbench.terminal import printable

_PLAIN = re.compile(r"(?:(?:\.{1,2}/)+[A-Za-z0-9_]|[A-Za-z_])[A-Za-z0-9_./ -]*(?<! )")
"""Texts that need no quotes, if YAML reads them as texts: none that could be a number, however long."""
_COMMENT_AT = 40
"""The column at which comments behind a key begin."""
_LONGEST_BEHIND = 60
"""Characters of a comment behind a key; a longer one is above it."""
_LONGEST_COMMENT = 200


@dataclass(frozen=True)
class Section:
    """A mapping in YAML, with comments on its keys."""

    values: Mapping[str, Any]
    """Key to a plain value, a `Section`, or a list of sections."""
    comments: Mapping[str, str] = field(default_factory=dict)
    """Key to what is said behind it; above it, of a section."""
    after: Sequence[str] = ()
    """Comments at its end: keys that could be added."""


def suite_text(head: Sequence[str], section: Section) -> str:
    """Return a suite as commented YAML.

    Args:
        head: comments at its beginning.
        section: its top level.
    """
    lines = [*(_comment(line) for line in head), *_lines(section, 0, apart=True)]
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """Return a value on one line, as YAML reads it back: texts in quotes but for simple ones."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
            return value
        return _dumped(value, default_style='"')
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    return _dumped(value)


def _dumped(value: Any, **style: Any) -> str:
    text: str = yaml.safe_dump(value, width=math.inf, allow_unicode=True, **style)
    return text.removesuffix("\n").removesuffix("\n...").removesuffix("\n")


def _lines(section: Section, indent: int, *, apart: bool = False) -> Iterator[str]:
    blank = " " * indent
    for key, value in section.values.items():
        comment = section.comments.get(key, "")
        if apart and isinstance(value, Section):
            yield ""
        if isinstance(value, Section):
            yield from [f"{blank}{_comment(comment)}"] if comment else []
            yield f"{blank}{scalar(key)}:"
            yield from _lines(value, indent + 2)
        elif isinstance(value, list) and value and isinstance(value[0], Section):
            yield f"{blank}{scalar(key)}:"
            for each in value:
                first, *others = _lines(each, indent + 4)
                yield f"{blank}  - {first[indent + 4 :]}"
                yield from others
        else:
            line = f"{blank}{scalar(key)}: {scalar(value)}"
            behind = len(comment) <= _LONGEST_BEHIND
            yield from [] if behind else [f"{blank}{_comment(comment)}"]
            yield f"{line:{_COMMENT_AT - 1}} {_comment(comment)}" if comment and behind else line
    yield from (f"{blank}{_comment(line)}" if line else "" for line in section.after)


def _comment(text: str) -> str:
    line = printable(text)
    return f"# {line if len(line) <= _LONGEST_COMMENT else line[:_LONGEST_COMMENT] + '...'}".rstrip()
