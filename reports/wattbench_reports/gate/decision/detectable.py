"""Compute what a gate can find within its cap, before it starts: the smallest worsening of each metric.

The gate's own tests are run on simulated figures: the worsening is sought that they find in 1 - beta of gates. How much
two systems differ from item to item and from pair to pair is assumed, unless a calibration of the machine measured it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wattbench.records.suite_defaults import GATE_SHORT_PAIRS, GATE_SHORT_ROUND_ITEMS
from wattbench_reports.gate.decision.case import NO_SLACK, Case, Slack
from wattbench_reports.gate.decision.metric_figures import MONEY_ITEMS, UNIT_SCORES
from wattbench_reports.gate.decision.metric_tests import SESSION_PART
from wattbench_reports.gate.decision.sequential_tests import (
    TAIL,
    TAIL_FIRST_ITEMS,
    TAIL_MARGIN,
    TAIL_UNIT_ITEMS,
    Values,
    log_ratio,
)
from wattbench_reports.gate.metrics import (
    ACCURACY,
    COST_PER_CORRECT,
    COST_PER_REQUEST,
    ENERGY,
    JOULES_PER_CORRECT,
    LATENCY_P95,
    MONEY,
    PEAK_MEMORY,
    SEPARATOR,
)
from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.stats import centre_evidence, mean_evidence, variances_before
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.stats.percentiles import needed

_Value = TypeVar("_Value")

PAIR_NOISE = 0.05
"""Assumed standard deviation of a pair's log-ratio of seconds or joules."""
DISCORDANT = 0.1
"""Assumed share of items that only one of the two systems answers rightly."""
_RIGHT = 0.5
"""Assumed accuracy, which joules per correct answer depend on."""
_ITEMS_OF_UNIT = UNIT_SCORES[0][1] / _RIGHT
"""Of a unit that holds enough right answers."""
_ITEM_SPREAD = 0.5
"""Assumed standard deviation of the logarithm of an item's seconds, which a p95 depends on."""
_GATES = 200
_MOST = 4.0
"""A share beyond which no worsening is looked for."""
_BEST_FIGURE = math.log(1.95)
"""The most that one figure of seconds or joules can add to the evidence."""


@dataclass(frozen=True)
class Layout:
    """How a gate asks its items."""

    items: int
    pairs: tuple[int, ...]
    """Items of each pair of rounds, in order."""
    with_joules: tuple[int, ...]
    """Likewise, of the pairs whose windows are long enough for joules."""
    with_money: tuple[int, ...] | None = None
    """Likewise, of the pairs whose money is known; None: of all."""

    def units_of_money(self, metric: str) -> NDArray[np.int64]:
        """Return the items of each unit of pairs by which money is judged."""
        pairs = self.pairs if self.with_money is None else self.with_money
        return _units(pairs, MONEY_ITEMS if metric == COST_PER_REQUEST else _ITEMS_OF_UNIT)


def layout_in_turns(policy: Policy, items: int, *, money_by_joules: bool = False) -> Layout:
    """Return the layout of a gate that asks two systems in turns: a few short pairs, then longer ones.

    Args:
        policy: of the gate.
        items: that it may ask at most.
        money_by_joules: the money of an answer is known where its joules are: electricity is paid for.
    """
    judged = (*ENERGY, *MONEY) if money_by_joules else ENERGY
    with_joules = any(rule.metric in judged for rule in policy.rules)
    pairs: list[int] = []
    joules: list[int] = []
    left = items
    while left >= 2:
        later = len(pairs) >= GATE_SHORT_PAIRS
        size = min(2 * (policy.block if later else GATE_SHORT_ROUND_ITEMS), left)
        pairs.append(size)
        if later and with_joules:
            joules.append(size)
        left -= size
    return Layout(items, tuple(pairs), tuple(joules), tuple(joules) if money_by_joules else None)


