"""Forecast a gate: the smallest worsening that it finds, the items that a verdict takes, and the chance of one.

All of it is of the rounds so far: the noise, the answers that differ, and how rounds and loads hang together are those
that were measured. What is expected of more items is what these show, in as much less noise as they are more. Where the
standard error is known from few groups, so is what follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from wattbench.records.schema.gate import GATE_ACCURACY_MARGINS, gate_loads
from wattbench_reports.gate.bounds import LAST_LOOK, AtEnd, MetricBounds
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.registry import ACCURACY
from wattbench_reports.stats.student import t_at, t_probability

DISCORDANT = 0.1
"""Share of the items that only one of two equal systems answers rightly, by which a margin is chosen before there are
answers."""
_PASSED_IN = 0.8
"""Of gates: the power of clinical trials."""
UNLIKELY = 0.1
"""A gate that will come to a verdict with no more than this chance ends."""
_MOST_ITEMS = 1e6
"""Beyond it no number of items is stated."""
_LARGER_OF_TWO = 4.0
"""The larger of two estimates of a variance (`wattbench_reports.stats.grouped_ratio`) scatters as one of a quarter of
the degrees of freedom: in simulated gates of the default loads, with instances that differ by 2%."""
_MOST_EXPONENT = math.log(5)
"""Of the largest rise that is stated, 400%, as a logarithm."""
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Question:
    """The bounds of a metric, with the margin and the levels that decide it."""

    bounds: MetricBounds
    margin: float
    level: float
    """At which it fails."""
    beta: float
    """At which it passes."""
    in_points: bool
    either: bool = False


def accuracy_margin(items: int, beta: float, *, in_turns: bool = True) -> float:
    """Return the smallest margin of accuracy that an unchanged candidate passes in most gates of this length.

    Args:
        items: that the gate may ask.
        beta: the miss rate.
        in_turns: the last look has a part of it; else there is one look.
    """
    size = max(items, 1)
    # As the variance of `metric_figures`: four items are added.
    bound = -_NORMAL.inv_cdf(beta * (LAST_LOOK if in_turns else 1.0)) * math.sqrt(DISCORDANT * size + 4) / size
    least = bound + _NORMAL.inv_cdf(_PASSED_IN) * math.sqrt(DISCORDANT / size)
    return next((each for each in GATE_ACCURACY_MARGINS if each >= least), GATE_ACCURACY_MARGINS[-1])


def accuracy_can_pass(margin: float, items: int, beta: float) -> bool:
    """Return whether a gate with this many items passes accuracy if both systems answer alike."""
    return bool(items) and -_NORMAL.inv_cdf(beta * LAST_LOOK) * 2 / items <= margin


def detectable(question: Question) -> float | None:
    """Return the smallest worsening that the gate finds by its end with probability 1 - beta; None if it finds none.

    The distance of a worsening that Student's t shows with a chance, in standard errors, is that of the normal
    approximation to the noncentral t (N. L. Johnson and B. L. Welch, "Applications of the non-central t-distribution",
    Biometrika 31, 1940).
    """
    estimate, level = float(question.bounds.estimate[-1]), question.level / (2 if question.either else 1)
    return _smallest(question.bounds.at_end, estimate, question.margin, level, question.beta, question.in_points)


def _smallest(end: AtEnd, estimate: float, margin: float, level: float, beta: float, in_points: bool) -> float | None:
    if not math.isfinite(end.standard_error) or end.df < 1:
        return None
    distance = _distance(end, level, 1 - beta)
    if not in_points:
        exponent = distance * end.standard_error / (1 + estimate)
        return (1 + margin) * (1 + end.drift) * math.exp(exponent) - 1 if exponent < _MOST_EXPONENT else None
    size, noise = margin, end.standard_error**2 * end.items
    for _ in range(50):  # answers that are lost differ: a larger worsening has a larger variance
        size = margin + distance * math.sqrt(max(noise, size - size**2) / end.items)
    return size if size < 1 else None


def _distance(end: AtEnd, level: float, chance: float) -> float:
    quantile = t_at(1 - level * end.spent, end.df)
    known = end.df / _LARGER_OF_TWO
    return quantile * (1 - 1 / (4 * end.df)) + _NORMAL.inv_cdf(chance) * math.sqrt(1 + quantile**2 / (2 * known))


def detectable_before(policy: Policy, items: int, noise: Mapping[str, float]) -> Mapping[str, float]:
    """Return the smallest worsening of each metric that a gate finds with probability 1 - beta, by calibrated noise.

    Args:
        policy: of the gate; every margin is known.
        items: that it may ask.
        noise: metric to the standard error of a worsening times the square root of its items.

    Returns:
        In the order of the policy: of accuracy points, of others a share.
    """
    whole = math.fsum(rule.weight for rule in policy.rules if rule.blocks)
    df = gate_loads(items) - 1.0
    sizes = {}
    for rule in policy.rules:
        if rule.metric in noise:
            at_end = AtEnd(items, noise[rule.metric] / math.sqrt(items), df, LAST_LOOK)
            level = policy.alpha * (rule.weight / whole if rule.blocks else 1.0)
            sizes[rule.metric] = _smallest(at_end, 0.0, rule.margin, level, policy.beta, rule.metric == ACCURACY)
    return {metric: size for metric, size in sizes.items() if size is not None}


def more_items(question: Question) -> int | None:
    """Return how many more items, in all, should decide a metric; None where no reasonable number would."""
    end, estimate = question.bounds.at_end, float(question.bounds.estimate[-1])
    now = float(question.bounds.items[-1])
    gap = question.margin - (abs(estimate) if question.either else estimate)
    if end.drift:  # bounds are apart by it: the nearer one has to be beyond the margin
        nearer = (1 + estimate) * (1 + end.drift) ** math.copysign(1, gap) - 1
        gap = question.margin - nearer if (question.margin - nearer) * gap > 0 else 0.0
    rate = question.beta if gap > 0 else question.level
    reach = t_at(1 - rate * end.spent, max(end.df, 1.0)) + _NORMAL.inv_cdf(_PASSED_IN)
    if not math.isfinite(end.standard_error) or not gap:
        return None
    needed = (gap / reach) ** 2 - end.fixed**2
    if needed <= 0:
        return None
    items = end.items * (end.standard_error**2 - end.fixed**2) / needed
    return None if items > _MOST_ITEMS else max(math.ceil(items - now), 1)


def chance_of_verdict(questions: Sequence[Question]) -> float:
    """Return the chance that a gate fails or passes by its last look, given its rounds so far.

    What the estimate will be then has Student's t about what it is now, with the variance that more items take off
    (the predictive power of D. J. Spiegelhalter, L. S. Freedman and P. R. Blackburn, "Monitoring clinical trials:
    conditional or predictive power?", Controlled Clinical Trials 7, 1986, with a flat prior).

    Args:
        questions: of all metrics that block.
    """
    fails, passes = 0.0, 1.0
    for each in questions:
        failing, passing = _chances(each)
        fails, passes = fails + failing, min(passes, passing)
    return min(fails + passes, 1.0)


def _chances(question: Question) -> tuple[float, float]:
    end, estimate = question.bounds.at_end, float(question.bounds.estimate[-1])
    now_se = float(question.bounds.standard_error[-1])
    if not (math.isfinite(estimate) and math.isfinite(now_se) and end.df >= 1):
        return 1.0, 1.0
    sd = math.sqrt(max(now_se**2 - end.standard_error**2, 1e-18))
    fail_at = question.margin + t_at(1 - question.level * end.spent, end.df) * end.standard_error
    pass_at = question.margin - t_at(1 - question.beta * end.spent, end.df) * end.standard_error
    above, below = (estimate - fail_at) / sd, (pass_at - estimate) / sd
    if question.either:
        below = min(below, (pass_at + estimate) / sd)
        above = max(above, (-estimate - fail_at) / sd)
    df = max(end.df * float(question.bounds.items[-1]) / end.items, 1.0)  # of the standard error as it is known now
    return t_probability(above, df), t_probability(below, df)
