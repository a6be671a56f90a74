"""Name windows, uniquely within a run, across its resumptions and across the machines that measure it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Self

from wattbench.records import Purpose, RunRecords, WindowLabel
from wattbench.records.shards import shard_of, window_prefix


class WindowNames:
    """Give out ``w0001``, ``w0002``, ... in order; in a shard ``b3-w0001``, by the first of its blocks."""

    def __init__(self, run: str, taken: int, *, node: str = "", prefix: str = "") -> None:
        """Begin after some that are taken.

        Args:
            run: the run's identity.
            taken: how many windows are on record.
            node: the machine that measures, for the labels.
            prefix: what comes before each name.
        """
        self._run, self._node, self._prefix = run, node, prefix
        self._numbers: Iterator[int] = itertools.count(taken + 1)

    @classmethod
    def of(cls, records: RunRecords) -> Self:
        """Go on where a record ends. No two shards of a run have a block in common, so that no name is given twice."""
        header = records.header
        prefix = "" if header.shard is None else f"{window_prefix(header.shard['blocks'])}-"
        taken = len(records.windows()) + len(records.open_windows())
        return cls(header.run, taken, node=header.node, prefix=prefix)

    @property
    def shard(self) -> str:
        """Return the prefix of a shard; empty if the run is none."""
        return shard_of(f"{self._prefix}w0001")

    def label(
        self, system: str, task: str | None, purpose: Purpose, block: int | None = None, attempt: int = 0
    ) -> WindowLabel:
        """Return the label of the next window."""
        return WindowLabel(
            window=f"{self._prefix}w{next(self._numbers):04d}",
            run=self._run,
            system=system,
            task=task,
            purpose=purpose,
            block=block,
            attempt=attempt,
            node=self._node,
        )
