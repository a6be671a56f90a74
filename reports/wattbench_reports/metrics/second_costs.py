"""Compute seconds per request and per right answer as a cost, where nothing else can be compared.

Only of requests that were sent one at a time, all of which have their seconds: what is answered in a batch or waits in
a queue takes longer by what others ask, and a request without a time is not one of 0 seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.costs import LATENCY_S, TIMED, TIMED_CORRECT, Costs, CostUnit, known_of
from wattbench_reports.metrics.domain_sums import Basis, Shares, basis
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.stats import Interval
from wattbench_reports.tables import provenance
from wattbench_reports.tables.item_matrix import ItemTable, item_sums
from wattbench_reports.tables.run_tables import Frames

UNTIMED = "not every one of its requests has a time"

_OVERLAP_S = 1e-3
"""Times of imported requests are rounded: they may overlap by so much and still follow one another."""


@dataclass(frozen=True)
class SecondSums:
    """Seconds of each item and system. All arrays of shape (items, systems)."""

    seconds: NDArray[np.float64]
    timed: NDArray[np.float64]
    """How many answers have them."""
    correct: NDArray[np.float64]
    """The sum of the scores of those."""

    @property
    def kinds(self) -> dict[str, NDArray[np.float64]]:
        """Return the kinds of sums that a basis takes."""
        return {LATENCY_S: self.seconds, TIMED: self.timed, TIMED_CORRECT: self.correct}


@dataclass(frozen=True)
class SecondFigures:
    """Seconds of a run as a cost."""

    costs: Costs
    table: ItemTable
    """The items, with seconds in place of joules."""

    @cached_property
    def basis(self) -> Basis:
        """Return the basis of the table: its sums by domain."""
        return basis(self.table)

    def per_request_and_correct(self, shares: Shares | None) -> list[list[Interval | None]]:
        """Return each system's seconds per request, and per right answer."""
        return [intervals(self.basis, {"energy_j": 1.0}, shares, per_correct=each) for each in (False, True)]


def second_sums(frames: Frames) -> SecondSums:
    """Sum the seconds of a run by item."""

    def of_system(system: str) -> tuple[NDArray[np.float64], ...]:
        rows = frames.answers_of(system)
        seconds, scores = frames.seconds(rows), np.nan_to_num(frames.figures("correct", rows))
        timed = np.isfinite(seconds)
        return np.where(timed, seconds, 0.0), timed.astype(np.float64), np.where(timed, scores, 0.0)

    return SecondSums(*item_sums(frames, 3, of_system))


def second_figures(frames: Frames, table: ItemTable, sums: SecondSums) -> SecondFigures | None:
    """Return seconds as a cost; None where requests were not sent one at a time."""
    if not sent_one_at_a_time(frames):
        return None
    timed = dict(zip(frames.systems, sums.timed.sum(axis=0).tolist(), strict=True))
    answers = {name: len(frames.positions(frames.answers_of(name))) for name in frames.systems}
    missing = {name: UNTIMED for name in frames.systems if timed[name] < max(answers[name], 1)}
    costs = Costs(CostUnit.SECONDS, "s", {LATENCY_S: known_of(frames.systems, missing)}, missing)
    return SecondFigures(costs, replace(table, energy_j=sums.seconds, metered=sums.timed, metered_correct=sums.correct))


def sent_one_at_a_time(frames: Frames) -> bool:
    """Return whether each request of a system was sent only after the one before it had ended.

    A table that has durations and no times of day (all begin at 0) is taken at its word.
    """
    if frames.record.imported is None:
        return frames.record.suite.measure.scenario == "single-stream"
    return all(_follow_one_another(frames, name) for name in frames.systems)


def _follow_one_another(frames: Frames, system: str) -> bool:
    rows = frames.answers_of(system)
    started_s, finished_s = frames.figures("started_s", rows), frames.figures("finished_s", rows)
    known = np.isfinite(started_s) & np.isfinite(finished_s)
    order = np.argsort(started_s[known], kind="stable")
    return not started_s[known].any() or bool(
        (started_s[known][order][1:] >= finished_s[known][order][:-1] - _OVERLAP_S).all()
    )


def nothing_else_compares(
    frames: Frames, judged: Mapping[str, Validity], table: ItemTable, priced: NDArray[np.float64] | None
) -> bool:
    """Tell whether fewer than two systems have joules of one kind, and fewer than two have money.

    Args:
        frames: the run.
        judged: whose joules may be believed.
        table: its items.
        priced: shape (items, systems): of how many answers money is known; None: of none.
    """
    if priced is not None and int((priced > 0).any(axis=0).sum()) > 1:
        return False
    kinds = Counter(
        provenance.measured_part(_provenance(frames, name))
        for column, name in enumerate(frames.systems)
        if table.metered[:, column].any() and judged[name].valid
    )
    return max(kinds.values(), default=0) < min(2, len(frames.systems))


def _provenance(frames: Frames, system: str) -> str:
    rows = frames.positions(frames.answers_of(system))
    return provenance.joined(frames.labels("energy_provenance", rows[~np.isnan(frames.figures("energy_j", rows))]))
