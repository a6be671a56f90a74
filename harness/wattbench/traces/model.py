"""Define a trace: arrivals in order, on an axis of seconds that begins with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
