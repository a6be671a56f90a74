"""Write any data frame as CSV that is safe in a spreadsheet, or as Parquet with types."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from wattbench.records.files.csv_text import LineFeeds, for_spreadsheet

if TYPE_CHECKING:
    import pandas as pd


def frame_as_csv(frame: pd.DataFrame) -> bytes:
    """Return CSV in UTF-8 at full precision: `true` and `false`, an empty field for a missing value.

    A text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    import pandas as pd

    plain = frame.copy()
    for name in plain.columns:
        if pd.api.types.is_bool_dtype(plain[name]):
            plain[name] = plain[name].map({True: "true", False: "false"})
        elif not pd.api.types.is_numeric_dtype(plain[name]):
            cells: list[Any] = [for_spreadsheet(each) for each in plain[name]]
            plain[name] = cells
    text = LineFeeds()
    plain.to_csv(text, index=False, lineterminator="\r\n")
    return text.getvalue().encode()


def frame_as_parquet(frame: pd.DataFrame) -> bytes:
    """Return Parquet, compressed with zstd, without the index."""
    sink = io.BytesIO()
    frame.to_parquet(sink, index=False, compression="zstd")
    return sink.getvalue()
