"""Lay out what a run has done so far: as a table for a terminal or a notebook, and as one line for a log.

Names and notes are hostile: no control character is in what is returned, and no line is longer than it may be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.progress.remaining import PlannedTurn, Remaining, duration
from wattbench.quantities import quantity
from wattbench.redaction import hide
from wattbench.terminal import TextColumn, clipped, clipped_apart, printable, text_table, without_commands, wrapped


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


LOG_WIDTH = 120
_SHORTEST_NAME = 12
_NAMES_IN_A_LINE = (30, 16, 10)
"""Columns of a name in a log, the next where not all systems have room."""
_LINES_OF_A_NOTE = 2
_FIXED_LINES = 4
"""Of a view: the heads, the count of what is left out, the sums, and the turn that is under way."""
_COLUMNS = ("accuracy", "mean latency", "power")
_UNDER_WAY = "> "


def table(run: RunSoFar, width: int, height: int) -> list[str]:
    """Return the lines of the table: a row for each system, the sums, the system under way, and the last notes.

    Args:
        run: what was done.
        width: columns that a line may have.
        height: lines that there may be. Where not all systems have room, the one under way is among those shown.
    """
    notes = [part for note in run.notes for part in _shortened(note, width)]
    title = printable(hide(run.title))
    rows = _rows(run, width, max(height - _FIXED_LINES - len(notes), 1))
    return [clipped(line, width) for line in (*rows, _sums(run), *([title] if title else []), *notes)]


def end_table(run: RunSoFar, width: int) -> list[str]:
    """Return the table of a run that has ended: every system, the sums, and the kept notes.

    Figures so far are left out of a complete one: they may lack answers of before it was resumed, and what follows has
    those of the run.
    """
    rows = [*_rows(run, width, len(run.systems), figures=not run.is_complete), _sums(run)]
    notes = [part for note in run.kept for part in wrapped(note, width=width)]
    return [*(clipped(row, width) for row in rows), *notes]


def line(run: RunSoFar, *, ended: bool = False) -> str:
    """Return one line for a log: the sums, and as many systems as fit.

    Args:
        run: what was done.
        ended: it is the last line, which has figures as `end_table` has them.
    """
    figures = not (ended and run.is_complete)
    known = list(run.systems.items())  # before their items: another thread may add a system
    items, said = run.items(), _sums(run)
    for width in _NAMES_IN_A_LINE:
        shown = clipped_apart([_name(name) for name, _ in known], width)
        systems = [
            " ".join([cut, _count(so_far, items[name]), *(filter(None, _cells(so_far)[:2]) if figures else ())])
            for cut, (name, so_far) in zip(shown, known, strict=True)
        ]
        if (text := _fitting([said, *systems])) is not None:
            return text
    for count in range(len(systems) - 1, 0, -1):
        if (text := _fitting([said, *systems[:count], f"and {len(systems) - count} more"])) is not None:
            return text
    return clipped(said, LOG_WIDTH)


def _fitting(parts: Sequence[str]) -> str | None:
    text = without_commands("; ".join(parts))
    return text if clipped(text, LOG_WIDTH) == text else None


def _sums(run: RunSoFar) -> str:
    """Return a text with the number of items done, the time so far and the time left."""
    planned, done = sum(run.items().values()), sum(each.done for each in list(run.systems.values()))
    left = run.remaining.of_all()
    ends = [] if run.is_complete and not left.seconds else [str(left)]
    return ", ".join([f"{done:,} of {planned:,} {run.items_are}", f"{duration(run.elapsed_s)} so far", *ends])


def _rows(run: RunSoFar, width: int, most: int, *, figures: bool = True) -> list[str]:
    """Return the lines with the heads, the rows, and the number of systems that do not fit."""
    systems = list(run.systems.items())  # before their items: another thread may add a system
    items = run.items()
    names = [name for name, _ in systems][:most]
    if run.under_way in run.systems and run.under_way not in names:
        names[-1] = str(run.under_way)
    cells = {name: _cells(so_far) for name, so_far in systems}
    there = [number for number in range(len(_COLUMNS)) if figures and any(row[number] for row in cells.values())]
    heads = ["items", *(_COLUMNS[number] for number in there)]
    rows = [
        [_count(run.systems[name], items[name]), *(cells[name][number] or "-" for number in there)] for name in names
    ]
    taken = sum(max(map(len, column)) + 2 for column in zip(heads, *rows, strict=True))
    shown = clipped_apart([_name(name) for name in names], max(width - taken - len(_UNDER_WAY), _SHORTEST_NAME))
    marked = [f"{_UNDER_WAY if name == run.under_way else '  '}{cut}" for name, cut in zip(names, shown, strict=True)]
    columns = [TextColumn("  system"), *(TextColumn(head, right=head != "power") for head in heads)]
    lines = text_table(columns, [[name, *row] for name, row in zip(marked, rows, strict=True)])
    more = len(systems) - len(names)
    return [*lines, *([f"  and {more} more systems"] if more else [])]


def _shortened(note: str, width: int) -> list[str]:
    lines = wrapped(note, width=width)
    if len(lines) <= _LINES_OF_A_NOTE:
        return lines
    return [*lines[: _LINES_OF_A_NOTE - 1], clipped(" ".join(lines[_LINES_OF_A_NOTE - 1 :]), width)]


def _name(name: str) -> str:
    return printable(hide(name)) or "?"


def _count(so_far: SystemSoFar, items: int) -> str:
    return f"{so_far.done:,}/{items:,}"


def _cells(so_far: SystemSoFar) -> Sequence[str]:
    """Return a system's cells for `_COLUMNS`; unknown figures are empty."""
    accuracy, latency_s, watts = so_far.accuracy, so_far.latency_s, so_far.watts
    return (
        "" if accuracy is None else f"{accuracy:.1%}",
        "" if latency_s is None else _seconds(latency_s),
        "" if not so_far.provenance else "not valid" if watts is None else _power(watts, so_far.provenance),
    )


def _seconds(seconds: float) -> str:
    return duration(seconds) if seconds >= 99.95 else quantity(seconds, "s")


def _power(watts: float, provenance: str) -> str:
    """Return watts with their provenance; of more than two provenances, a summary."""
    parts = provenance.split("+")
    if len(parts) > 2:
        provenance = "partly modelled" if "modelled" in parts else "of several meters"
    return f"{quantity(watts, 'W')} {provenance}"
