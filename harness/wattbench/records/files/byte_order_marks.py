"""Handle byte-order marks: editors add several at the beginning, and joined files have them within."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import IO

from wattbench.errors import UserError

MARK = "\ufeff"
MARK_BYTES = MARK.encode()


def unmarked(data: bytes) -> bytes:
    """Return UTF-8 bytes without the byte-order marks at their beginning."""
    while data.startswith(MARK_BYTES):
        data = data.removeprefix(MARK_BYTES)
    return data


def to_begin(file: IO[str]) -> None:
    """Move to the beginning of an open text, after its byte-order marks."""
    at = file.seek(0)
    with contextlib.suppress(UnicodeError):  # its reader says so
        while file.read(1) == MARK:
            at = file.tell()
    file.seek(at)


def check_not_joined(where: str, fields: Sequence[str]) -> None:
    """Raise if a row of CSV begins with a byte-order mark, which would become part of its first field.

    Args:
        where: file and line.
        fields: of the row.

    Raises:
        UserError: it does.
    """
    if fields and fields[0].startswith(MARK):
        raise UserError(
            f"{where}: the line begins with a byte-order mark, as where two files were joined: remove the mark, and a "
            "second line with the names of the columns"
        )
