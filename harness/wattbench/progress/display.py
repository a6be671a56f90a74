"""Show the progress of a run: a live display in a terminal, plain lines elsewhere. Always on standard error.

Where no one listens any more (a terminal that was closed, a full disk under a log) the run goes on without it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol, Self, cast

from wattbench.clock import now_s
from wattbench.progress.remaining import PlannedTurn, Remaining, TimeLeft
from wattbench.redaction import hide
from wattbench.terminal import log_text, printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Progress(Protocol):
    """The progress of a run, as the runner reports it. A context manager."""

    def note(self, text: str) -> None:
        """Say what is being done that has no items: loading, measuring the idle draw."""
        ...

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Change what is left after the current cell: known later, or more than planned."""
        ...

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Begin a cell, of which some items may have been answered before."""
        ...

    def advance(self, items: int) -> None:
        """Count further answered items."""
        ...

    def end_cell(self) -> None:
        """End the cell: it is complete."""
        ...

    def left(self) -> TimeLeft:
        """Return how long the rest will take. May be called by another thread."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class NotesAlone:
    """A progress that another process shows, which counts cells itself: a subclass passes on what is noted."""

    def note(self, text: str) -> None:
        """As `Progress.note`."""
        raise NotImplementedError

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Nothing."""

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Nothing."""

    def advance(self, items: int) -> None:
        """Nothing."""

    def end_cell(self) -> None:
        """Nothing."""

    def left(self) -> TimeLeft:
        """Return that it is not known here."""
        return TimeLeft(0.0, is_known=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def progress(turns: Sequence[PlannedTurn], cells_are: str = "cells", items_are: str = "items") -> Progress:
    """Return the display that suits standard error.

    Args:
        turns: the cells, in about their order.
        cells_are: the word for cells, where they are something else.
        items_are: the word for items.
    """
    display = LiveProgress if sys.stderr.isatty() else PlainProgress
    return display(turns, cells_are, items_are)


class _Unheard:
    """A stream that may fail to write without any consequence."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Counts:
    """What both displays count: cells and items, of all and of the current cell, and how long the rest will take."""

    def __init__(self, turns: Sequence[PlannedTurn]) -> None:
        self.remaining = Remaining(turns)
        self.cells, self.cell_number = len(turns), 0
        self.items, self.done = sum(turn.items for turn in turns), 0
        self.cell_items = self.cell_done = 0

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        self.remaining.expect(turns)
        self.cells = self.cell_number + len(turns)
        self.items = self.done + max(self.cell_items - self.cell_done, 0) + sum(turn.items for turn in turns)

    def start_cell(self, turn: PlannedTurn, answered: int) -> None:
        self.remaining.begin(turn, answered)
        self.cell_number += 1
        self.cell_items, self.cell_done = turn.items, answered
        self.done += answered

    def advance(self, items: int) -> None:
        self.remaining.advance(items)
        self.cell_done += items
        self.done += items

    def end_cell(self) -> None:
        self.remaining.end()
        self.cell_items = self.cell_done = 0


class LiveProgress:
    """Two bars: all items of all cells, and those of the current cell, each with its remaining time."""

    def __init__(self, turns: Sequence[PlannedTurn], cells_are: str = "cells", items_are: str = "items") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bars: RichProgress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=Console(file=cast("IO[str]", _Unheard(sys.stderr))),
        )
        self._counts, self._cells_are = _Counts(turns), cells_are
        of_all = _Said(self._counts.remaining.of_all)
        self._all = self._bars.add_task(f"all {self._counts.cells} {cells_are}", total=self._counts.items, left=of_all)
        self._cell: TaskID | None = None

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(log_text(hide(text)), style="dim", highlight=False, markup=False)

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Change the length of the first bar."""
        self._counts.expect(turns)
        total, described = self._counts.items, f"all {self._counts.cells} {self._cells_are}"
        self._bars.update(self._all, total=total, description=described)

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Begin the second bar for a new cell."""
        self._counts.start_cell(turn, answered)
        title = printable(hide(f"{self._counts.cell_number}/{self._counts.cells} {name}"))
        self._cell = self._bars.add_task(title, total=turn.items, left=_Said(self._counts.remaining.of_turn))
        self._move(answered)

    def advance(self, items: int) -> None:
        """Move both bars."""
        self._counts.advance(items)
        self._move(items)

    def _move(self, items: int) -> None:
        self._bars.advance(self._all, items)
        if self._cell is not None:
            self._bars.advance(self._cell, items)

    def end_cell(self) -> None:
        """Remove the second bar."""
        self._counts.end_cell()
        if self._cell is not None:
            self._bars.remove_task(self._cell)
            self._cell = None

    def left(self) -> TimeLeft:
        """Return how long all cells will take."""
        return self._counts.remaining.of_all()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


class _Said:
    """An estimate, made anew each time that the bars are drawn: by a thread of theirs."""

    def __init__(self, estimate: Callable[[], TimeLeft]) -> None:
        self._estimate = estimate

    def __str__(self) -> str:
        return printable(hide(str(self._estimate())))


class PlainProgress:
    """A line when a cell begins and ends, and one every half minute in between: for logs."""

    EVERY_S = 30.0

    def __init__(self, turns: Sequence[PlannedTurn], cells_are: str = "cells", items_are: str = "items") -> None:
        self._counts, self._cells_are, self._items_are = _Counts(turns), cells_are, items_are
        self._spoke_s = now_s()

    def note(self, text: str) -> None:
        """Print one line."""
        with contextlib.suppress(OSError):
            print(log_text(hide(text)), file=sys.stderr, flush=True)  # noqa: T201  # printing is what it is for

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Change the numbers that the next lines state."""
        self._counts.expect(turns)

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Print one line, with how many items were answered before."""
        self._counts.start_cell(turn, answered)
        self._spoke_s = now_s()
        before = f", {answered} answered before" if answered else ""
        number = f"[{self._counts.cell_number}/{self._counts.cells}]"
        items = self._items_are.removesuffix("s") if turn.items == 1 else self._items_are
        self.note(f"{number} {name}: {turn.items} {items}{before}")

    def advance(self, items: int) -> None:
        """Print one line if the last one is half a minute old."""
        counts = self._counts
        counts.advance(items)
        if now_s() - self._spoke_s >= self.EVERY_S:
            self._spoke_s = now_s()
            left, of_all = counts.remaining.of_turn(), counts.remaining.of_all()
            self.note(
                f"    {counts.cell_done}/{counts.cell_items} {self._items_are}; {left} of this one; {of_all} in all"
            )

    def end_cell(self) -> None:
        """Print one line, with the estimated remaining time of all cells."""
        counts = self._counts
        counts.end_cell()
        left = counts.remaining.of_all()
        self.note(f"    done; {counts.done}/{counts.items} {self._items_are} of all {self._cells_are}; {left}")

    def left(self) -> TimeLeft:
        """Return how long all cells will take."""
        return self._counts.remaining.of_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return
