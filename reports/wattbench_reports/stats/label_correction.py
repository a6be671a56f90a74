"""Correct a judge's verdicts by labels of people: prediction-powered inference, as one corrected score per answer.

A judge scores all N answers of a system to a task; people label n of them, drawn at random. Of answer i let f be the
verdict, y the label, d 1 where it is labelled and 0 elsewhere, and p the chance with which it was drawn. Its corrected
score is

    s = a + b f + d / p (y - a - b f)

so that the mean of s is the estimate of A. N. Angelopoulos, J. C. Duchi and T. Zrnic, "PPI++: efficient
prediction-powered inference" (2023, arXiv 2311.01453), with the slope b that makes its variance least (their lambda,
there by N / (N - n) smaller, as they average the verdicts of answers without a label alone), and a the mean of y - b f
over the labels: the difference estimator of survey statistics (C.-E. Saerndal, B. Swensson and J. Wretman, "Model
Assisted Survey Sampling" (1992), 6.3). Answers without a verdict take the mean verdict: labels correct what is wrong
with that, too. The last part, d / p (y - a - b f), is the **rectifier** of the answer.

One score per answer is all that other figures need: a mean over items or blocks, a paired difference, joules per
correct answer, and each with a variance that holds items, time and the judge's error. Corrected scores are no longer
between 0 and 1; only their means say something.

**Assumption**: labels are drawn at random, with chances that are known up to a factor, and a label is right. A label is
the truth by definition: what people disagree on is said next to it (`wattbench_reports.stats.agreement`).

**Few labels.** Three corrections, none of which moves the mean of s:

- a and b are fitted to the labels, so that their residuals are too small, most so where few labels have one of the
  verdicts. In the rectifiers each residual is that from the line of all *other* items, less the mean of these (the
  jackknife's variance; J. G. MacKinnon and H. White, J. of Econometrics 29 (1985)).
- They are multiplied by t(items - 2) / z at 97.5%, as readers of the scores take the variance for known from many.
- Where people and judge agree on all n labels the residuals are 0, which is no proof that the judge never errs. A
  disagreement in n + 1 labels is then assumed, in both directions alike, as Jeffreys' prior has it. An interval then
  holds the truth in more than 97% of runs: 20 labels without a disagreement are as likely where the judge errs in 10%.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

FEWEST_TO_FIT = 3
_LEVEL = 0.975
_SAME = 1e-9
"""Residuals and spreads below this are rounding errors."""

FEWEST_LABELS = 20
"""Of a system and a task: with fewer the figure stays the judge's opinion."""


@dataclass(frozen=True)
class CorrectedScores:
    """The corrected scores of a system's answers to a task."""

    scores: NDArray[np.float64]
    """Shape (answers,)."""
    rectifiers: NDArray[np.float64]
    """Shape (answers,): the part of each score that is due to labels; 0 without any."""
    labels: int
    """How many of the answers are labelled."""
    slope: float
    """b: 0 where the verdicts say nothing of the labels, about 1 where they are as good."""
    opinion: float
    """The mean verdict; NaN where nothing was judged."""
    bias: float
    """Mean verdict less mean label, over the labelled answers; NaN where none of them was judged."""


