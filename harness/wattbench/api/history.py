"""`wattbench.history`: the nights of a folder as data frames."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.history_rows import Listing, night_listing, series_listing, sql_listing
from wattbench.progress.notices import stdout_to_stderr

if TYPE_CHECKING:
    import pandas as pd

    from wattbench.nights import NightsLayout


def history(folder: str | os.PathLike[str]) -> History:
    """Open a history: the folder of nights that `wattbench nightly` keeps.

    Raises:
        UserError: there is no history.
    """
    from wattbench.nights import NightsLayout

    return History(NightsLayout(Path(folder)).existing())


class History:
    """A folder of nights. Every call reads what is there now. Needs ``pip install 'wattbench[history]'``."""

    def __init__(self, layout: NightsLayout) -> None:
        self._layout = layout

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._layout.root

    def nights(self) -> pd.DataFrame:
        """Return one row per night and per gap between nights, with its verdict; then runs that are not finished.

        Raises:
            UserError: a verdict or the pinned reference is damaged.
            MissingExtraError: DuckDB is not installed. So for the other frames.
        """
        with stdout_to_stderr():
            return _frame(night_listing(self._layout))

    def notes(self) -> tuple[str, ...]:
        """Return what a reader should know, such as runs that were left out and why."""
        with stdout_to_stderr():
            return night_listing(self._layout).notes

    def series(
        self, *, system: str | None = None, metric: str | None = None, domain: str | None = None
    ) -> pd.DataFrame:
        """Return one row per point of each series, with the change of level at a point where there is one.

        Args:
            system: only this system.
            metric: only this metric, such as ``latency_p50``.
            domain: only this domain; None: all domains together.

        Raises:
            UserError: the history has no such series.
        """
        with stdout_to_stderr():
            return _frame(series_listing(self._layout, system=system, metric=metric, domain=domain))

    def sql(self, select: str) -> pd.DataFrame:
        """Return the result of one SELECT of DuckDB's over the views ``items``, ``windows``, ``runs`` and ``cells``.

        Raises:
            UserError: it cannot be answered, or is not one SELECT.
        """
        with stdout_to_stderr():
            return _frame(sql_listing(self._layout, select))

    def __repr__(self) -> str:
        return f"<history {self.path}>"


def _frame(listing: Listing) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame([dict(row) for row in listing.rows], columns=list(listing.columns))
    return frame.assign(date=pd.to_datetime(frame["date"])) if "date" in frame else frame
