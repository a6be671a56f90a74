"""Compute how many further labels bring an interval to a width, or tell a difference.

The variance of a mean of corrected scores (`label_correction`) has two parts, for n labels of N answers:

    Var(n) = residual / n + explained / N      residual: variance of label - a - b verdict; explained: of b verdict

or with the variance s^2 of labels and the correlation rho of verdict and label s^2 ((1 - rho^2) / n + rho^2 / N).
Further labels make the first part smaller. Where all N answers are labelled, or the judge is perfect, what is left is
s^2 / N, about residual / N + explained / N: to make that smaller takes more items, and no number of labels will do.

The difference of two systems, with labels of the same items, has the same two parts, of the differences of both. The
figures are those of this run; estimates are taken to stay. Blocks are left aside: where they widen an interval, more
labels are needed than is said here.

Source: W. G. Cochran, "Sampling Techniques" (1977), 7.3 (regression estimates of a double sample).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from wattbench_reports.stats.intervals import CONFIDENCE
from wattbench_reports.stats.label_correction import CorrectedScores

_NORMAL = float(ndtri((1 + CONFIDENCE) / 2))


@dataclass(frozen=True)
class LabelVariance:
    """The variance of a mean of corrected scores, or of the difference of two, in its parts."""

    labels: int
    """n: of each system."""
    answers: int
    """N: of each system."""
    residual: float
    """Of a label: what the judge errs by."""
    explained: float
    """Of an answer: what the verdicts explain."""

    def variance(self, labels: float) -> float:
        """Return the variance with this number of labels in all."""
        return self.residual / labels + self.explained / self.answers

    def half_width(self, labels: float) -> float:
        """Return half the width of the 95% interval with this number of labels in all."""
        return _NORMAL * math.sqrt(self.variance(labels))

    @property
    def half_width_of_perfect_judge(self) -> float:
        """Return half the width with a judge that never errs, which is that with labels of all answers."""
        return self.half_width(self.answers)

    def further_for(self, variance: float) -> int | None:
        """Return how many further labels of each system bring the variance down to this.

        Returns:
            0 where it is there already; None where labels of all answers would not do: then items are what lack.
        """
        if self.variance(self.labels) <= variance:
            return 0
        room = variance - self.explained / self.answers
        if room <= 0 or self.residual / room > self.answers:
            return None
        return max(1, math.ceil(self.residual / room - 1e-9) - self.labels)

    def further_for_half_width(self, half_width: float) -> int | None:
        """Return how many further labels bring half the width of the 95% interval down to this."""
        return self.further_for((half_width / _NORMAL) ** 2)

    def further_to_tell(self, distance: float, risk: float = 1 - CONFIDENCE, sides: int = 2) -> int | None:
        """Return how many further labels tell a figure from what it is compared with, if the estimate stays.

        Args:
            distance: of a difference from 0, or of an accuracy from what is required.
            risk: of being wrong.
            sides: 2: it may be wrong on either side, as in a comparison; 1: of a requirement.
        """
        return self.further_for((distance / float(ndtri(1 - risk / sides))) ** 2)


def label_variance(corrected: CorrectedScores, items: NDArray[np.int64]) -> LabelVariance:
    """Return the parts of the variance of a system's mean corrected score.

    Args:
        corrected: of the system's answers.
        items: shape (answers,): the item of each, as any whole number.
    """
    return _parts(corrected.labels, len(items), _of_items(corrected, np.unique(items), items))


def label_variance_of_difference(
    first: CorrectedScores,
    second: CorrectedScores,
    items: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> LabelVariance | None:
    """Return the parts of the variance of a difference of two mean corrected scores, over the items of both.

    Args:
        first: of a system.
        second: of another.
        items: of the answers of each.

    Returns:
        None where they have fewer than two items in common.
    """
    common = np.intersect1d(*items)
    if len(common) < 2:
        return None
    ours, theirs = (_of_items(each, common, of) for each, of in zip((first, second), items, strict=True))
    answers = int(min(np.isin(each, common).sum() for each in items))
    return _parts(min(first.labels, second.labels, answers), answers, ours - theirs)


def _of_items(corrected: CorrectedScores, names: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean rectifier, and the mean of the rest of the score, of each item: shape (items, 2)."""
    kept = np.isin(items, names)
    item = np.searchsorted(names, items[kept])
    counts = np.bincount(item, minlength=len(names))
    parts = (corrected.rectifiers, corrected.scores - corrected.rectifiers)
    return np.column_stack([np.bincount(item, part[kept], len(names)) / counts for part in parts])


def _parts(labels: int, answers: int, of_items: NDArray[np.float64]) -> LabelVariance:
    residual, explained = (float(each) for each in of_items.var(axis=0, ddof=1) / len(of_items))
    return LabelVariance(labels, answers, residual * labels, explained * answers)
