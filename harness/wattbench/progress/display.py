"""Take the progress of a run as the runner reports it, and show it from a thread.

All drawing is in a thread of its own: a terminal that takes nothing (a stalled connection, Ctrl-S) holds up no request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from wattbench.progress.remaining import PlannedTurn, TimeLeft
from wattbench.progress.so_far import RunSoFar
from wattbench.progress.surfaces import Surface, surface_here

_PATIENCE_S = 2.0
"""How long the end waits for a drawing that is under way."""


class Progress(Protocol):
    """The progress of a run, as the runner reports it. A context manager."""

    def note(self, text: str, *, keep: bool = False) -> None:
        """Show a note on what the run does now, such as loading. A note to `keep` is shown at the end, too."""
        ...

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Replace the turns that are left after the current one."""
        ...

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Begin a cell or a turn, of which some items may have been answered before."""
        ...

    def advance(self, items: int) -> None:
        """Count further answered items."""
        ...

    def answered(self, system: str, seconds: Sequence[float | None]) -> None:
        """Count answers of a system, each with its seconds; None: its request failed."""
        ...

    def window_closed(self, system: str, watts: float | None, provenance: str) -> None:
        """Show the mean watts of a window and where they come from; None: not measured, or not valid."""
        ...

    def score(self, system: str, count: Callable[[], tuple[float, int] | None]) -> None:
        """Show the accuracy so far. Called outside of windows.

        Args:
            system: its name.
            count: returns the sum of scores, from 0 to 1 each, and their number; None: not known. Called only where
                accuracy is shown, as scoring takes time.
        """
        ...

    def end_cell(self) -> None:
        """End the cell: it is complete."""
        ...

    def left(self) -> TimeLeft:
        """Estimate how long the rest of the run will take. Any thread may call this."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class NotesAlone:
    """A progress that only passes on notes, by a subclass: another process counts the answers and shows them."""

    def note(self, text: str, *, keep: bool = False) -> None:
        """As `Progress.note`."""
        raise NotImplementedError

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Do nothing."""

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Do nothing."""

    def advance(self, items: int) -> None:
        """Do nothing."""

    def answered(self, system: str, seconds: Sequence[float | None]) -> None:
        """Do nothing."""

    def window_closed(self, system: str, watts: float | None, provenance: str) -> None:
        """Do nothing."""

    def score(self, system: str, count: Callable[[], tuple[float, int] | None]) -> None:
        """Do nothing."""

    def end_cell(self) -> None:
        """Do nothing."""

    def left(self) -> TimeLeft:
        """Return an estimate of unknown time."""
        return TimeLeft(0.0, is_known=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class Display:
    """Shows a run on a surface. A `Progress`."""

    def __init__(self, turns: Sequence[PlannedTurn], surface: Surface, items_are: str = "items") -> None:
        """Set up the display; entering the context begins to show it.

        Args:
            turns: the cells or turns, in about their order.
            surface: where it is shown.
            items_are: the word for items.
        """
        self._run, self._surface = RunSoFar(turns, items_are), surface
        self._ended = threading.Event()
        self._drawer = threading.Thread(target=self._draw, name="progress", daemon=True)

    def note(self, text: str, *, keep: bool = False) -> None:
        """As `Progress.note`; so are the others."""
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

    def _draw(self) -> None:
        while not self._ended.wait(self._surface.every_s):
            self._surface.draw(self._run)


def progress(turns: Sequence[PlannedTurn], items_are: str = "items") -> Progress:
    """Return a display of the run: a live table in a terminal or a notebook, otherwise lines in a log.

    Args:
        turns: the cells or turns, in about their order.
        items_are: the word for items.
    """
    return Display(turns, surface_here(), items_are)
