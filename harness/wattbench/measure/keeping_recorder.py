"""Record answers in windows, and keep those of a turn by task, to be scored when the window is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wattbench.measure.ask_items import ItemRequests
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.records import AnswerRow


class KeepingRecorder(CellRecorder):
    """A `CellRecorder` of items of which each names its task."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Prepare, as `CellRecorder` does."""
        super().__init__(*args, **kwargs)
        self.rows: dict[str, list[AnswerRow]] = {}
        """Task to its answers, repeats included."""
        self.window = ""
        """The id of the last window."""

    def before_batch(self) -> str:
        """As of `CellRecorder`."""
        self.window = super().before_batch()
        return self.window

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        """As of `CellRecorder`."""
        super().keep(asks, rows)
        for ask, row in zip(asks, rows, strict=True):
            assert ask.task is not None  # residents name the task of every item
            self.rows.setdefault(ask.task, []).append(row)
