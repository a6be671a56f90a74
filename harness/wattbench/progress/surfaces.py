"""Show the progress of a run in a terminal, in a notebook, or line by line in a log.

Take the progress of a run as the runner reports it, and show it from a thread.

All drawing is in a thread of its own: a terminal that takes nothing (a stalled connection, Ctrl-S) holds up no request.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Self, cast

from wattbench.progress.live_state import write_live_state
from wattbench.progress.remaining import PlannedTurn, TimeLeft
from wattbench.progress.view import RunSoFar, end_table, line, table
from wattbench.redaction import hide
from wattbench.terminal import WIDTH, log_text

_PATIENCE_S = 2.0
"""How long the end waits for a drawing that is under way."""


class Surface:
    """Shows a run. Once its output fails (a closed terminal, a full disk) it does nothing."""

    every_s = 1.0
    """How often it is drawn: what it shows are whole seconds, and drawing takes processor time of the machine that is
    measured."""

    def begin(self, run: RunSoFar) -> None:
        """Show the run for the first time."""
        self.draw(run)

    def draw(self, run: RunSoFar) -> None:
        """Show the run again."""
        raise NotImplementedError

    def note(self, text: str) -> None:
        """Show a note at once. Nothing to do for a table, which has the last notes."""

    def end(self, run: RunSoFar) -> None:
        """Show the run for the last time, with the notes that are to be kept."""
        raise NotImplementedError


class Terminal(Surface):
    """A table on standard error that is redrawn in place."""

    _FREE = 3
    """Columns that stay free: ``^C``, which a terminal writes where the last line ends, must not begin another one."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=cast("IO[str]", _Unheard(sys.stderr)), highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")

    def begin(self, run: RunSoFar) -> None:
        """Draw the table below the terminal's present text."""
        self._live.start()
        self.draw(run)

    def draw(self, run: RunSoFar) -> None:
        """Redraw the table in place."""
        self._show(table(run, self._console.width - self._FREE, self._console.height - 1))

    def end(self, run: RunSoFar) -> None:
        """Leave the table, and the notes that are to be kept."""
        self._live.vertical_overflow = "visible"
        self._show(end_table(run, self._console.width - self._FREE))
        self._live.stop()

    def _show(self, lines: list[str]) -> None:
        from rich.text import Text

        self._live.update(Text("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True)


class Notebook(Surface):
    """A table in the output of a cell, updated in place. As plain text, which every front end shows without widgets."""

    _HEIGHT = 60

    def __init__(self) -> None:
        self._handle: Any = None

    def begin(self, run: RunSoFar) -> None:
        """Display the table."""
        shown_by = importlib.import_module("IPython.display")  # which a kernel has
        self._handle = shown_by.display(_plain(table(run, WIDTH, self._HEIGHT)), raw=True, display_id=True)

    def draw(self, run: RunSoFar) -> None:
        """Update the table."""
        self._handle.update(_plain(table(run, WIDTH, self._HEIGHT)), raw=True)

    def end(self, run: RunSoFar) -> None:
        """Leave the table, and the notes that are to be kept."""
        self._handle.update(_plain(end_table(run, WIDTH)), raw=True)


class Log(Surface):
    """Lines on standard error: one now and then, and one for each new note."""

    every_s = 10.0

    def __init__(self) -> None:
        self._noted: set[str] = set()

    def draw(self, run: RunSoFar) -> None:
        """Print a line."""
        _print(line(run))

    def note(self, text: str) -> None:
        """Print a note, unless it was printed before."""
        if text not in self._noted:
            self._noted.add(text)
            _print(log_text(hide(text)))

    def end(self, run: RunSoFar) -> None:
        """Print a line."""
        _print(line(run, ended=True))


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook, in which standard error is red."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")


def surface_here() -> Surface:
    """Return the surface that suits this process."""
    return Terminal() if sys.stderr.isatty() else Notebook() if in_notebook() else Log()


class _Unheard:
    """A stream that ignores failures to write."""

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


def _plain(lines: list[str]) -> dict[str, str]:
    return {"text/plain": "\n".join(lines)}


def _print(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201  # printing is what it is for


class Progress:
    """The progress of a run, as the runner reports it. A context manager.

    This class shows nothing: a subclass that only passes on notes is that of a process whose driver counts answers.
    """

    def note(self, text: str, *, keep: bool = False) -> None:
        """Show a note on what the run does now, such as loading. A note to `keep` is shown at the end, too."""
        raise NotImplementedError

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Replace the turns that are left after the current one."""

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Begin a cell or a turn, of which some items may have been answered before."""

    def advance(self, items: int) -> None:
        """Count further answered items."""

    def answered(self, system: str, seconds: Sequence[float | None]) -> None:
        """Count answers of a system, each with its seconds; None: its request failed."""

    def window_closed(self, system: str, watts: float | None, provenance: str) -> None:
        """Show the mean watts of a window and where they come from; None: not measured, or not valid."""

    def score(self, system: str, count: Callable[[], tuple[float, int] | None]) -> None:
        """Show the accuracy so far. Called outside of windows.

        Args:
            system: its name.
            count: returns the sum of scores, from 0 to 1 each, and their number; None: not known. Called only where
                accuracy is shown, as scoring takes time.
        """

    def end_cell(self) -> None:
        """End the cell: it is complete."""

    def left(self) -> TimeLeft:
        """Estimate how long the rest of the run will take. Any thread may call this."""
        return TimeLeft(0.0, is_known=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class Display(Progress):
    """Shows a run on a surface."""

    def __init__(
        self, turns: Sequence[PlannedTurn], surface: Surface, items_are: str = "items", state: Path | None = None
    ) -> None:
        """Set up the display; entering the context begins to show it.

        Args:
            turns: the cells or turns, in about their order.
            surface: where it is shown.
            items_are: the word for items.
            state: the lock file of the run, for processes that follow it; None: none can.
        """
        self._run, self._surface, self._state = RunSoFar(turns, items_are), surface, state
        self._ended = threading.Event()
        self._drawer = threading.Thread(target=self._draw, name="progress", daemon=True)

    def note(self, text: str, *, keep: bool = False) -> None:
        """Show a note, and keep it for the table."""
        self._run.note(text, keep=keep)
        self._surface.note(text)

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Replace the turns that are left."""
        self._run.remaining.expect(turns)

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Begin a turn."""
        self._run.start(name, turn, answered)

    def advance(self, items: int) -> None:
        """Count items."""
        self._run.advance(items)

    def answered(self, system: str, seconds: Sequence[float | None]) -> None:
        """Count answers."""
        self._run.answered(system, seconds)

    def window_closed(self, system: str, watts: float | None, provenance: str) -> None:
        """Keep the mean watts."""
        self._run.closed(system, watts, provenance)

    def score(self, system: str, count: Callable[[], tuple[float, int] | None]) -> None:
        """Count right answers."""
        if (counted := count()) is not None:
            self._run.scored(system, *counted)

    def end_cell(self) -> None:
        """End the turn."""
        self._run.end()

    def left(self) -> TimeLeft:
        """Return how long the rest will take."""
        return self._run.remaining.of_all()

    def __enter__(self) -> Self:
        self._surface.begin(self._run)
        self._drawer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._drawer.join(_PATIENCE_S)
        if not self._drawer.is_alive():
            self._surface.end(self._run)
        self._write_state()

    def _draw(self) -> None:
        while not self._ended.wait(self._surface.every_s):
            self._surface.draw(self._run)
            self._write_state()

    def _write_state(self) -> None:
        if self._state is not None:
            write_live_state(self._state, self._run)


def progress(turns: Sequence[PlannedTurn], items_are: str = "items", state: Path | None = None) -> Progress:
    """Return a display of the run: a live table in a terminal or a notebook, otherwise lines in a log.

    Args:
        turns: the cells or turns, in about their order.
        items_are: the word for items.
        state: the lock file of the run, for processes that follow it; None: none can.
    """
    return Display(turns, surface_here(), items_are, state)
