"""Choose the columns of a frame: the twelve that are read most, all, or those that are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from wattbench.errors import UserError, nearest

if TYPE_CHECKING:
    import pandas as pd

Columns = Literal["all"] | Sequence[str] | None
"""``"all"``, names in the order wanted, or None: the first twelve."""


def with_columns(frame: pd.DataFrame, first: Sequence[str], columns: Columns) -> pd.DataFrame:
    """Return a frame with some of its columns.

    Args:
        frame: with all columns.
        first: the columns that it has without a choice; those that it lacks are left out.
        columns: the choice.

    Raises:
        UserError: the frame has no such column.
    """
    if columns is None:
        return frame[[name for name in first if name in frame]]
    if isinstance(columns, str) and columns == "all":
        return frame
    names = [columns] if isinstance(columns, str) else list(columns)
    for name in names:
        if name not in frame:
            known = [str(each) for each in frame]
            raise UserError(f"columns: {name!r:.80} is not a column of this frame{nearest(str(name), known)}")
    return frame[names]
