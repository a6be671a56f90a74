"""Give the columns of a table their types, and say so where the record's values have others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def typed(table: pd.DataFrame, types: Mapping[str, str], path: Path) -> pd.DataFrame:
    """Return a table with each column converted to its type of pandas.

    Args:
        table: with at least these columns.
        types: column to type.
        path: of the file that the values are from.

    Raises:
        UserError: a value cannot have its column's type.
    """
    try:
        converted: pd.DataFrame = table.astype(dict(types))
    except (OverflowError, TypeError, ValueError) as error:
        raise UserError(f"{path}: a column has values of another type ({error}); the record is damaged") from error
    return converted
