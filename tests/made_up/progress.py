"""A progress display that keeps what it was given, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wattbench.progress import PlannedTurn, TimeLeft


class Quiet:
    """A progress display that keeps what it is given."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.items_before: list[int] = []
        self.advanced = 0
        self.notes: list[str] = []
        self.seconds: dict[str, list[float | None]] = {}
        self.watts: dict[str, list[tuple[float | None, str]]] = {}
        self.scores: dict[str, list[tuple[float, int] | None]] = {}

    def note(self, text: str, *, keep: bool = False) -> None:
        self.notes.append(text)

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Nothing."""

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        self.cells.append(name)
        self.items_before.append(answered)

    def advance(self, items: int) -> None:
        self.advanced += items

    def answered(self, system: str, seconds: Sequence[float | None]) -> None:
        self.advanced += len(seconds)
        self.seconds.setdefault(system, []).extend(seconds)

    def window_closed(self, system: str, watts: float | None, provenance: str) -> None:
        self.watts.setdefault(system, []).append((watts, provenance))

    def score(self, system: str, count: Callable[[], tuple[float, int] | None]) -> None:
        self.scores.setdefault(system, []).append(count())

    def end_cell(self) -> None:
        """Nothing."""

    def left(self) -> TimeLeft:
        return TimeLeft(0.0, is_known=False)

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return
