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
with that, too.

One score per answer is all that other figures need: a mean over items or blocks, a paired difference, joules per
correct answer, and each with a variance that holds items, time and the judge's error. Corrected scores are no longer
between 0 and 1; only their means say something.

**Assumption**: labels are drawn at random, with chances that are known up to a factor, and a label is right. A label is
the truth by definition: what people disagree on is said next to it (`wattbench_reports.stats.agreement`).

Two corrections for few labels. a and b are fitted to the labels, so that residuals are too small: they are multiplied
by sqrt(n / (n - 2)), and by t(n - 2) / z at 97.5%, as readers of the scores take the variance for known from many.
Where people and judge agree on all n labels their residuals are 0, which is no proof that the judge never errs: half a
disagreement is added in each direction, as Jeffreys' prior has it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

FEWEST_TO_FIT = 3
_LEVEL = 0.975

FEWEST_LABELS = 20
"""Of a system and a task: with fewer the figure stays the judge's opinion."""


@dataclass(frozen=True)
class CorrectedScores:
    """The corrected scores of a system's answers to a task."""

    scores: NDArray[np.float64]
    """Shape (answers,)."""
    labels: int
    """How many of the answers are labelled."""
    slope: float
    """b: 0 where the verdicts say nothing of the labels, about 1 where they are as good."""
    opinion: float
    """The mean verdict."""
    bias: float
    """Mean verdict less mean label, over the labelled answers."""


def corrected_scores(
    verdicts: NDArray[np.float64], labels: NDArray[np.float64], chances: NDArray[np.float64] | None = None
) -> CorrectedScores:
    """Return the corrected scores of a system's answers to a task.

    Args:
        verdicts: shape (answers,): 0 to 1; NaN: not judged.
        labels: shape (answers,): 0 to 1; NaN: without a label.
        chances: shape (answers,): with which each was drawn, up to a factor; None: all alike.

    Raises:
        ValueError: there are fewer than 3 labels.
    """
    known = np.isfinite(labels)
    number = int(known.sum())
    if number < FEWEST_TO_FIT:
        raise ValueError(f"{number} labels: at least {FEWEST_TO_FIT} are needed")
    judged = np.isfinite(verdicts)
    opinion = float(verdicts[judged].mean()) if judged.any() else 0.0
    filled = np.where(judged, verdicts, opinion)
    weights = np.where(known, 1.0 if chances is None else 1 / np.where(known, chances, 1.0), 0.0)
    weights *= len(verdicts) / weights.sum()
    share = weights / weights.sum()
    there = np.where(known, labels, 0.0)
    of_verdicts, of_labels = filled - share @ filled, there - share @ there
    spread = float(share @ of_verdicts**2)
    slope = float(np.clip(share @ (of_verdicts * of_labels) / spread, 0.0, 1.0)) if spread > 0 else 0.0
    offset = float(share @ (there - slope * filled))
    residuals = there - offset - slope * filled
    few = math.sqrt(number / (number - 2)) * float(stdtrit(number - 2, _LEVEL) / ndtri(_LEVEL))
    further = np.zeros(len(verdicts))
    further[known] = math.sqrt(1 / (number + 1)) * _contrast(number)
    scores = offset + slope * filled + weights * (few * residuals + further)
    both = known & judged
    bias = float((verdicts[both] - labels[both]).mean()) if both.any() else math.nan
    return CorrectedScores(scores, number, slope, opinion, bias)


def _contrast(number: int) -> NDArray[np.float64]:
    """Return numbers of alternating sign that sum to 0 and have a mean square of 1."""
    signs = np.where(np.arange(number) % 2 == 0, 1.0, -1.0)
    signs -= signs.mean()
    return np.asarray(signs / math.sqrt(float((signs**2).mean())))
