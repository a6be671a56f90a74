"""Keep a column of few values as runs of equal values: a system's answers lie next to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.item_rows import Rows, as_slice


@dataclass(frozen=True)
class RunLengths:
    """Codes of rows; those of a stretch are the same."""

    starts: NDArray[np.int64]
    """Shape (stretches + 1,): the first row of each, and the number of rows."""
    codes: NDArray[np.integer[Any]]
    """Shape (stretches,)."""

    @classmethod
    def of(cls, codes: NDArray[np.integer[Any]]) -> Self:
        """Find the stretches of some codes."""
        changes = np.flatnonzero(codes[1:] != codes[:-1]) + 1
        starts = np.concatenate([[0], changes, [len(codes)]]).astype(np.int64)
        return cls(starts, codes[starts[:-1]] if len(codes) else codes)

    def at(self, rows: Rows) -> NDArray[np.integer[Any]]:
        """Return the codes of some rows, ascending where they are no slice."""
        if not isinstance(rows, slice):
            return np.asarray(self.codes[np.searchsorted(self.starts, rows, side="right") - 1])
        first, last = np.searchsorted(self.starts, (rows.start, rows.stop - 1), side="right") - 1
        if rows.stop <= rows.start:
            return self.codes[:0]
        if first == last:
            return np.broadcast_to(self.codes[first], (rows.stop - rows.start,))
        bounds = np.clip(self.starts[first : last + 2], rows.start, rows.stop)
        return np.repeat(self.codes[first : last + 1], np.diff(bounds))

    def rows_of(self, code: int) -> Rows:
        """Return the rows of a code, ascending; a slice where they follow one another."""
        mine = np.flatnonzero(self.codes == code)
        if not len(mine):
            return slice(0, 0)
        starts, ends = self.starts[mine], self.starts[mine + 1]
        if int((ends - starts).sum()) == int(ends[-1] - starts[0]):
            return slice(int(starts[0]), int(ends[-1]))
        return as_slice(np.concatenate([np.arange(*span, dtype=np.int32) for span in zip(starts, ends, strict=True)]))
