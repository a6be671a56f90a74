"""Define a line of `journal.jsonl`: what was written to a run, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wattbench.records.rows.schema import Count, FieldError, RecordRow


class Written(StrEnum):
    """How the bytes of a line of the journal came into their file."""

    APPENDED = "appended"
    """They were appended to what the journal has of the file."""
    WHOLE = "whole"
    """They are all of the file, which replaces what the journal has of it."""
    REMOVED = "removed"
    """The file was removed."""
    LEFT = "left"
    """They were in the file when the run was resumed, and not in the journal. Or, from byte 0: they are all of a file
    that was not as the journal has it."""


DIGEST_CHARACTERS = 32
"""128 bits of a SHA-256: as many as keep others from being made to fit, in a file with a line for each answer."""


def digest_head(before: str, number: int, how: str, file: str, begin: int, end: int) -> bytes:
    """Return the bytes with which a line's digest begins, before those of the file.

    Args:
        before: the digest of the line before; empty for the first.
        number: as in `JournalRow`, and so are the others.
    """
    return f"{before}\n{number}\n{how}\n{file}\n{begin}\n{end}\n".encode(errors="surrogateescape")


@dataclass(frozen=True, kw_only=True)
class JournalRow(RecordRow):
    """A line of `journal.jsonl`."""

    number: Count
    """From 0."""
    how: Written
    """A `Written`."""
    file: str
    """Relative to the run, with slashes."""
    begin: Count
    """The first byte. `end` is after the last one."""
    end: Count
    digest: str
    """Of the digest of the line before, the fields above and these bytes (`digest_head`), in hexadecimal."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that the bytes are a span of a file."""
        if raw["begin"] > raw["end"]:
            raise FieldError(f"begin is {raw['begin']} and end is {raw['end']}: they must be a span of a file")