@dataclass(frozen=True)
class TaskAnswers:
    """The answers of all systems to one task, in arrays of shape (answers,)."""

    systems: NDArray[np.int64]
    """The number of the system, from 0."""
    items: NDArray[np.int64]
    """The item, as any whole number: the same for all systems."""
    verdicts: NDArray[np.float64]
    """0 to 1; NaN: not judged."""
    labels: NDArray[np.float64]
    """0 to 1; NaN: without a label."""
    chances: NDArray[np.float64] | None = None
    """With which each answer was drawn for a label, up to a factor; None: all alike."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return whether each answer has a label."""
        return np.isfinite(self.labels)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Return whether each answer has a verdict."""
        return np.isfinite(self.verdicts)

    @property
    def weights(self) -> NDArray[np.float64]:
        """Return how many answers each label is one of: 1 / chance; 0 without a label."""
        chances = np.ones(len(self.labels)) if self.chances is None else self.chances
        return np.where(self.known, 1 / np.where(self.known, chances, 1.0), 0.0)

    def where(self, rows: NDArray[np.bool_]) -> TaskAnswers:
        """Return some of the answers."""
        chances = None if self.chances is None else self.chances[rows]
        return TaskAnswers(self.systems[rows], self.items[rows], self.verdicts[rows], self.labels[rows], chances)


def corrected_scores(
    verdicts: NDArray[np.float64],
    labels: NDArray[np.float64],
    chances: NDArray[np.float64] | None = None,
    items: NDArray[np.int64] | None = None,
    *,
    system: str = "",
) -> CorrectedScores:
    """Return the corrected scores of a system's answers to a task.

    Args:
        verdicts: shape (answers,): 0 to 1; NaN: not judged.
        labels: shape (answers,): 0 to 1; NaN: without a label.
        chances: shape (answers,): with which each was drawn, up to a factor; None: all alike.
        items: shape (answers,): the item of each, as any whole number; None: no item was asked twice.
        system: its name: what is assumed where all labels agree is drawn by it.

    Raises:
        ValueError: there are fewer than 3 labels, or labels of fewer than 3 items.
    """
    judged, known = np.isfinite(verdicts), np.isfinite(labels)
    opinion = float(verdicts[judged].mean()) if judged.any() else np.nan
    filled = np.where(judged, verdicts, opinion if judged.any() else 0.0)
    x, y = filled[known], labels[known]
    names, item = np.unique(np.flatnonzero(known) if items is None else items[known], return_inverse=True)
    if len(names) < FEWEST_TO_FIT:
        raise ValueError(f"{len(y)} labels of {len(names)} items: at least {FEWEST_TO_FIT} items are needed")
    weights = np.ones(len(y)) if chances is None else 1 / chances[known]
    share = weights / weights.sum()
    sums = np.stack([share, share * x, share * y, share * x**2, share * x * y])
    total = sums.sum(axis=1, keepdims=True)
    (offset,), (slope,) = _fitted(total)
    offsets, slopes = _fitted(total - np.stack([np.bincount(item, row) for row in sums]))
    residuals = y - offsets[item] - slopes[item] * x
    residuals -= share @ residuals
    if np.abs(residuals).max() < _SAME:
        residuals = _assumed(share, zlib.crc32(system.encode()))
    rectifiers = np.zeros(len(verdicts))
    rectifiers[known] = len(verdicts) * share * residuals * (stdtrit(len(names) - 2, _LEVEL) / ndtri(_LEVEL))
    both = judged[known]
    bias = float(share[both] @ (x - y)[both] / share[both].sum()) if both.any() else np.nan
    return CorrectedScores(offset + slope * filled + rectifiers, rectifiers, len(y), float(slope), opinion, bias)


def _fitted(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return offsets and slopes of the lines of some sums of w, w f, w y, w f^2 and w f y, shape (5, lines).

    A slope is kept within 0 to 1, as in PPI++, and is 0 where the verdicts do not differ.
    """
    total, verdicts, labels, squares, products = sums
    mean, middle = verdicts / total, labels / total
    spread, together = squares / total - mean**2, products / total - mean * middle
    some = spread > _SAME
    slope = np.where(some, np.clip(together / np.where(some, spread, 1.0), 0.0, 1.0), 0.0)
    return middle - slope * mean, slope


def _assumed(share: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return residuals of both signs, of which a disagreement in n + 1 labels has the mean square.

    Signs are drawn anew for each system, so that what is assumed of two systems does not cancel in their difference.
    """
    number = len(share)
    signs = np.random.default_rng(seed).permutation(np.where(np.arange(number) % 2 == 0, 1.0, -1.0))
    signs -= share @ signs
    return np.asarray(signs / np.sqrt(share @ signs**2 * (number + 1)))
