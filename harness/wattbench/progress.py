"""Show the progress of a run: a live display in a terminal, plain lines elsewhere. Always on standard error.

Where no one listens any more (a terminal that was closed, a full disk under a log) the run goes on without it.
"""

from __future__ import annotations

import contextlib
import sys
from typing import IO, TYPE_CHECKING, Any, Protocol, Self, cast

from wattbench.clock import now_s
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

    def expect(self, cells: int, items: int) -> None:
        """Change how many cells and items there are in all: known later, or more than planned."""
        ...

    def start_cell(self, name: str, items: int, answered: int) -> None:
        """Begin a cell, of which some items may have been answered before."""
        ...

    def advance(self, items: int) -> None:
        """Count further answered items."""
        ...

    def end_cell(self) -> None:
        """End the cell: it is complete."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def progress(cells: int, items: int, cells_are: str = "cells", items_are: str = "items") -> Progress:
    """Return the display that suits standard error.

    Args:
        cells: how many cells.
        items: how many items in all cells.
        cells_are: the word for cells, where they are something else.
        items_are: the word for items.
    """
    display = LiveProgress if sys.stderr.isatty() else PlainProgress
    return display(cells, items, cells_are, items_are)


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


class LiveProgress:
    """Two bars: all items of all cells, and those of the current cell, each with its remaining time."""

    def __init__(self, cells: int, items: int, cells_are: str = "cells", items_are: str = "items") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars: RichProgress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=cast("IO[str]", _Unheard(sys.stderr))),
        )
        self._cells, self._cell_number, self._cells_are = cells, 0, cells_are
        self._all = self._bars.add_task(f"all {cells} {cells_are}", total=items)
        self._cell: TaskID | None = None

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(log_text(hide(text)), style="dim", highlight=False, markup=False)

    def expect(self, cells: int, items: int) -> None:
        """Change the length of the first bar."""
        self._cells = cells
        self._bars.update(self._all, total=items, description=f"all {cells} {self._cells_are}")

    def start_cell(self, name: str, items: int, answered: int) -> None:
        """Begin the second bar for a new cell."""
        self._cell_number += 1
        self._cell = self._bars.add_task(printable(hide(f"{self._cell_number}/{self._cells} {name}")), total=items)
        self.advance(answered)

    def advance(self, items: int) -> None:
        """Move both bars."""
        self._bars.advance(self._all, items)
        if self._cell is not None:
            self._bars.advance(self._cell, items)

    def end_cell(self) -> None:
        """Remove the second bar."""
        if self._cell is not None:
            self._bars.remove_task(self._cell)
            self._cell = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


class PlainProgress:
    """A line when a cell begins and ends, and one every half minute in between: for logs."""

    EVERY_S = 30.0

    def __init__(self, cells: int, items: int, cells_are: str = "cells", items_are: str = "items") -> None:
        self._cells, self._items = cells, items
        self._cells_are, self._items_are = cells_are, items_are
        self._cell_number = self._done = self._asked = 0
        self._cell_items = self._cell_done = self._cell_asked = 0
        self._began_s = self._cell_began_s = self._spoke_s = now_s()

    def note(self, text: str) -> None:
        """Print one line."""
        with contextlib.suppress(OSError):
            print(log_text(hide(text)), file=sys.stderr, flush=True)  # noqa: T201  # printing is what it is for

    def expect(self, cells: int, items: int) -> None:
        """Change the numbers that the next lines state."""
        self._cells, self._items = cells, items

    def start_cell(self, name: str, items: int, answered: int) -> None:
        """Print one line, with how many items were answered before."""
        self._cell_number += 1
        self._cell_items, self._cell_done, self._cell_asked = items, answered, 0
        self._cell_began_s = self._spoke_s = now_s()
        if self._cell_number == 1:  # what came before, such as loading every system, says nothing of the items
            self._began_s = self._cell_began_s
        self._done += answered
        before = f", {answered} answered before" if answered else ""
        self.note(f"[{self._cell_number}/{self._cells}] {name}: {items} {self._items_are}{before}")

    def advance(self, items: int) -> None:
        """Print one line if the last one is half a minute old."""
        self._cell_done += items
        self._cell_asked += items
        self._done += items
        self._asked += items
        if now_s() - self._spoke_s >= self.EVERY_S:
            self._spoke_s = now_s()
            left = _left(self._cell_began_s, self._cell_asked, self._cell_items - self._cell_done)
            self.note(f"    {self._cell_done}/{self._cell_items} {self._items_are}; {left} of this one")

    def end_cell(self) -> None:
        """Print one line, with the estimated remaining time of all cells."""
        left = _left(self._began_s, self._asked, self._items - self._done)
        self.note(f"    done; {self._done}/{self._items} {self._items_are} of all {self._cells_are}; {left}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def _left(since_s: float, answered: int, left: int) -> str:
    left_s = round((now_s() - since_s) / max(answered, 1) * left)
    return f"about {left_s // 60} min {left_s % 60} s left" if left_s >= 60 else f"about {left_s} s left"
