"""Turn the rounds of a gate into the evidence on each metric: its figures, and bounds of the worsening at each look.

Accuracy is the mean difference of scores, item by item. Seconds, joules and money are ratios of sums: the mean of the
candidate over that of the baseline, so that a few answers that take much longer count for what they take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.bounds import (
    MetricBounds,
    MetricEvidence,
    QuantileBounds,
    QuantileLook,
    StudentBounds,
    Values,
)
from wattbench_reports.gate.decision.looks import STRETCHES, LookPlan, groups_at, spent
from wattbench_reports.gate.evidence.model import Evidence, Pairs, Round
from wattbench_reports.metrics.metric import Quantile, Ratio
from wattbench_reports.metrics.registry import LATENCY_MEAN, QUANTILES, RATIOS
from wattbench_reports.stats.grouped_ratio import grouped_ratio
from wattbench_reports.stats.percentiles import needed, quantile

RARE = 0.02
"""A mean is not said to have kept within its margin before a share of the items as rare as this could not have been
missed: 2% that take six times as long are 10% of the mean."""

_ADDED = 4.0
"""Items of which only one is right that are added to the variance of accuracy, so that it is not 0 where there were
none (A. Agresti and B. Caffo, "Simple and effective confidence intervals for proportions", American Statistician 54,
2000)."""


def evidence_on(evidence: Evidence, metric: str, plan: LookPlan, beta: float) -> MetricEvidence | None:
    """Return the evidence on any metric but accuracy and peak memory; None where there is not enough yet.

    Args:
        evidence: of two systems in turns.
        metric: which.
        plan: of the looks.
        beta: the miss rate.
    """
    return _EVIDENCE[metric](evidence.rounds, plan, beta)


def accuracy_of(evidence: Evidence, plan: LookPlan, domain: str | None = None) -> MetricEvidence | None:
    """Return the evidence on accuracy over all items, or over the items of a domain.

    The items are in a random order over all tasks. Where it is known how many of each task the suite has, the means are
    weighted by that (post-stratification: Cochran, chapter 5A), so that what tasks differ by is no noise.
    """
    scores = [_scores(one, domain) for one in evidence.rounds]
    counts = {
        name: task.items for name, task in evidence.suite_tasks.items() if task.scored and domain in (None, task.domain)
    }
    rows = []
    for look in plan.looks:
        seen = np.concatenate([np.empty((0, 2)), *(pairs for pairs, _ in scores[: look.rounds])])
        tasks = [task for _, of_round in scores[: look.rounds] for task in of_round]
        if len(seen):
            rows.append((look.share, len(seen), *_means(seen, tasks, counts)))
    if not rows:
        return None
    share, items, ours, theirs, variance = (np.array(column) for column in zip(*rows, strict=True))
    bounds = StudentBounds(
        items=items,
        centre=ours - theirs,
        se=np.sqrt(variance),
        df=np.maximum(items - 1.0, 1.0),
        spent=spent(share),
        logarithmic=False,
        planned=(float(items[-1] / share[-1]), float(items[-1] / share[-1])),
    )
    return MetricEvidence(float(ours[-1]), float(theirs[-1]), bounds)


def _scores(one: Round, domain: str | None) -> tuple[Pairs, Sequence[str]]:
    """Return the scores of the items that are scored for both systems, and the tasks of the items where known."""
    usable = np.asarray(np.isfinite(one.correct).all(axis=1))
    if domain is not None:
        usable &= np.array([each == domain for each in one.domains], dtype=bool) if one.domains else False
    tasks = [task for task, is_used in zip(one.tasks, usable.tolist(), strict=True) if is_used] if one.tasks else []
    return one.correct[usable], tasks


def _means(scores: Pairs, tasks: Sequence[str], counts: Mapping[str, int]) -> tuple[float, float, float]:
    """Return the mean scores of both systems, and the variance of their difference."""
    size = len(scores)
    number = {name: at for at, name in enumerate(counts)}
    of_task = np.array([number.get(task, -1) for task in tasks], dtype=np.int64)
    seen = np.bincount(of_task[of_task >= 0], minlength=len(counts)) if len(counts) else np.zeros(0, dtype=np.int64)
    difference = scores[:, 1] - scores[:, 0]
    if len(counts) < 2 or len(of_task) != size or (of_task < 0).any() or seen.min() < 2:
        ours, theirs = scores.mean(axis=0).tolist()
        spread = float(difference.var(ddof=1)) if size > 1 else 1.0
        return ours, theirs, (spread + _ADDED / size) / size
    weights = np.array(list(counts.values()), dtype=np.float64) / sum(counts.values())
    means = np.stack([np.bincount(of_task, side, len(counts)) for side in scores.T]) / seen
    left = difference - (means[1] - means[0])[of_task]
    variances = np.bincount(of_task, left**2, len(counts)) / (seen - 1)
    ours, theirs = (means @ weights).tolist()
    return ours, theirs, float(weights**2 @ (variances / seen)) + _ADDED / size**2


def _ratio(
    rounds: Sequence[Round], plan: LookPlan, beta: float, sums: Values, counts: NDArray[np.int64] | None = None
) -> MetricEvidence | None:
    """Return the evidence on a ratio of sums.

    Args:
        rounds: of the gate.
        plan: of its looks.
        beta: the miss rate.
        sums: shape (rounds, 2), or (rounds, 4): of the baseline and the candidate, and what either is divided by where
            that is not the number of items. NaN: not known.
        counts: shape (rounds,): the items of the sums; None: all.
    """
    signs = np.array([-1.0, 1.0, 1.0, -1.0])[: sums.shape[1]]
    counts = np.array([one.items for one in rounds], dtype=np.int64) if counts is None else counts
    pair = np.array([-number - 1 if one.pair is None else one.pair for number, one in enumerate(rounds)])
    usable = _whole(pair, np.asarray(np.isfinite(sums).all(axis=1)))
    rows, note, totals = [], "", np.zeros(0)
    for look in plan.looks:
        grouped = groups_at(rounds, look, plan)
        known = np.flatnonzero(usable[: look.rounds])
        if grouped is None or not len(known):
            continue
        first, unit = _units(pair[known])
        of_units: Values = np.stack([np.bincount(unit, column) for column in sums[known].T], axis=1)
        sizes = np.bincount(unit, counts[known]).astype(np.int64)
        estimate = grouped_ratio(of_units, signs, grouped[0][known][first], sizes)
        if estimate is None:
            continue
        totals, note, items = sums[known].sum(axis=0), grouped[1], int(sizes.sum())
        least = _least_items([rounds[at] for at in known.tolist()], items, beta) if look.share < 1 else 0.0
        rows.append((look.share, items, estimate.log_ratio, estimate.se, estimate.df, estimate.skew, least))
    if not rows:
        return None
    share, items_at, centre, se, df, skew, least_at = (np.array(column) for column in zip(*rows, strict=True))
    groups_at_end = STRETCHES if note else plan.loads
    bounds = StudentBounds(
        items=items_at.astype(np.int64),
        centre=centre,
        se=se,
        df=df,
        spent=spent(share),
        logarithmic=True,
        note=note,
        skew=skew,
        least_items=least_at,
        planned=(float(items_at[-1] / share[-1]), max(groups_at_end - 1.0, df[-1])),
    )
    ours, theirs = (totals[:2] / (totals[2:] if len(totals) == 4 else items_at[-1])).tolist()
    return MetricEvidence(ours, theirs, bounds)


def _units(pair: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first round of each pair, and the number of the pair that each round belongs to."""
    begins = np.concatenate(([True], pair[1:] != pair[:-1]))
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _whole(pair: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rounds are known in both rounds of their pair: only there does the effect of the order cancel. A
    round without a pair has a negative number and counts by itself."""
    if not len(pair):
        return known
    unit = _units(pair)[1]
    return np.asarray(known & ((np.bincount(unit, known)[unit] == 2) | (pair < 0)))


def _least_items(rounds: Sequence[Round], items: int, beta: float) -> float:
    """Return how many items are needed so that at most `beta` of gates miss a share of `RARE` entirely.

    Items of unlike lengths count for fewer (the effective number of L. Kish, "Survey Sampling", 1965): what few long
    ones would show is missed with them.
    """
    seconds = np.concatenate([one.seconds[:, 0] for one in rounds])
    timed = seconds[np.isfinite(seconds)]
    unlike = len(timed) * float(timed @ timed) / float(timed.sum()) ** 2 if len(timed) and timed.sum() > 0 else 1.0
    return unlike * math.log(beta) / math.log1p(-RARE)


def _mean_seconds(rounds: Sequence[Round], plan: LookPlan, beta: float) -> MetricEvidence | None:
    timed = [one.seconds[np.isfinite(one.seconds).all(axis=1)] for one in rounds]
    counts = np.array([len(pairs) for pairs in timed], dtype=np.int64)
    sums = np.array([pairs.sum(axis=0) for pairs in timed], dtype=np.float64).reshape(-1, 2)
    return _ratio(rounds, plan, beta, np.where(counts[:, None] > 0, sums, np.nan), counts)


def _of_sums(ratio: Ratio) -> _OfRounds:
    """Return a function that builds the evidence on a ratio of sums over the items of a round."""

    def build(rounds: Sequence[Round], plan: LookPlan, beta: float) -> MetricEvidence | None:
        columns = [ratio.top] if ratio.bottom is None else [ratio.top, ratio.bottom]
        return _ratio(rounds, plan, beta, np.column_stack([_sums(rounds, column) for column in columns]))

    return build


def _sums(rounds: Sequence[Round], column: str) -> Values:
    """Return the sums of a column of the answers, shape (rounds, 2), NaN where they are not known."""
    if column in ("correct", "seconds"):
        sums = [getattr(one, column).sum(axis=0) for one in rounds]
    elif column in ("energy_j", "money"):
        sums = [getattr(one, column) or (np.nan, np.nan) for one in rounds]
    else:
        sums = [one.further[column] for one in rounds]
    return np.array(sums, dtype=np.float64).reshape(-1, 2)


def _quantile(of: Quantile) -> _OfRounds:
    """Return a function that builds the evidence on a quantile of the items' seconds."""
    share = of.share

    def build(rounds: Sequence[Round], plan: LookPlan, beta: float) -> MetricEvidence | None:
        of_rounds = [getattr(one, of.column) for one in rounds]
        figures = [np.empty((0, 2)) if pairs is None else pairs for pairs in of_rounds]
        timed = [pairs[(np.isfinite(pairs) & (pairs > 0)).all(axis=1)] for pairs in figures]
        looks, shares, note, both = [], [], "", np.empty((0, 2))
        for look in plan.looks:
            grouped = groups_at(rounds, look, plan)
            counts = [len(pairs) for pairs in timed[: look.rounds]]
            if grouped is None or sum(counts) < needed(share):
                continue
            group, note = grouped
            both = np.concatenate(timed[: look.rounds])
            looks.append(QuantileLook.of(both, np.repeat(group, counts), share))
            shares.append(look.share)
        if not looks:
            return None
        bounds: MetricBounds = QuantileBounds(tuple(looks), spent(shares), note, looks[-1].items / shares[-1])
        ours, theirs = (quantile(column, share) for column in both.T)
        return MetricEvidence(ours, theirs, bounds)

    return build


_OfRounds = Callable[[Sequence[Round], LookPlan, float], MetricEvidence | None]

_EVIDENCE: Mapping[str, _OfRounds] = {
    **{metric: _of_sums(ratio) for metric, ratio in RATIOS.items()},
    **{metric: _quantile(quantile) for metric, quantile in QUANTILES.items()},
    LATENCY_MEAN: _mean_seconds,
}
