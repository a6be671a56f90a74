"""Count what a run has done so far, by system."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.progress.remaining import PlannedTurn, Remaining
from wattbench.redaction import hide
from wattbench.terminal import printable


@dataclass
class SystemSoFar:
    """What a system has done so far."""

    done: int = 0
    """Items answered; those before an interruption included."""
    timed: int = 0
    seconds: float = 0.0
    """Of the requests of `timed` items together. Requests that failed are in neither."""
    scored: int = 0
    right: float = 0.0
    """The sum of the scores of `scored` answers, each from 0 to 1."""
    watts: float | None = None
    """Of the last window; None: not measured, or not valid."""
    provenance: str = ""
    """Of these watts: ``counter``, ``modelled``, ``counter+modelled``; empty: no window was closed yet."""

    @property
    def latency_s(self) -> float | None:
        """Return the mean seconds per item; None before any was answered."""
        return self.seconds / self.timed if self.timed else None

    @property
    def accuracy(self) -> float | None:
        """Return the mean score; None where nothing was scored yet."""
        return self.right / self.scored if self.scored else None


@dataclass
class RunSoFar:
    """What a run has done so far. One thread may read it while another changes it."""

    turns: Sequence[PlannedTurn] = ()
    """In about their order."""
    items_are: str = "items"
    now: Callable[[], float] = now_s
    systems: dict[str, SystemSoFar] = field(default_factory=dict, init=False)
    under_way: str | None = field(default=None, init=False)
    """The system that is asked."""
    title: str = field(default="", init=False)
    """Of the turn that is under way."""
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=2), init=False)
    kept: list[str] = field(default_factory=list, init=False)
    """Notes that are still to be read when the run has ended."""

    def __post_init__(self) -> None:
        """Start the clock, and list the systems."""
        self.remaining = Remaining(list(self.turns), self.now)
        self.began_s = self.now()
        for turn in self.turns:
            for name in turn.names:
                self._of(name)

    def note(self, text: str, *, keep: bool = False) -> None:
        """Keep a note, made safe to show."""
        line = printable(" ".join(hide(text).split()))
        self.notes.append(line)
        if keep:
            self.kept.append(line)

    def start(self, title: str, turn: PlannedTurn, answered: int) -> None:
        """Begin a turn."""
        self.remaining.begin(turn, answered)
        self.title, self.under_way = title, turn.system
        self.advance(answered, counted=False)

    def advance(self, items: int, system: str | None = None, *, counted: bool = True) -> None:
        """Count answers. Those that an earlier session recorded (`counted=False`) do not count for the speed."""
        if counted:
            self.remaining.advance(items)
        if system is not None:
            self.under_way = system
        if items and self.under_way is not None:
            self._of(self.under_way).done += items

    def answered(self, system: str, seconds: Sequence[float | None]) -> None:
        """Count answers of a system, each with its seconds; None: its request failed."""
        self.advance(len(seconds), system)
        timed = [each for each in seconds if each is not None]
        so_far = self._of(system)
        so_far.timed += len(timed)
        so_far.seconds += sum(timed)

    def scored(self, system: str, right: float, scored: int) -> None:
        """Count how many answers were right."""
        so_far = self._of(system)
        so_far.right += right
        so_far.scored += scored

    def closed(self, system: str, watts: float | None, provenance: str) -> None:
        """Keep the mean watts of the last window."""
        so_far = self._of(system)
        so_far.watts, so_far.provenance = watts, provenance

    def end(self) -> None:
        """End the turn that is under way."""
        self.remaining.end()
        self.title, self.under_way = "", None

    @property
    def is_complete(self) -> bool:
        """Return whether all planned items are answered."""
        return not any(self.remaining.items_left().values())

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the run began."""
        return max(self.now() - self.began_s, 0.0)

    def items(self) -> dict[str, int]:
        """Return the number of items of each system, answered and remaining ones together."""
        left = self.remaining.items_left()
        return {name: so_far.done + left.get(name, 0) for name, so_far in list(self.systems.items())}

    def _of(self, name: str) -> SystemSoFar:
        return self.systems.setdefault(name, SystemSoFar())
