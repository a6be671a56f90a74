"""Read the columns of a run's answers that bills are made of, when they are first needed."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.tables.answer_access import Column
from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames

COUNTS = ("prompt_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
"""In the order in which `wattbench.records.token_bill` takes them."""


class AnswerColumns:
    """Tokens of each answer, and what each system that a hybrid asked used."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames

    def rows(self, system: str) -> Rows:
        """Return the rows of a system's answers."""
        return self.frames.answers_of(system)

    def number(self, system: str) -> int:
        """Count a system's answers."""
        return len(self.frames.positions(self.rows(system)))

    def requests(self, system: str) -> NDArray[np.float64] | int:
        """Return how many requests each of a system's answers is of: the model calls of an agent's attempt, else 1.

        Returns:
            Shape (answers of the system,); NaN where the calls of an attempt are not recorded. Of a system that is no
            agent the number of its answers.
        """
        rows = self.rows(system)
        attempts = self.frames.attempts(rows)
        return np.where(attempts, self._calls(rows), 1.0) if attempts.any() else self.number(system)

    def counts(self, system: str) -> pd.DataFrame:
        """Return the tokens of a system's answers, columns `COUNTS`; NaN where not known.

        A failed request without recorded tokens had none. An attempt of an agent that failed has those of its calls:
        where they are not recorded they are not known, unless it made no call.
        """
        rows = self.rows(system)
        table = pd.DataFrame({name: read(rows) for name, read in self._counts.items()}, copy=False)
        failed = self.frames.failed(rows)
        if not failed.any():
            return table
        nothing = failed & (~self.frames.attempts(rows) | (self._calls(rows) == 0))
        return table.mask(nothing[:, None] & table.isna().to_numpy(), 0.0)

    def usage(self, system: str) -> pd.DataFrame:
        """Return the usage of a hybrid's answers: a row for each system that an answer asked.

        Column `answer` counts the hybrid's answers from 0.
        """
        positions = self.frames.positions(self.rows(system))
        number_of = pd.Series(np.arange(len(positions)), index=positions)
        of_system = self._usage[self._usage["answer"].isin(positions)]
        return of_system.assign(answer=number_of.loc[of_system["answer"]].to_numpy())

    def usage_of_older(self, system: str) -> pd.DataFrame | None:
        """Return the table of `usage` for a record from before usage was recorded, without seconds.

        Where one system was asked, the tokens of the answer are that one's; None where several were.
        """
        rows = self.rows(system)
        if (self.frames.further_lengths("route_asked")(rows) != 1).any():
            return None
        route = self.frames.more_columns("route")["route"].to_numpy()[rows]
        return self.counts(system).assign(system=route, answer=np.arange(len(route)), seconds=np.nan)

    @cached_property
    def _calls(self) -> Column:
        return self.frames.further("calls")

    @cached_property
    def _counts(self) -> dict[str, Column]:
        return {name: self.frames.further(name) for name in COUNTS}

    @cached_property
    def _usage(self) -> pd.DataFrame:
        return self.frames.usage_rows()
