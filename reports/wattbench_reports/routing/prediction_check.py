"""Compare what was predicted of a hybrid, before it ran, with what was measured of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.records.schema.prediction import PredictedFigures, Prediction
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.routing.answers.answer_matrix import AnswerMatrix, matrix_of
from wattbench_reports.stats import Interval
from wattbench_reports.stats.intervals import ratio_se
from wattbench_reports.stats.student import t_quantile


@dataclass(frozen=True)
class PredictedFigure:
    """One figure as it was predicted and as it was measured, per request."""

    name: str
    """``accuracy``, ``joules``, ``seconds`` or ``money``."""
    predicted: Interval
    measured: Interval

    @property
    def difference(self) -> Interval:
        """Return measured - predicted; errors are added as if independent.

        They are of the same items if the run asked those of the prediction: then it is wider than it need be.
        """
        both = (self.measured, self.predicted)
        low = math.hypot(*(each.estimate - each.low for each in both))
        high = math.hypot(*(each.high - each.estimate for each in both))
        gap = self.measured.estimate - self.predicted.estimate
        return Interval(gap, gap - low, gap + high)

    @property
    def agrees(self) -> bool:
        """Return whether the interval of the difference contains 0."""
        return self.difference.low <= 0 <= self.difference.high


@dataclass(frozen=True)
class PredictionCheck:
    """A hybrid's prediction against this run."""

    hybrid: str
    prediction: Prediction
    items: int
    """Those that the hybrid answered in this run."""
    figures: tuple[PredictedFigure, ...]
    """Of the hybrid."""
    over_single: tuple[PredictedFigure, ...]
    """Its figures minus those of the best single system of the prediction, over the items that both answered; empty
    where that is not in this run. The speed of a machine on a day is in neither difference."""


def prediction_checks(measured: Measured, paid: Paid) -> tuple[PredictionCheck, ...]:
    """Check every hybrid of a run of which something was predicted."""
    settings = measured.frames.record.suite.systems
    predicted = {
        name: each.predicted
        for name in measured.frames.systems
        if (each := settings.get(name)) is not None and each.predicted is not None and each.predicted.figures.known
    }
    if not predicted:
        return ()
    matrix = matrix_of(measured, paid)
    return tuple(_check(measured, paid, matrix, name, each) for name, each in predicted.items() if each is not None)


def _check(
    measured: Measured, paid: Paid, matrix: AnswerMatrix, hybrid: str, prediction: Prediction
) -> PredictionCheck:
    column = matrix.systems.index(hybrid)
    mine = np.flatnonzero(matrix.answered[:, column])
    over_single: tuple[PredictedFigure, ...] = ()
    if prediction.single in matrix.systems and prediction.single != hybrid:
        single = matrix.systems.index(prediction.single)
        both = np.flatnonzero(matrix.answered[:, [column, single]].all(axis=1))
        comparable = measured.joules_comparable(hybrid, prediction.single)
        over_single = _figures(
            measured, matrix, prediction.over_single, both, _amounts(matrix, column, single, joules=comparable)
        )
    return PredictionCheck(
        hybrid,
        prediction,
        len(mine),
        _figures(measured, matrix, prediction.figures, mine, _amounts(matrix, column), _stated(measured, paid, hybrid)),
        over_single,
    )


def _stated(measured: Measured, paid: Paid, hybrid: str) -> dict[str, Interval | None]:
    """Return a hybrid's figures as the report states them elsewhere, so that bounds are the same."""
    figures = measured.systems[hybrid]
    money = None if paid.money is None else paid.money.systems.get(hybrid)
    return {
        "accuracy": figures.accuracy,
        "joules": figures.j_per_request,
        "money": None if money is None else money.per_request,
    }


def _amounts(
    matrix: AnswerMatrix, column: int, other: int | None = None, *, joules: bool = True
) -> dict[str, NDArray[np.float64]]:
    """Return the amounts of one system, or their differences from another's, each of shape (items of the run,)."""
    arrays = {"accuracy": matrix.score, "seconds": matrix.seconds}
    if joules:
        arrays["joules"] = matrix.energy_j
    if matrix.money is not None:
        arrays["money"] = matrix.money
    return {
        name: each[:, column] if other is None else each[:, column] - each[:, other] for name, each in arrays.items()
    }


def _figures(
    measured: Measured,
    matrix: AnswerMatrix,
    predicted: PredictedFigures,
    rows: NDArray[np.int64],
    amounts: Mapping[str, NDArray[np.float64]],
    stated: Mapping[str, Interval | None] | None = None,
) -> tuple[PredictedFigure, ...]:
    known = stated or {}
    figures = []
    for name, before in predicted:
        if before is None:
            continue
        after = known.get(name)
        if after is None and name in amounts:
            after = _mean(measured, matrix, rows, amounts[name])
        if after is not None:
            figures.append(PredictedFigure(name, Interval(*before), after))
    return tuple(figures)


def _mean(
    measured: Measured, matrix: AnswerMatrix, rows: NDArray[np.int64], values: NDArray[np.float64]
) -> Interval | None:
    """Return the mean of known values of some items, weighted by the workload's mix.

    The error is that of a ratio, by linearisation over blocks (items in a run without), with Student's t. None where
    fewer than two clusters are left, which bound nothing.
    """
    rows = rows[np.isfinite(values[rows])]
    weights = np.ones(len(rows))
    if measured.shares is not None:
        domain = matrix.domain[rows]
        weights = (measured.shares / np.maximum(np.bincount(domain, minlength=len(measured.shares)), 1))[domain]
    blocks = measured.table.blocks
    clusters = rows if blocks is None else blocks[rows].max(axis=1)
    _, cluster = np.unique(clusters, return_inverse=True)
    sums = np.bincount(cluster, weights=weights * values[rows]).astype(np.float64)
    totals = np.bincount(cluster, weights=weights).astype(np.float64)
    error = ratio_se(sums, totals)
    if error is None:
        return None
    estimate = float(sums.sum() / totals.sum())
    half = t_quantile(len(totals) - 1) * error
    return Interval(estimate, estimate - half, estimate + half)
