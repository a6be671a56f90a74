"""Estimate how long a run will take, from how long each system took for its turns so far.

Systems differ by orders of magnitude, so a mean over all items says nothing while the fast ones run. Each turn that is
left counts with the seconds per item of its own system (in a run cell by cell, of its own cell), all of a turn
included: warm-up, prefill, passes that fill a window, scoring. What came before it, such as loading, counts for a turn
that follows one of another system. What was timed before the first turn is used until a turn is complete. A system of
which nothing is known is named, and the estimate is then a lower bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattbench.clock import now_s

_Key = tuple[str, str | None]


@dataclass(frozen=True)
class PlannedTurn:
    """Items that a system answers in a row: a cell, or its part of a block."""

    system: str
    items: int
    task: str | None = None
    """Of a turn with items of one task."""
    expected_s: float | None = None
    """What it should take, by what was timed before; None: not known."""
    paced: bool = False
    """`expected_s` holds however fast the system is: its requests arrive at stated rates."""
    systems: tuple[str, ...] = ()
    """The systems that are asked in turns, each as many of the items; empty: `system` alone."""

    @property
    def key(self) -> _Key:
        """Return the system and task of the turn; turns with the same key are equally fast."""
        return self.system, self.task

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the systems that answer in this turn."""
        return self.systems or (self.system,)


@dataclass(frozen=True)
class TimeLeft:
    """An estimate of the time that is left."""

    seconds: float
    """Of all that can be estimated; 0 or more."""
    unknown: tuple[str, ...] = ()
    """The systems of which nothing is known yet."""
    is_known: bool = True
    """Whether anything can be estimated."""

    def __str__(self) -> str:
        """``about 12 min 3 s left``."""
        if not self.is_known:
            return "time left not known yet"
        return f"{'more than' if self.unknown else 'about'} {duration(self.seconds)} left"


@dataclass
class _Timed:
    """The complete turns of a system on a task."""

    seconds: float = 0.0
    items: int = 0

    def add(self, seconds: float, items: int) -> None:
        self.seconds += seconds
        self.items += items


@dataclass
class _Current:
    """The turn that is under way."""

    turn: PlannedTurn
    began_s: float
    answered_before: int
    answered: int = 0

    @property
    def to_ask(self) -> int:
        """Return how many items of the turn were unanswered when it began."""
        return max(self.turn.items - self.answered_before, 0)

    @property
    def left(self) -> int:
        return max(self.to_ask - self.answered, 0)


@dataclass
class Remaining:
    """The turns that are left, and the speed of finished ones."""

    left: Sequence[PlannedTurn] = ()
    """Those that have not begun, in about their order."""
    now: Callable[[], float] = now_s
    _timed: dict[_Key, _Timed] = field(default_factory=lambda: defaultdict(_Timed))
    _gaps_s: dict[str, float] = field(default_factory=dict)
    """System to the seconds before its last turn, since that of another system ended."""
    _current: _Current | None = None
    _ended: tuple[float, str] | None = None
    """When the last turn ended, and whose it was."""

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Replace the turns that are left after the current one."""
        self.left = list(turns)

    def begin(self, turn: PlannedTurn, answered: int) -> None:
        """Begin a turn, some items of which may have been answered before."""
        now = self.now()
        if self._ended is not None and self._ended[1] != turn.system and turn.items > answered:
            self._gaps_s[turn.system] = max(now - self._ended[0], 0.0)
        rest = list(self.left)
        same = next((index for index, each in enumerate(rest) if each.key == turn.key), None)
        if same is not None:
            expected = rest.pop(same)
            turn = turn if turn.expected_s is not None else expected
        self.left = rest
        self._current = _Current(turn, now, answered)

    def advance(self, items: int) -> None:
        """Count further answered items."""
        if self._current is not None:
            self._current.answered += items

    def end(self) -> None:
        """End the turn that is under way."""
        if self._current is None:
            return
        now, current = self.now(), self._current
        if current.answered > 0 and not current.turn.paced:
            self._timed[current.turn.key].add(max(now - current.began_s, 0.0), current.answered)
        if current.to_ask:
            self._ended = now, current.turn.system
        self._current = None

    def items_left(self) -> dict[str, int]:
        """Return the number of planned items that are left, by system."""
        current, items = self._current, Counter[str]()
        under_way = [] if current is None else [(current.turn, current.left)]
        for turn, left in [*under_way, *((turn, turn.items) for turn in self.left)]:
            for name in turn.names:
                items[name] += left // len(turn.names)
        return items

    def of_all(self) -> TimeLeft:
        """Estimate the time for all remaining turns."""
        current, ended = self._current, self._ended  # which another thread, that draws, may see change
        before = current.turn.system if current is not None else None if ended is None else ended[1]
        parts = [self._of_current()]
        for turn in self.left:
            seconds = self._seconds(turn, turn.items)
            if seconds is not None and turn.system != before:
                seconds += self._gaps_s.get(turn.system, 0.0)
            parts.append((turn.system, seconds))
            before = turn.system
        return _sum(parts)

    def _of_current(self) -> tuple[str, float | None]:
        current = self._current
        if current is None or not current.to_ask:
            return "", 0.0
        elapsed_s = max(self.now() - current.began_s, 0.0)
        expected_s = self._seconds(current.turn, current.to_ask)
        system, answered, left = current.turn.system, current.answered, current.left
        if expected_s is None:
            return system, left * elapsed_s / answered if answered else None
        if current.turn.paced or not answered:
            return system, max(expected_s - elapsed_s, 0.0)
        # As it should be; and if it is slower than that, no less than the items that are left should take.
        return system, max(expected_s - elapsed_s, left * min(expected_s / current.to_ask, elapsed_s / answered))

    def _seconds(self, turn: PlannedTurn, items: int) -> float | None:
        """Estimate the seconds that a turn will take; None if its system has no finished turn."""
        if turn.paced and turn.expected_s is not None:
            return turn.expected_s
        known = self._timed.get(turn.key)
        if known is not None:
            return items * known.seconds / known.items
        if turn.expected_s is not None:
            return turn.expected_s * items / max(turn.items, 1)
        current = self._current
        if current is not None and current.turn.system == turn.system and current.answered:
            return items * max(self.now() - current.began_s, 0.0) / current.answered
        others = [each for key, each in list(self._timed.items()) if key[0] == turn.system]
        if others:  # on other tasks
            return items * sum(each.seconds for each in others) / sum(each.items for each in others)
        return None if items else 0.0


def duration(seconds: float) -> str:
    """Format a time: ``45 s``, ``12 min 3 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _sum(parts: Sequence[tuple[str, float | None]]) -> TimeLeft:
    known = [seconds for _, seconds in parts if seconds is not None]
    unknown = tuple(dict.fromkeys(system for system, seconds in parts if seconds is None))
    return TimeLeft(sum(known), unknown, is_known=not unknown or sum(known) > 0)
