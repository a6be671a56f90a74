"""Evaluate declared trade-offs: whether what is given and what is got for it are shown to be as declared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.decision.sequential_tests import Values
from wattbench_reports.gate.policy import DeclaredTrade, Policy


@dataclass(frozen=True)
class Deal:
    """A declared trade-off between two metrics of one pair, after each round."""

    trade: DeclaredTrade
    kept: Values
    """How much of the evidence there is that what is given is within its bound, and what is got at least as declared:
    from 1 on it suffices."""
    broken: Values
    """Likewise, that it is not so."""


def deal_of(trade: DeclaredTrade, cases_of_pair: Sequence[Case], policy: Policy) -> Deal:
    """Evaluate a trade-off from the cases of one pair. One of a metric that waits for its first test is undecided."""
    give, get = (
        next((c for c in cases_of_pair if c.rule.metric == name and not c.domain and c.tested), None)
        for name in (trade.give, trade.get)
    )
    if give is None or get is None:
        return Deal(trade, kept=np.zeros(1), broken=np.ones(1))
    if give.trial is None or get.trial is None:
        return Deal(trade, kept=np.zeros(1), broken=np.zeros(1))
    up_to, at_least = trade.give_up_to, -trade.get_at_least
    return Deal(
        trade,
        kept=np.minimum(
            _share(give.p_passes(give.no_worse(up_to)), policy.beta),
            _share(get.p_fails(get.better(at_least)), policy.alpha),
        ),
        broken=np.maximum(
            _share(give.p_fails(give.worse(up_to)), policy.alpha),
            _share(get.p_passes(get.no_better(at_least)), policy.beta),
        ),
    )


def _share(p_values: Values, level: float) -> Values:
    """Return from which share on the evidence suffices: 1 where the p-value is the level."""
    return np.asarray(np.log(np.maximum(p_values, 1e-300)) / math.log(level))


def excuse(deals: Sequence[Deal], metric: str, at: int) -> tuple[DeclaredTrade | None, bool]:
    """Return the trade-off that allows a metric's worsening; else whether one is still undecided."""
    undecided = False
    for deal in deals:
        if deal.trade.give == metric:
            index = min(at, len(deal.kept) - 1)
            if deal.kept[index] >= 1:
                return deal.trade, False
            undecided = undecided or deal.broken[index] < 1
    return None, undecided
