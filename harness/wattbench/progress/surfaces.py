"""Show the progress of a run in a terminal, in a notebook, or line by line in a log."""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import IO, Any, Protocol, cast

from wattbench.progress.so_far import RunSoFar
from wattbench.progress.view import end_table, line, table
from wattbench.redaction import hide
from wattbench.terminal import WIDTH, log_text


class Surface(Protocol):
    """Shows a run. Once its output fails (a closed terminal, a full disk) it does nothing."""

    every_s: float
    """How often it is drawn."""

    def begin(self, run: RunSoFar) -> None:
        """Show the run for the first time."""
        ...

    def draw(self, run: RunSoFar) -> None:
        """Show the run again."""
        ...

    def note(self, text: str) -> None:
        """Show a note at once, unless the table shows it."""
        ...

    def end(self, run: RunSoFar) -> None:
        """Show the run for the last time."""
        ...


class Terminal:
    """A table on standard error that is redrawn in place."""

    every_s = 1.0
    """What it shows are whole seconds, and drawing takes processor time of the machine that is measured."""
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

    def note(self, text: str) -> None:
        """Do nothing: the table has the last notes."""

    def end(self, run: RunSoFar) -> None:
        """Leave the table, and the notes that are to be kept."""
        self._live.vertical_overflow = "visible"
        self._show(end_table(run, self._console.width - self._FREE))
        self._live.stop()

    def _show(self, lines: list[str]) -> None:
        from rich.text import Text

        self._live.update(Text("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True)


class Notebook:
    """A table in the output of a cell, updated in place. As plain text, which every front end shows without widgets."""

    every_s = 1.0
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

    def note(self, text: str) -> None:
        """Do nothing: the table has the last notes."""

    def end(self, run: RunSoFar) -> None:
        """Leave the table, and the notes that are to be kept."""
        self._handle.update(_plain(end_table(run, WIDTH)), raw=True)


class Log:
    """Lines on standard error: one now and then, and one for each new note."""

    every_s = 10.0

    def __init__(self) -> None:
        self._noted: set[str] = set()

    def begin(self, run: RunSoFar) -> None:
        """Print a line."""
        self.draw(run)

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
