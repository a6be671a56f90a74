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

**Pooled**: labels of all systems correct one that has few (`pooled_scores`), if the judge errs alike on them
(`wattbench_reports.stats.alike_errors`). The rectifier of an item is then the same for each such system, so that it
cancels in their difference and stays in the level of each.
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
"""Of a system and a task: with fewer the figure stays the judge's opinion, unless they are pooled."""
FEWEST_POOLED = 5
"""Of a system: with fewer, labels of other systems do not correct it either."""


@dataclass(frozen=True)
class CorrectedScores:
    """The corrected scores of a system's answers to a task."""

    scores: NDArray[np.float64]
    """Shape (answers,)."""
    rectifiers: NDArray[np.float64]
    """Shape (answers,): the part of each score that is due to labels; 0 without any."""
    labels: int
    """How many answers are labelled: of the system, or where labels are pooled of all systems."""
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
        """Return what each answer stands for among the labels: 0 without a label, else 1 / chance."""
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
) -> CorrectedScores:
    """Return the corrected scores of a system's answers to a task.

    Args:
        verdicts: shape (answers,): 0 to 1; NaN: not judged.
        labels: shape (answers,): 0 to 1; NaN: without a label.
        chances: shape (answers,): with which each was drawn, up to a factor; None: all alike.
        items: shape (answers,): the item of each, as any whole number; None: no item was asked twice.

    Raises:
        ValueError: there are fewer than 3 labels, or labels of fewer than 3 items.
    """
    number = len(verdicts)
    of_items = np.arange(number) if items is None else items
    answers = TaskAnswers(np.zeros(number, dtype=np.int64), of_items, verdicts, labels, chances)
    line = _line(answers)
    rectifiers = np.zeros(number)
    rectifiers[answers.known] = number * line.parts
    return _scores(answers, line, rectifiers)


def pooled_scores(answers: TaskAnswers, system: int) -> CorrectedScores:
    """Return the corrected scores of a system's answers, with the labels of all systems.

    Valid where the judge errs alike on all of them. Labels of items that the system was not asked are left out.

    Args:
        answers: of all systems.
        system: by its number; its answers are in the order that they have there.

    Raises:
        ValueError: there are fewer than 3 labels, or labels of fewer than 3 items.
    """
    own = answers.where(answers.systems == system)
    shared = answers.where(np.isin(answers.items, own.items))
    line = _line(shared)
    names, item = np.unique(own.items, return_inverse=True)
    of_item = np.bincount(np.searchsorted(names, shared.items[shared.known]), line.parts, len(names))
    rectifiers = (of_item * len(item) / np.bincount(item))[item]
    return _scores(own, line, np.asarray(rectifiers))


@dataclass(frozen=True)
class _Line:
    """The line that is fitted to labels."""

    offset: float
    slope: float
    unjudged: float
    """The verdict that answers without one take."""
    parts: NDArray[np.float64]
    """Shape (labels,): the share of each label times its residual. Their sum is 0."""
    bias: float


def _line(answers: TaskAnswers) -> _Line:
    judged, known = answers.judged, answers.known
    unjudged = float(answers.verdicts[judged].mean()) if judged.any() else 0.0
    verdicts = np.where(judged, answers.verdicts, unjudged)[known]
    labels = answers.labels[known]
    items, item = np.unique(answers.items[known], return_inverse=True)
    if len(items) < FEWEST_TO_FIT:
        raise ValueError(f"{len(labels)} labels of {len(items)} items: at least {FEWEST_TO_FIT} items are needed")
    weights = answers.weights[known]
    share = weights / weights.sum()
    sums = np.stack([share, share * verdicts, share * labels, share * verdicts**2, share * verdicts * labels])
    offset, slope = _fitted(sums.sum(axis=1)[:, None])
    of_item = np.stack([np.bincount(item, row) for row in sums])
    offsets, slopes = _fitted(sums.sum(axis=1)[:, None] - of_item)
    residuals = labels - offsets[item] - slopes[item] * verdicts
    residuals -= share @ residuals
    if np.abs(residuals).max() < _SAME:
        residuals = _assumed(share, zlib.crc32(verdicts.tobytes() + answers.verdicts.tobytes()))
    residuals *= float(stdtrit(len(items) - 2, _LEVEL) / ndtri(_LEVEL))
    both = judged[known]
    within = share[both] / share[both].sum() if both.any() else share[both]
    bias = float(within @ (verdicts - labels)[both]) if both.any() else np.nan
    return _Line(float(offset[0]), float(slope[0]), unjudged, share * residuals, bias)


def _scores(own: TaskAnswers, line: _Line, rectifiers: NDArray[np.float64]) -> CorrectedScores:
    verdicts = np.where(own.judged, own.verdicts, line.unjudged)
    opinion = float(own.verdicts[own.judged].mean()) if own.judged.any() else np.nan
    scores = line.offset + line.slope * verdicts + rectifiers
    return CorrectedScores(scores, rectifiers, len(line.parts), line.slope, opinion, line.bias)


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
