"""Define a trace: arrivals in order, on an axis of seconds that begins with the first."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from wattbench.errors import UserError


@dataclass(frozen=True, slots=True)
class TraceArrival:
    """One request of a trace."""

    at_s: float
    """Seconds since the first arrival of the trace."""
    row: int
    """Where it is in the file: its line, or the number of its span, from 1."""
    input_tokens: int | None = None
    """As long as the request of the trace was; None where the trace does not say. So for the next one."""
    output_tokens: int | None = None
    session: str | None = None
    """Its conversation; None where the format has none."""
    after: tuple[int, ...] = ()
    """The arrivals, by their number in the trace, whose answers it follows: those of its session that had to end
    before it came. Empty for the first of a session."""


@dataclass(frozen=True)
class ArrivalTrace:
    """A trace that was read."""

    path: Path
    format: str
    """In words: ``Azure LLM inference CSV``."""
    sha256: str
    """Of the file's bytes."""
    arrivals: tuple[TraceArrival, ...]
    """By time; those of one moment are in the order of the file."""
    rows: int
    """Of the file, without blank lines and a heading: arrivals, and what is no request."""
    others: int = 0
    """Of these, what is no request to a model: a call of a tool, say."""
    out_of_order: int = 0
    """Rows that are earlier than the row before them."""
    no_sessions: str | None = None
    """Why the format has no sessions; None if it has."""

    @property
    def span_s(self) -> float:
        """Return the seconds from the first arrival to the last."""
        return self.arrivals[-1].at_s - self.arrivals[0].at_s if self.arrivals else 0.0

    def part(self, start_s: float, duration_s: float | None) -> ArrivalTrace:
        """Return the arrivals of a part of the trace, the first of them at 0 s.

        What an arrival follows is forgotten where it came before the part.

        Args:
            start_s: the first second of the part, from the first arrival of the trace.
            duration_s: how long the part is; None: to the end.

        Raises:
            UserError: fewer than two requests arrive in it.
        """
        end_s = None if duration_s is None else start_s + duration_s
        chosen = [
            number
            for number, arrival in enumerate(self.arrivals)
            if arrival.at_s >= start_s and (end_s is None or arrival.at_s < end_s)
        ]
        if len(chosen) < 2:
            until = "its end" if end_s is None else f"{end_s:g} s"
            raise UserError(
                f"{self.path}: {len(chosen)} of its {len(self.arrivals):,} arrivals are between {start_s:g} s and "
                f"{until}, and it ends at {self.span_s:.3f} s. Change start_s or duration_s"
            )
        return self.only(chosen)

    def only(self, chosen: Sequence[int]) -> ArrivalTrace:
        """Return the trace with only the arrivals of these ascending numbers, the first of them at 0 s."""
        numbers = {number: kept for kept, number in enumerate(chosen)}
        first_s = self.arrivals[chosen[0]].at_s
        return replace(
            self,
            arrivals=tuple(
                replace(
                    arrival,
                    at_s=arrival.at_s - first_s,
                    after=tuple(numbers[number] for number in arrival.after if number in numbers),
                )
                for arrival in (self.arrivals[number] for number in chosen)
            ),
        )


MOST_ARRIVALS = 1_000_000
"""Of a trace: each is kept in memory, and sent."""
_MOST_TOKENS = 1_000_000_000
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
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MOST_TOKENS:
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
