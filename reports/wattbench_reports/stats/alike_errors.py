"""Test whether a judge errs alike on all systems, and say which difference the test would have seen.

Labels y of system s and verdicts f are fitted by y = a_s + b f. Of each system a_s less the mean of the others' is
tested by t, with the jackknife over items as its error and one degree of freedom less than the system, or all others,
have labelled items; the p-values are Holm's. Few labels may show less spread than there is: what a system has less than
all together is added to its part of the variance, and where people and judge agree on all of its labels at least that
of a disagreement in n + 1, as in `label_correction`.

**A test that does not reject shows nothing unless it could have**: its power to see `SEEN` is that of the t test at the
level of Bonferroni. With n labels and a standard deviation s of what the judge errs by, 10 points are seen in 80% from
n = 8 (s / .1)^2 or so: 8 labels of s = .1, but 70 of s = .3, which is a judge of pass and fail that errs in one of ten.

Labels of other systems therefore never correct a system that has few. Simulated with 19 labels of one system, 100 of
each of two others, 300 answers and a good judge of grades that favours the one by 5 points: the test does not reject
and has its power of 80% in 80% of runs, in which an interval by all labels holds the truth in 24%; it makes the
favoured system the better one in two thirds of all runs. An interval by the 19 labels alone holds it in 95%.

Source: analysis of covariance, H. Scheffe, "The Analysis of Variance" (1959), chapter 6; power: J. Cohen, "Statistical
Power Analysis for the Behavioral Sciences" (1988).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import CONFIDENCE
from wattbench_reports.stats.item_jackknife import ItemEstimate
from wattbench_reports.stats.label_correction import TaskAnswers
from wattbench_reports.stats.multiple_testing import holm

_SAME = 1e-9
SEEN = 0.1
"""The difference of a judge's errors that the test is to see, of a scale from 0 to 1."""


@dataclass(frozen=True)
class ErrorDifference:
    """How a judge errs on one system, less how it errs on the others."""

    system: int
    labels: int
    difference: ItemEstimate | None
    """Above 0 where people give more than the judge; None with fewer than two labelled items of it or of others."""
    p_value: float | None
    """Of alike errors, adjusted by Holm over the systems."""
    power: float
    """To see `SEEN`; 0 where nothing can be tested."""


def error_differences(answers: TaskAnswers) -> list[ErrorDifference]:
    """Return how a judge's errors on each system differ from those on the others, in the order of the systems.

    Answers without a verdict take no part.
    """
    some = answers.where(answers.known & answers.judged)
    systems, labels = np.unique(answers.systems), np.bincount(some.systems, minlength=int(answers.systems.max()) + 1)
    differences = _differences(some, systems)
    p_values = holm([None if each is None else each.p_value() for each in differences])
    two = len(systems) == 2  # both differences are then the same one
    return [
        ErrorDifference(
            system,
            int(labels[system]),
            each,
            each.p_value() if each is not None and two else p_value,
            0.0 if each is None else each.power(SEEN, (1 - CONFIDENCE) / (1 if two else len(systems))),
        )
        for system, each, p_value in zip(systems.tolist(), differences, p_values, strict=True)
    ]


def _differences(some: TaskAnswers, systems: NDArray[np.int64]) -> list[ItemEstimate | None]:
    """Return a_s of each system less that of the others, the mean of theirs by their labels."""
    column = np.searchsorted(systems, some.systems)
    number = len(systems)
    design = np.zeros((len(column), number + 1))
    design[np.arange(len(column)), column] = 1.0
    design[:, number] = some.verdicts
    names, item = np.unique(some.items, return_inverse=True)
    if len(names) < 2:
        return [None] * number
    weighted = design * some.weights[:, None]
    squares, products = np.zeros((len(names), number + 1, number + 1)), np.zeros((len(names), number + 1))
    np.add.at(squares, item, weighted[:, :, None] * design[:, None, :])
    np.add.at(products, item, weighted * some.labels[:, None])
    (fit,) = _solved(squares.sum(axis=0)[None], products.sum(axis=0)[None])
    fits = _solved(squares.sum(axis=0)[None] - squares, products.sum(axis=0)[None] - products)
    residuals, labels = some.labels - design @ fit, np.bincount(column, minlength=number)
    own_spread = np.bincount(column, residuals**2, number) / np.maximum(labels, 1)
    spread = float(residuals @ residuals) / max(len(residuals) - number - 1, 1)
    agreed = np.where(own_spread < _SAME**2, 1 / (labels + 1.0), 0.0)
    added = np.maximum(np.maximum(spread, agreed) - own_spread, 0.0) / np.maximum(labels, 1)
    counts = np.bincount(column, some.weights, number)

    def difference(system: int) -> ItemEstimate | None:
        of_it = column == system
        fewest = min(len(np.unique(some.items[rows])) for rows in (of_it, ~of_it))
        if fewest < 2:
            return None
        contrast = np.append(-counts, 0.0)
        contrast[system] = 0.0
        contrast /= -contrast.sum()
        contrast[system] = 1.0
        variance = float((fits @ contrast).var()) * (len(names) - 1) + float(contrast[:number] ** 2 @ added)
        return ItemEstimate(float(fit @ contrast), math.sqrt(variance), fewest - 1.0)

    return [difference(each) for each in range(number)]


def _solved(squares: NDArray[np.float64], products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients of normal equations, shape (fits, columns); 0 where a column has nothing to fit."""
    return np.asarray((np.linalg.pinv(squares, hermitian=True) @ products[:, :, None])[:, :, 0])
