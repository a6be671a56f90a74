"""Bound how two systems of two records differ, metric by metric: one look, at everything.

    accuracy                  by item, stratified by task (`wattbench_reports.stats.score_differences`); with corrected
                              scores of judged answers by their mean difference with its skewness, as joules
    mean seconds, joules,     ratio of sums, paired: the jackknife's values (`log_ratio_losses`) of both, by item and
    money                     stratified by task, or where both were asked in the same blocks by block; with their
                              skewness (`wattbench_reports.stats.score_differences`)
    p50, p95, first token     quotients of order statistics (`wattbench_reports.stats.quantile_intervals`)

Two sessions of the machine differ without any change of a system. Their variance is added to that of the items, with
Satterthwaite's degrees of freedom, so that bounds narrow with the items until sessions are what is left. Where a policy
assumes a largest difference between sessions instead, the bounds are moved apart by it.

Blocks that were dealt anew in each run do not pair; what the machine did within either run is in the variance between
sessions, which is of whole runs.

Valid where items are independent, or blocks are, and sessions are exchangeable (`wattbench_reports.gate.evidence.
sessions`). Noise within a session is in both parts: bounds are a little too wide rather than too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.formatting.units import percent
from wattbench_reports.gate.bounds import AtEnd, MetricEvidence, Values
from wattbench_reports.gate.evidence.model import Pairs
from wattbench_reports.gate.evidence.paired_items import PairedItems
from wattbench_reports.gate.evidence.sessions import SessionNoise
from wattbench_reports.gate.metrics import SEPARATOR
from wattbench_reports.metrics.metric import Quantile
from wattbench_reports.metrics.registry import (
    ACCURACY,
    QUANTILES,
    RATIOS,
)
from wattbench_reports.stats.block_ratios import log_ratio_losses
from wattbench_reports.stats.quantile_intervals import quantile_ratio
from wattbench_reports.stats.score_differences import MeanBounds, corrected_fall, mean_bounds, score_fall
from wattbench_reports.stats.session_variance import added
from wattbench_reports.stats.student import t_at, t_quantile

_ONE_SESSION = SessionNoise()


class ItemBounds(Protocol):
    """Bounds of how two systems differ over items alone: in points, or as the logarithm of a ratio."""

    @property
    def estimate(self) -> float:
        """Return the estimated worsening."""

    @property
    def df(self) -> float:
        """Return the degrees of freedom of the variance."""

    def bounds(self, level: float) -> tuple[float, float]:
        """Return a lower and an upper bound, each wrong in a share `level` of samples."""


@dataclass(frozen=True)
class RecordBounds:
    """`MetricBounds` of two records. Items and sessions are joined for each bound by itself: bounds may be uneven."""

    of_items: ItemBounds
    number: int
    """Of the items."""
    logarithmic: bool
    session: SessionNoise = _ONE_SESSION

    @property
    def items(self) -> NDArray[np.int64]:
        """Return the number of items judged until each look: see `MetricBounds`."""
        return np.array([self.number])

    @property
    def estimate(self) -> Values:
        """Return the estimated worsening: see `MetricBounds`."""
        return self._shown(self.of_items.estimate + self.session.shift)

    @property
    def standard_error(self) -> Values:
        """Return half the distance between the bounds at one standard deviation: see `MetricBounds`."""
        return (self._bound(_ONE_SIGMA, 1, 1) - self._bound(_ONE_SIGMA, 0, -1)) / 2

    @property
    def least_for_pass(self) -> int:
        """Return 0, as all items of the suite are there: see `MetricBounds`."""
        return 0

    @property
    def at_end(self) -> AtEnd:
        """Return the precision of the only look: see `MetricBounds`."""
        error, noise = float(self.standard_error[0]), self.session
        _, df = added((self._variance_of_items, self.of_items.df), (noise.log_variance, noise.df))
        fixed = (1 + float(self.estimate[0])) * math.sqrt(noise.log_variance)
        return AtEnd(self.number, error, df, 1.0, min(fixed, error), noise.drift)

    @property
    def note(self) -> str:
        """Return a sentence on the variance that no further items take away: see `MetricBounds`."""
        noise = self.session
        if noise.drift:
            return f"Bounds hold if two sessions differ by at most {percent(noise.drift)}, as assumed (drift)."
        if not noise.log_variance > self._variance_of_items:
            return noise.averaged_over
        half = math.expm1(t_quantile(noise.df) * math.sqrt(noise.log_variance))
        left = f"What is left is how sessions differ: ±{percent(half)}; more sessions narrow it, more items do not."
        return " ".join(filter(None, (left, noise.averaged_over)))

    def low(self, level: float) -> Values:
        """Return one-sided lower bounds of the worsening: see `MetricBounds`."""
        return (1 + self._bound(level, 0, -1)) / (1 + self.session.drift) - 1

    def high(self, level: float) -> Values:
        """Return one-sided upper bounds of the worsening: see `MetricBounds`."""
        return (1 + self._bound(level, 1, 1)) * (1 + self.session.drift) - 1

    @property
    def _variance_of_items(self) -> float:
        low, high = self.of_items.bounds(_ONE_SIGMA)
        return ((high - low) / 2) ** 2

    def _bound(self, level: float, which: int, side: int) -> Values:
        bound = self.of_items.bounds(level)[which]
        if not math.isfinite(bound):
            return np.array([side * math.inf])
        if self.session.log_variance or self.session.shift:
            variance_of_items = ((bound - self.of_items.estimate) / t_at(1 - level, self.of_items.df)) ** 2
            variance, df = added((variance_of_items, self.of_items.df), (self.session.log_variance, self.session.df))
            bound = self.of_items.estimate + self.session.shift + side * t_at(1 - level, df) * math.sqrt(variance)
        return self._shown(bound)

    def _shown(self, worsening: float) -> Values:
        return np.array([math.expm1(worsening) if self.logarithmic else worsening])


_ONE_SIGMA = NormalDist().cdf(-1)


def record_bounds(
    items: PairedItems,
    domain_of: Mapping[str, str],
    sessions: Mapping[str, SessionNoise],
) -> dict[str, MetricEvidence]:
    """Bound every metric for which both systems have figures.

    Args:
        items: that both answered.
        domain_of: task to its domain.
        sessions: metric to what sessions add to its bounds. Those of a metric without hold for one session.

    Returns:
        By the name of a verdict.
    """
    measured = dict(_accuracies(items, domain_of))
    for metric, ratio in RATIOS.items():
        over = None if ratio.bottom is None else items.figures[ratio.bottom]
        change = _log_ratio(items.figures[ratio.top], over, items.tasks.codes, items.blocks)
        measured |= {} if change is None else {metric: change.evidence(sessions.get(metric, _ONE_SESSION))}
    for metric, quantile in QUANTILES.items():
        compared = _quantile(items, quantile, sessions.get(metric, _ONE_SESSION))
        measured |= {} if compared is None else {metric: compared}
    return measured


def joules_over_scores(rounds: PairedItems, documents: PairedItems, session: SessionNoise) -> MetricEvidence | None:
    """Bound joules per correct answer from joules of rounds and scores of documents, as independent samples.

    Args:
        rounds: their joules, per document.
        documents: their scores.
        session: what sessions add.

    Returns:
        None where one of the systems has nothing in either.
    """
    joules = _log_ratio(rounds.figures["energy_j"])
    right = _log_ratio(documents.figures["correct"])
    if joules is None or right is None:
        return None
    variance, df = added((joules.of_items.variance, joules.of_items.df), (right.of_items.variance, right.of_items.df))
    of_items = MeanBounds(joules.of_items.estimate - right.of_items.estimate, variance, df, 0.0)
    ours, theirs = (spent / share for spent, share in zip(joules.figures, right.figures, strict=True))
    return _LogRatio((ours, theirs), of_items, right.items).evidence(session)


def _accuracies(items: PairedItems, domain_of: Mapping[str, str]) -> Iterator[tuple[str, MetricEvidence]]:
    """Yield accuracy over all items, and in each domain."""
    scores = items.figures["correct"]
    scored = np.isfinite(scores).all(axis=1)
    corrected = np.array([name in items.corrected for name in items.tasks.names], dtype=bool)[items.tasks.codes]
    domains = [domain_of.get(task, task) for task in items.tasks.names]
    of_item = np.array([list(dict.fromkeys(domains)).index(each) for each in domains], dtype=np.int64)
    names = list(dict.fromkeys(domains))
    for number, name in enumerate(["", *names]):
        chosen = scored if not name else scored & (of_item[items.tasks.codes] == number - 1)
        if chosen.any():
            ours, theirs = scores[chosen].T
            tasks = items.tasks.codes[chosen]
            fall: ItemBounds = score_fall(ours, theirs, tasks)
            if corrected[chosen].any():  # no shares of 0 to 1, of which there are exact bounds
                fall = corrected_fall(ours, theirs, tasks)
            means = float(ours.mean()), float(theirs.mean())
            metric = SEPARATOR.join(filter(None, (ACCURACY, name)))
            yield metric, MetricEvidence(*means, RecordBounds(fall, int(chosen.sum()), logarithmic=False))


@dataclass(frozen=True)
class _LogRatio:
    """The ratio of two figures of the same items."""

    figures: tuple[float, float]
    of_items: MeanBounds
    """Of its logarithm."""
    items: int

    def evidence(self, session: SessionNoise) -> MetricEvidence:
        """Return both figures, with the bounds of their ratio and the variance that sessions add."""
        bounds = RecordBounds(self.of_items, self.items, logarithmic=True, session=session)
        return MetricEvidence(*session.moved(*self.figures), bounds)


def _log_ratio(
    tops: Pairs,
    bottoms: Pairs | None = None,
    tasks: NDArray[np.integer[Any]] | None = None,
    blocks: NDArray[np.int64] | None = None,
) -> _LogRatio | None:
    """Compare two ratios of sums over the items with all figures; None where a sum is 0.

    Args:
        tops: what is summed.
        bottoms: over which sum; None: over the items.
        tasks: shape (items,): of each its task, as whole numbers from 0.
        blocks: shape (items,): its block, in place of tasks.
    """
    over = np.ones_like(tops) if bottoms is None else bottoms
    known = np.isfinite(np.column_stack([tops, over])).all(axis=1)
    spent, per = tops[known], over[known]
    sums = np.concatenate([spent.sum(axis=0), per.sum(axis=0)])
    if not (sums > 0).all():
        return None
    ours, theirs = (sums[:2] / sums[2:]).tolist()
    if blocks is not None:
        number = blocks[known] - blocks.min()
        losses, tasks = _losses(_by_block(spent, number), _by_block(per, number)), None
    else:
        losses, tasks = _losses(spent, per), None if tasks is None else tasks[known]
    return _LogRatio((ours, theirs), mean_bounds(losses, tasks, math.log(theirs / ours)), len(spent))


def _losses(spent: Pairs, per: Pairs) -> NDArray[np.float64]:
    losses = log_ratio_losses(spent, per)
    differences = losses[:, 1] - losses[:, 0]
    return differences if np.isfinite(differences).all() else differences[:1]  # one item holds all: no spread is known


def _by_block(figures: Pairs, blocks: NDArray[np.int64]) -> Pairs:
    sums = np.column_stack([np.bincount(blocks, side) for side in figures.T]).astype(np.float64)
    return np.asarray(sums[np.bincount(blocks) > 0])


def _quantile(items: PairedItems, quantile: Quantile, session: SessionNoise) -> MetricEvidence | None:
    figures = items.figures[quantile.column]
    known = (np.isfinite(figures) & (figures > 0)).all(axis=1)
    ours, theirs = np.ascontiguousarray(figures[known].T)
    ratio = quantile_ratio(ours, theirs, quantile.share, None if items.blocks is None else items.blocks[known])
    if ratio is None:
        return None
    bounds = RecordBounds(ratio, len(ours), logarithmic=True, session=session)
    return MetricEvidence(*session.moved(*ratio.quantiles), bounds)
