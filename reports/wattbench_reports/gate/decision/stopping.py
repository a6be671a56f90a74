"""Evaluate every case after each round, and decide whether that is enough to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.decision.metric_tests import Case
from wattbench_reports.gate.policy import DeclaredTrade, Policy
from wattbench_reports.stats import reached, weighted_holm

Values = NDArray[np.float64]


class State(Enum):
    """The state of a case at a look."""

    OPEN = "neither is shown yet"
    FINE = "a worsening by the margin is ruled out"
    WORSE = "shown to be worse"
    ALLOWED = "shown to be worse, and allowed by a declared trade-off"
    NOTHING = "there is nothing to judge"


@dataclass(frozen=True)
class Look:
    """All cases at the interim look after a round."""

    states: tuple[State, ...]
    """The state of each case."""
    p_values: tuple[float | None, ...]
    """That it is no worse; of the blocking ones adjusted, so that alpha holds for all of them together."""
    better: tuple[bool, ...]
    """Shown to be better, with the same error rate over the blocking cases together."""
    allowed_by: tuple[DeclaredTrade | None, ...]
    known: bool
    """No more items are needed: something fails, or all that blocks is decided."""


@dataclass(frozen=True)
class Deal:
    """A declared trade-off between two metrics of one pair, after each round."""

    trade: DeclaredTrade
    kept: Values
    """How much of the evidence there is that what is given is within its bound, and what is got at least as declared:
    from 1 on it suffices."""
    broken: Values
    """Likewise, that it is not so."""


def looks(cases: Sequence[Case], policy: Policy, waived: frozenset[str] = frozenset()) -> list[Look]:
    """Return the look after each round.

    Args:
        cases: of one evidence, or of several pairs judged together; each counts its own rounds.
        policy: for the error rates and the trades.
        waived: metrics that do not block today.

    Returns:
        One for every round of the case that has most; at least one.
    """
    paths = [_paths(case) for case in cases]
    pairs = {case.pair: [other for other in cases if other.pair == case.pair] for case in cases}
    deals = {
        pair: [_deal(trade, cases_of_pair, policy) for trade in policy.trades] for pair, cases_of_pair in pairs.items()
    }
    rounds = max((len(path.worse) for path in paths if path is not None), default=0)
    blocks = [case.blocks and case.rule.metric not in waived for case in cases]
    return [_look(cases, policy, blocks, paths, deals, at) for at in range(max(rounds, 1))]


def _look(
    cases: Sequence[Case],
    policy: Policy,
    blocks: Sequence[bool],
    paths: Sequence[_Paths | None],
    deals: Mapping[str, Sequence[Deal]],
    at: int,
) -> Look:
    weights = [case.rule.weight if blocking else None for case, blocking in zip(cases, blocks, strict=True)]
    p_values = _adjusted([None if path is None else _p(path.worse, at) for path in paths], weights)
    p_better = _adjusted([None if path is None else _p(path.better, at) for path in paths], weights)
    states: list[State] = []
    allowed: list[DeclaredTrade | None] = []
    fails = waiting = False
    for index, case in enumerate(cases):
        path = paths[index]
        state = _single(case) if path is None else _state(p_values[index], _p(path.ruled_out, at), policy)
        trade, undecided = None, False
        if state is State.WORSE:
            trade, undecided = _excuse(deals[case.pair], case.rule.metric, at)
            state = State.ALLOWED if trade is not None else state
        states.append(state)
        allowed.append(trade)
        if blocks[index]:
            waiting = waiting or undecided
            fails = fails or (state is State.WORSE and not undecided)
    blocking_states = [state for state, blocking in zip(states, blocks, strict=True) if blocking]
    better = tuple(_is_better(case, p, policy) for case, p in zip(cases, p_better, strict=True))
    done = fails or not (waiting or State.OPEN in blocking_states)
    return Look(tuple(states), tuple(p_values), better, tuple(allowed), done)


def _adjusted(p_values: list[float | None], weights: Sequence[float | None]) -> list[float | None]:
    """Adjust the p-values of blocking cases by Holm's method; others stay unadjusted."""
    family = [(index, p, w) for index, (p, w) in enumerate(zip(p_values, weights, strict=True)) if p is not None and w]
    adjusted = list(p_values)
    held = weighted_holm([p for _, p, _ in family], [weight for *_, weight in family])
    for (index, *_), p in zip(family, held, strict=True):
        adjusted[index] = p
    return adjusted


def _state(p_worse: float | None, p_margin: float, policy: Policy) -> State:
    if p_worse is not None and p_worse <= policy.alpha:
        return State.WORSE
    return State.FINE if p_margin <= policy.beta else State.OPEN


def _single(case: Case) -> State:
    """Return the state of a case that is not tested: two single figures, or none."""
    if case.waits_for is not None:
        return State.OPEN
    if case.apart is not None or case.missing is not None or case.change is None:
        return State.NOTHING
    worsening = abs(case.change) if case.rule.either else case.change
    return State.WORSE if worsening > case.rule.margin else State.FINE


def _is_better(case: Case, p_better: float | None, policy: Policy) -> bool:
    if case.rule.either:
        return False
    if case.trial is None:
        return case.change is not None and case.change < -case.rule.margin
    return p_better is not None and p_better <= policy.alpha


@dataclass(frozen=True)
class _Paths:
    """The maximum evidence of a case until each round."""

    worse: Values
    ruled_out: Values
    """Evidence that it is not worse by the margin."""
    better: Values


def _paths(case: Case) -> _Paths | None:
    if case.trial is None:
        return None
    worse = reached(case.trial.worse(case.slack))
    ruled_out = reached(case.trial.better(case.beyond)) if case.beyond > 0 else np.zeros_like(worse)
    return _Paths(worse, ruled_out, reached(case.trial.better(1 / (1 + case.slack) - 1)))


def _p(log_evidence: Values, at: int) -> float:
    """Return the p-value after a round, or after the last round of the case."""
    return float(np.exp(-log_evidence[min(at, len(log_evidence) - 1)])) if len(log_evidence) else 1.0


def _deal(trade: DeclaredTrade, cases_of_pair: Sequence[Case], policy: Policy) -> Deal:
    """Evaluate a trade-off from the cases of one pair."""
    give, get = (
        next((c.trial for c in cases_of_pair if c.rule.metric == name), None) for name in (trade.give, trade.get)
    )
    if give is None or get is None:
        return Deal(trade, kept=np.zeros(1), broken=np.ones(1))
    return Deal(
        trade,
        kept=np.minimum(
            _share(give.better(trade.give_up_to), policy.beta), _share(get.better(-trade.get_at_least), policy.alpha)
        ),
        broken=np.maximum(
            _share(give.worse(trade.give_up_to), policy.alpha), _share(get.worse(-trade.get_at_least), policy.beta)
        ),
    )


def _share(log_evidence: Values, level: float) -> Values:
    return np.asarray(reached(log_evidence) / -np.log(level))


def _excuse(deals: Sequence[Deal], metric: str, at: int) -> tuple[DeclaredTrade | None, bool]:
    """Return the trade-off that allows a metric's worsening; else whether one is still undecided."""
    undecided = False
    for deal in deals:
        if deal.trade.give == metric:
            index = min(at, len(deal.kept) - 1)
            if deal.kept[index] >= 1:
                return deal.trade, False
            undecided = undecided or deal.broken[index] < 1
    return None, undecided
