"""Name windows, uniquely within a run and across its resumptions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from wattbench.records import Purpose, WindowLabel


class WindowNames:
    """Give out ``w0001``, ``w0002``, ... in order."""

    def __init__(self, run: str, taken: int) -> None:
        self._run = run
        self._numbers: Iterator[int] = itertools.count(taken + 1)

    def label(
        self, system: str, task: str | None, purpose: Purpose, block: int | None = None, attempt: int = 0
    ) -> WindowLabel:
        """Return the label of the next window."""
        name = f"w{next(self._numbers):04d}"
        return WindowLabel(
            window=name, run=self._run, system=system, task=task, purpose=purpose, block=block, attempt=attempt
        )