def detectable(
    policy: Policy,
    items: int,
    *,
    noise: Mapping[str, float] | None = None,
    discordant: float = DISCORDANT,
    layout: Layout | None = None,
    slack: Mapping[str, Slack] | None = None,
) -> Mapping[str, float]:
    """Return the smallest worsening of each metric that a gate finds with probability 1 - beta.

    Args:
        policy: of the gate.
        items: that it may ask at most.
        noise: metric to the standard deviation of a pair's log-ratio; `PAIR_NOISE` for those without.
        discordant: the share of items that only one system answers rightly.
        layout: how it asks them; None: in turns.
        slack: of two runs, metric to what they may differ by without a change.

    Returns:
        In the order of the policy: of accuracy points, of others a share. A metric of which it finds no worsening, or
        that is not tested, is not among them.
    """
    shape = layout or layout_in_turns(policy, items)
    return dict(_detectable(policy, shape, _as_key(noise), discordant, _as_key(slack)))


def _as_key(by_metric: Mapping[str, _Value] | None) -> tuple[tuple[str, _Value], ...]:
    return tuple((by_metric or {}).items())


@lru_cache(maxsize=64)
def _detectable(
    policy: Policy,
    shape: Layout,
    noise_of: tuple[tuple[str, float], ...],
    discordant: float,
    slack_of: tuple[tuple[str, Slack], ...],
) -> Mapping[str, float]:
    """Compute it once for gates of one policy and layout: a command asks before the gate starts, and the verdict."""
    noise, slack = dict(noise_of), dict(slack_of)
    judged = [rule for rule in policy.rules if rule.metric != PEAK_MEMORY]
    whole = math.fsum(rule.weight for rule in judged if rule.blocks)
    smallest: dict[str, float] = {}
    for rule in judged:
        case = Case(rule, slack=slack.get(rule.metric, NO_SLACK))
        weight = rule.weight / (2 if rule.each_domain is not None else 1)
        level = policy.alpha * (weight / whole if rule.blocks else 1.0)
        level *= 1 - SESSION_PART if case.slack.sessions else 1.0
        enough = -math.log(level / (2 if rule.either else 1))
        wealth = _simulated(case, shape, noise.get(rule.metric, PAIR_NOISE), discordant)
        size = None if wealth is None else _smallest(wealth, enough, policy.beta, case)
        if size is not None:
            smallest[rule.metric] = size
    return smallest


