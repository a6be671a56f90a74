"""Measure how far people agree on the same answers: Krippendorff's alpha.

Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), which has the examples of the tests. Alpha
is 1 where all agree, and 0 where they agree as often as by chance; below 0 they contradict each other. Answers that
fewer than two people labelled say nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

_LEVEL = 0.975


@dataclass(frozen=True)
class Agreement:
    """How far people agree."""

    people: int
    """Who labelled an answer that another person labelled as well."""
    answers: int
    """That at least two people labelled."""
    alpha: float | None
    """None: it is not defined, as no answer has two labels, or all labels are the same."""
    low: float | None
    """The 95% interval, by a jackknife over answers. None: not known, as where no two labels of an answer differ."""
    high: float | None


def agreement(labels: NDArray[np.float64], *, graded: bool) -> Agreement:
    """Return how far people agree.

    Args:
        labels: shape (people, answers); NaN: without a label.
        graded: whether the labels are grades, of which neighbours agree more than others (interval data); else two
            labels are the same or not (nominal data).
    """
    known = np.isfinite(labels)
    doubled = known.sum(axis=0) >= 2
    units = [column[np.isfinite(column)] for column in labels[:, doubled].T]
    disagreement = _squares if graded else _unequal
    people, answers = int(known[:, doubled].any(axis=1).sum()), len(units)
    alpha = _alpha(units, disagreement)
    if alpha is None or alpha == 1.0 or answers < 3:
        return Agreement(people, answers, alpha, None, None)
    without = [_alpha([*units[:each], *units[each + 1 :]], disagreement) for each in range(answers)]
    if None in without:
        return Agreement(people, answers, alpha, None, None)
    left = np.array(without, dtype=np.float64)
    error = math.sqrt((answers - 1) / answers * float(((left - left.mean()) ** 2).sum()))
    half = float(stdtrit(answers - 1, _LEVEL)) * error
    return Agreement(people, answers, alpha, max(alpha - half, -1.0), min(alpha + half, 1.0))


def _alpha(units: list[NDArray[np.float64]], disagreement: Callable[[NDArray[np.float64]], float]) -> float | None:
    """Return 1 less the disagreement within units by that between all labels; both are means over ordered pairs."""
    if not units:
        return None
    every = np.concatenate(units)
    expected = disagreement(every) / (len(every) - 1)
    if expected <= 0:
        return None
    return 1.0 - sum(disagreement(unit) / (len(unit) - 1) for unit in units) / expected


def _squares(labels: NDArray[np.float64]) -> float:
    """Return the sum of squared differences over all ordered pairs of labels."""
    return 2 * len(labels) * float(((labels - labels.mean()) ** 2).sum())


def _unequal(labels: NDArray[np.float64]) -> float:
    """Return the number of ordered pairs of labels that differ."""
    return float(len(labels) ** 2 - (np.unique(labels, return_counts=True)[1] ** 2).sum())
