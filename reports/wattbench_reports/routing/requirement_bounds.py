"""Bound what is required of a router from its own items, each bound one-sided and at the reader's risk.

- **Accuracy**: Clopper and Pearson's bounds of an effective number of items (`wattbench_reports.decision.bounds`).
  Where all clusters agree it is that of the items, or of the different requests where some read alike.
- **A percentile of seconds** (p95): from such bounds of the share of items beyond t, with the design effect of that
  share, at each of some t: the upper bound is the least t beyond which at most 5% are shown to be; the lower bound is
  the largest t beyond which more than 5% are shown to be. So a limit that is looser than one that is met is met.
- **A mean cost**: Student's t over clusters.

Of several routers that are judged the best is chosen, so that all bounds of a requirement hold at once at the risk
(`risk_of_each`). Several requirements are each at the risk (`judge.qualifies`).

Holds where clusters (blocks, or requests that read alike) are independent of each other, and there are more than a few
of them. From a single cluster nothing is bounded.

Source of percentiles from shares: R. S. Woodruff, "Confidence intervals for medians and other position measures", JASA
47 (1952).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.bounds import BoundedShare
from wattbench_reports.decision.model import SHARE
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.figures import ItemFigure, item_figure
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.stats.simultaneous import simultaneous_quantile
from wattbench_reports.stats.student import t_probability

Bounds = tuple[float, float]
"""Lower and upper."""

_NOTHING = 1e-12
_TRIED = 64
"""How many seconds are tried for the bounds of a percentile."""
_SLOWEST = 0.25
"""Among the slowest of this share of the items."""


def mean_bounds(figure: ItemFigure, risk: float) -> Bounds:
    """Bound a mean, each bound at the risk."""
    bounds = figure.interval(1 - 2 * risk)
    return bounds.low, bounds.high


def share_bounds(figure: ItemFigure, risk: float) -> Bounds:
    """Bound a mean of scores from 0 to 1, each bound at the risk."""
    if not figure.df > 0:
        return 0.0, 1.0
    share, varies = min(max(figure.estimate, 0.0), 1.0), figure.se**2 > _NOTHING
    most = figure.items if varies else figure.agreeing
    return BoundedShare(lambda risk: (share, share), lambda share: figure.se**2, SHARE, most, figure.df).bounds(risk)


@dataclass(frozen=True)
class BoundEvidence:
    """The evidence from which bounds are made at any risk."""

    parts: NDArray[np.float64]
    """Shape (clusters,): what each cluster adds to the mean that is bounded."""
    bounds_at: Callable[[float], Bounds]
    """Given the risk of each bound."""


def share_evidence(figure: ItemFigure) -> BoundEvidence:
    """Return the evidence for bounds of a mean score."""
    return BoundEvidence(figure.parts, partial(share_bounds, figure))


def mean_evidence(figure: ItemFigure) -> BoundEvidence:
    """Return the evidence for bounds of a mean."""
    return BoundEvidence(figure.parts, partial(mean_bounds, figure))


def percentile_evidence(answers: ItemAnswers, seconds: NDArray[np.float64], limit_s: float) -> BoundEvidence:
    """Return the evidence for bounds of the 95th percentile of seconds.

    Args:
        answers: of the run.
        seconds: shape (items,).
        limit_s: which is tried as well.
    """
    ordered = np.sort(seconds)
    slow = ordered[int(len(ordered) * (1 - _SLOWEST)) :]
    tried = np.unique(np.append(np.quantile(slow, np.linspace(0, 1, _TRIED), method="higher"), limit_s))
    steps = []
    for each in tried.tolist():
        after = int(np.searchsorted(ordered, each, side="right"))
        beyond = item_figure(answers, (seconds > each).astype(np.float64))
        steps.append(_Step(each, float(ordered[min(after, len(ordered) - 1)]), beyond))
    return BoundEvidence(
        item_figure(answers, (seconds > limit_s).astype(np.float64)).parts, partial(percentile_bounds, steps)
    )


@dataclass(frozen=True)
class _Step:
    """Some seconds, the next that occur, and the share of the items beyond them."""

    seconds: float
    next_s: float
    beyond: ItemFigure


def percentile_bounds(steps: Sequence[_Step], risk: float) -> Bounds:
    """Bound a percentile, each bound at the risk; the lower one may be 0 and the upper one infinite."""
    low = 0.0
    for step in steps:
        least, most = share_bounds(step.beyond, risk)
        if most <= 1 - SHARE:
            return low, step.seconds
        if least > 1 - SHARE:
            low = step.next_s
    return low, math.inf


def risk_of_each(parts: Sequence[NDArray[np.float64]], risk: float) -> float:
    """Return the risk of each of several bounds, so that all of them hold at once at a joint risk.

    It is that of their simultaneous quantile (`wattbench_reports.stats.simultaneous`), as routers that
    mostly choose alike err together. A figure that does not vary counts as one that is independent of all others.

    Args:
        parts: of each, what its clusters add to it.
        risk: of all.
    """
    varying = [each for each in parts if float((each**2).sum()) > 0]
    shared = risk / max(len(parts) - len(varying) + bool(varying), 1)
    df = min((len(each) for each in varying), default=0) - 1
    if len(varying) < 2 or df < 1:
        return shared
    return 1 - t_probability(simultaneous_quantile(varying, df, confidence=1 - shared, seed=SEED), df)