def undecidable(
    policy: Policy, items: int, *, layout: Layout | None = None, domains: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """Return the metrics that can never be decided within a cap: even an unchanged candidate could not pass.

    A worsening by the margin takes more to be shown than its absence, so that it would not be found either. Larger ones
    may be.

    Args:
        policy: of the gate.
        items: that it may ask at most.
        layout: how it asks them; None: in turns.
        domains: domain to its items, where the policy guards each; None: not known.
    """
    shape = layout or layout_in_turns(policy, items)
    names = [
        rule.metric
        for rule in policy.rules
        if rule.blocks and rule.metric != PEAK_MEMORY and not _can_pass(rule, shape, policy.beta)
    ]
    for rule in policy.rules:
        if rule.each_domain is not None and rule.blocks:
            names += [
                f"{rule.metric}{SEPARATOR}{domain}"
                for domain, count in (domains or {}).items()
                if not _accuracy_can_pass(rule.each_domain, count, policy.beta)
            ]
    return tuple(names)


def _can_pass(rule: Rule, shape: Layout, beta: float) -> bool:
    if rule.metric == ACCURACY:
        return _accuracy_can_pass(rule.margin, shape.items, beta)
    if rule.metric == LATENCY_P95:
        return shape.items >= needed(TAIL) and _figures_can_pass(_tail_figures(shape), beta)
    if rule.metric == JOULES_PER_CORRECT:
        return _figures_can_pass(len(_units(shape.with_joules)), beta)
    if rule.metric in MONEY:
        return _figures_can_pass(len(shape.units_of_money(rule.metric)), beta)
    return _figures_can_pass(len(shape.with_joules if rule.metric in ENERGY else shape.pairs), beta)


def _accuracy_can_pass(margin: float, items: int, beta: float) -> bool:
    """Return whether items of which both systems answer the same ones rightly are enough."""
    if not items:
        return False
    return bool(mean_evidence(np.zeros(items), -margin, margin, above=True)[-1] >= -math.log(beta))


def _figures_can_pass(figures: int, beta: float) -> bool:
    return figures * _BEST_FIGURE >= -math.log(beta)


def _simulated(case: Case, shape: Layout, noise: float, discordant: float) -> Callable[[float], Values] | None:
    """Return what simulates gates whose candidate is worse by some amount, giving the most log evidence of each gate.

    All draws are the same for each amount, so that a larger one is found in at least as many gates.
    """
    rng = np.random.default_rng(SEED)
    metric = case.rule.metric
    if metric == ACCURACY:
        return _scores(case, rng, shape.items, discordant) if shape.items else None
    if metric == LATENCY_P95:
        return _tails(case, rng, _tail_figures(shape), noise) if shape.items >= needed(TAIL) else None
    if metric in (JOULES_PER_CORRECT, COST_PER_CORRECT):
        sizes = _units(shape.with_joules) if metric == JOULES_PER_CORRECT else shape.units_of_money(metric)
        of_scores = discordant / (_RIGHT**2 * np.maximum(sizes, 1))
        return _ratios(case, rng, sizes, np.sqrt(noise**2 + of_scores)) if len(sizes) else None
    if metric == COST_PER_REQUEST:
        sizes = shape.units_of_money(metric)
        return _ratios(case, rng, sizes, np.full(len(sizes), noise)) if len(sizes) else None
    sizes = np.array(shape.with_joules if metric in ENERGY else shape.pairs, dtype=np.int64)
    return _ratios(case, rng, sizes, np.full(len(sizes), noise)) if len(sizes) else None


def _scores(case: Case, rng: np.random.Generator, items: int, discordant: float) -> Callable[[float], Values]:
    draws = rng.random((_GATES, items))
    distance = case.rule.margin - case.null

    def wealth(worse_by: float) -> Values:
        won = max(discordant - worse_by, 0.0) / 2
        x = np.where(draws < won + worse_by, -1.0, np.where(draws > 1 - won, 1.0, 0.0))
        return np.asarray(mean_evidence(x, -case.null, distance, above=False).max(axis=-1))

    return wealth


def _ratios(
    case: Case, rng: np.random.Generator, sizes: NDArray[np.int64], sd: NDArray[np.float64]
) -> Callable[[float], Values]:
    d = rng.normal(0.0, 1.0, (_GATES, len(sizes))) * sd
    spread = variances_before(d, sizes)
    null = log_ratio(case.null) + log_ratio(case.slack.failing)
    distance = log_ratio(case.rule.margin) - log_ratio(case.null)

    def wealth(worse_by: float) -> Values:
        seen = d + log_ratio(worse_by)
        return np.asarray(centre_evidence(seen, null, distance, above=True, spread=spread).max(axis=-1))

    return wealth


def _tails(case: Case, rng: np.random.Generator, figures: int, noise: float) -> Callable[[float], Values] | None:
    if not figures:
        return None
    shape = (_GATES, figures, TAIL_UNIT_ITEMS)
    items = rng.normal(0.0, _ITEM_SPREAD, shape)
    candidate = items + rng.normal(0.0, noise, (_GATES, figures, 1))
    limit = float(np.quantile(items, TAIL))
    ours = (items > limit).mean(axis=-1)
    by = log_ratio(case.null) + log_ratio(case.slack.failing)

    def wealth(worse_by: float) -> Values:
        excess = (candidate + log_ratio(worse_by) > limit + by).mean(axis=-1) - ours
        return np.asarray(centre_evidence(excess, 0.0, TAIL_MARGIN, above=True).max(axis=-1))

    return wealth


def _smallest(wealth: Callable[[float], Values], enough: float, beta: float, case: Case) -> float | None:
    """Bisect for the smallest worsening that enough gates find, to a thousandth."""
    low, high = 0.0, 1.0 if case.in_points else _MOST
    if np.mean(wealth(high) >= enough) < 1 - beta:
        return None
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if np.mean(wealth(middle) >= enough) >= 1 - beta else (middle, high)
    return high


def _tail_figures(shape: Layout) -> int:
    return max(shape.items - TAIL_FIRST_ITEMS, 0) // TAIL_UNIT_ITEMS


def _units(pairs: Sequence[int], enough: float = _ITEMS_OF_UNIT) -> NDArray[np.int64]:
    """Return the items of each unit of pairs that holds enough of them: by default, enough for its right answers."""
    sizes, waiting = [], 0
    for items in pairs:
        waiting += items
        if waiting >= enough:
            sizes.append(waiting)
            waiting = 0
    return np.array(sizes, dtype=np.int64)
