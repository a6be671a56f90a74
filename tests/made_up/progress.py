"""A progress display that a test can ask what it was given."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.progress import PlannedTurn, TimeLeft


class Quiet:
    """A progress display that keeps what it is told."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.advanced = 0
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Nothing."""

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        self.cells.append(name)

    def advance(self, items: int) -> None:
        self.advanced += items

    def end_cell(self) -> None:
        """Nothing."""

    def left(self) -> TimeLeft:
        return TimeLeft(0.0, is_known=False)

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return
