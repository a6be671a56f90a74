"""Find how far another machine's clock is ahead, from the dates in its answers.

The header `Date` is the server's time, cut to whole seconds, at some moment between request and answer (RFC 9110,
section 6.6.1). So each answer bounds how far that clock is ahead of this one's, and many answers at different moments
of a second bound it to little more than a round trip. A proxy that answers from a cache has dates of its own, or old
ones.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

KEPT = 120
"""Answers that are used, the latest: two minutes at one a second, in which clocks drift by some milliseconds."""


@dataclass(frozen=True)
class Offset:
    """How far a clock is ahead of this machine's, in seconds."""

    least_s: float
    most_s: float

    @property
    def middle_s(self) -> float:
        """Return the best estimate of the offset."""
        return (self.least_s + self.most_s) / 2.0

    @property
    def half_s(self) -> float:
        """Return the largest error of the estimate."""
        return (self.most_s - self.least_s) / 2.0


class ClockOffset:
    """Bounds a clock's offset by the answers so far."""

    def __init__(self) -> None:
        self._bounds: deque[Offset] = deque(maxlen=KEPT)
        self.offset: Offset | None = None
        """None as long as no answer had a date."""

    def note(self, date: str | None, sent_s: float, received_s: float) -> str | None:
        """Narrow the bounds of the offset by the date of an answer.

        Args:
            date: its header `Date`; None if it had none.
            sent_s: when it was asked for, by this clock.
            received_s: when its headers were there.

        Returns:
            That the other clock was set, if it was: its earlier answers bound it no more.
        """
        at_s = _read(date)
        if at_s is None:
            return None
        bound = Offset(at_s - received_s, at_s + 1.0 - sent_s)
        self._bounds.append(bound)
        least_s, most_s = max(b.least_s for b in self._bounds), min(b.most_s for b in self._bounds)
        if least_s <= most_s:
            self.offset = Offset(least_s, most_s)
            return None
        before, self.offset = self.offset, bound
        self._bounds = deque([bound], maxlen=KEPT)
        by_s = 0.0 if before is None else bound.middle_s - before.middle_s
        return f"its clock was set by about {by_s:+.1f} s"


def _read(date: str | None) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date[:100]).timestamp()
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None
