"""Define the rows of a trace, with moments in nanoseconds, and check their values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from wattbench.errors import UserError

MOST_ARRIVALS = 1_000_000
"""Of a trace: each is kept in memory, and sent."""
MOST_TOKENS = 1_000_000_000
MOST_S = 1e10
"""Of a moment, since 1970 or since the trace began: what is later is no time in seconds (here: of the year 2286)."""
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s?(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?", re.ASCII
)


@dataclass(slots=True)
class Stamped:
    """A request of a file, with its moment on the file's own axis."""

    at_ns: int
    row: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    session: str | None = None
    after: tuple[int, ...] = ()
    """By their place among the requests of the file."""


@dataclass(frozen=True)
class TraceRows:
    """The requests of a file, in its order."""

    format: str
    stamped: Sequence[Stamped]
    rows: int
    others: int = 0
    no_sessions: str | None = None


def refuse(path: Path, row: int, what: str, *, unit: str = "") -> NoReturn:
    """Raise an error that names a row.

    Args:
        path: of the trace.
        row: its line, or its number in units.
        what: what is wrong, and what to do.
        unit: what is counted, if not lines: ``span``.

    Raises:
        UserError: always.
    """
    raise UserError(f"{path}:{row}: {what}" if not unit else f"{path}: {unit} {row}: {what}")


def clean(value: Any, most: int = 60) -> str:
    """Return a value of a file as text for a message: short, and on one line."""
    text = value if isinstance(value, str) else repr(value)
    return "".join(each if each.isprintable() else "?" for each in text[:most])


def tokens(path: Path, row: int, name: str, value: Any, *, unit: str = "") -> int | None:
    """Return a number of tokens; None if the value is empty.

    Raises:
        UserError: it is no whole number, below 0, or more than a prompt can have.
    """
    if value is None or value == "":
        return None
    number = value
    if isinstance(value, str):
        number = int(value) if value.isascii() and value.isdigit() and len(value) <= 12 else None
    elif isinstance(value, float):
        number = int(value) if math.isfinite(value) and value.is_integer() else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MOST_TOKENS:
        refuse(path, row, f"{name} is {clean(value)!r}; a number of tokens is whole and not below 0", unit=unit)
    return number


def moment_ns(path: Path, row: int, name: str, text: Any, *, unit: str = "") -> tuple[int, bool]:
    """Return a date and time as nanoseconds since 1970, and whether it states its time zone.

    Up to nine decimals are read exactly. Without a time zone it is read as UTC, as only differences count.

    Raises:
        UserError: it is no date and time.
    """
    matched = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if matched is None:
        refuse(path, row, f"{name} is {clean(text)!r}; write it as 2023-11-16 18:17:03.9799600", unit=unit)
    date, time, fraction, zone = matched.groups()
    offset = "+00:00" if zone in (None, "Z", "UTC") else zone if len(zone) > 3 else f"{zone}:00"
    try:
        at = datetime.fromisoformat(f"{date}T{time}{offset}")
        seconds = round((at.astimezone(UTC) - _EPOCH).total_seconds())
    except (ValueError, OverflowError):
        refuse(path, row, f"{name} is {clean(text)!r}, which is no date and time", unit=unit)
    if not 0 <= seconds <= MOST_S:
        refuse(path, row, f"{name} is {clean(text)!r}, outside the years 1970 to 2286", unit=unit)
    return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0")), zone is not None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_number(path: Path, stamped: Sequence[Stamped]) -> None:
    """Check that a trace has at most `MOST_ARRIVALS`.

    Raises:
        UserError: it is.
    """
    if len(stamped) > MOST_ARRIVALS:
        raise UserError(f"{path}: more than {MOST_ARRIVALS:,} arrivals; cut the trace to those that are to be sent")
