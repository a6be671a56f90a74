"""Decide a gate's metrics by their bounds at the last look, and whether it needs more items."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.gate.bounds import Values, verdict_of
from wattbench_reports.gate.decision.case import Case, levels
from wattbench_reports.gate.decision.outlook import UNLIKELY, Question, chance_of_verdict
from wattbench_reports.gate.policy import DeclaredTrade, Policy
from wattbench_reports.gate.result import Verdict

ORDER = (Verdict.REGRESSED, Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.INCONCLUSIVE, Verdict.IMPROVED)
"""The whole gate's verdict is the first of these that a blocking metric has; else it passes."""


@dataclass(frozen=True)
class CaseState:
    """The decision on one case at the latest look."""

    verdict: Verdict
    low: float
    """Bounds of the worsening; infinite on a side where the items do not bound it."""
    high: float
    level: float
    """At which it fails."""
    blocks: bool
    allowed_by: DeclaredTrade | None = None
    undecided: bool = False
    """It regressed, and a trade-off may still allow it."""

    @property
    def counts(self) -> bool:
        """Return whether the gate's verdict depends on the case."""
        return self.blocks and self.allowed_by is None


def bounds_of(case: Case, level: float, beta: float) -> tuple[Values, Values]:
    """Return the lower and upper bounds of a case's worsening at every look.

    The lower bound is at the level at which the case fails, the upper one at the level at which it passes. Of a metric
    that may not change for the better either, both are at the stricter level.
    """
    assert case.bounds is not None
    strict = min(level / 2, beta)
    failing, passing = (strict, strict) if case.rule.either else (level, beta)
    return case.bounds.low(failing), case.bounds.high(passing)


@dataclass(frozen=True)
class GateState:
    """The decisions on all cases at the latest look."""

    decisions: tuple[CaseState, ...]
    verdict: Verdict
    futile: bool
    """There are items left, and no verdict is likely with them."""
    known: bool
    """No more items are needed."""


def state_of(every: Sequence[Case], policy: Policy, waived: frozenset[str], *, items_left: bool) -> GateState:
    """Decide all cases of a gate.

    Args:
        every: cases, of one evidence or of several pairs.
        policy: for the error rates and the trade-offs.
        waived: metrics that do not block today.
        items_left: whether the gate may ask more.
    """
    blocks = [case.blocks and case.rule.metric not in waived for case in every]
    single = [
        _decided(case, level, blocking, policy.beta)
        for case, level, blocking in zip(every, levels(every, blocks, policy.alpha), blocks, strict=True)
    ]
    decisions = tuple(_traded(case, each, every, single, policy) for case, each in zip(every, single, strict=True))
    counted = [each for each in decisions if each.counts]
    failed = [each for each in counted if each.verdict is Verdict.REGRESSED]
    is_open = any(each.verdict is Verdict.INCONCLUSIVE for each in counted)
    futile = items_left and is_open and not failed and _futile(every, decisions, policy)
    known = any(not each.undecided for each in failed) or not (failed or is_open) or futile
    present = [each.verdict for each in counted]
    verdict = next((each for each in ORDER if each in present), Verdict.PASS)
    return GateState(decisions, verdict if any(blocks) else Verdict.NOT_MEASURED, futile, known)


def _decided(case: Case, level: float, blocks: bool, beta: float) -> CaseState:
    if case.apart is not None:
        return CaseState(Verdict.NOT_COMPARABLE, -math.inf, math.inf, level, blocks)
    if case.waits:
        return CaseState(Verdict.INCONCLUSIVE, -math.inf, math.inf, level, blocks)
    if case.bounds is not None:
        low, high = (float(side[-1]) for side in bounds_of(case, level, beta))
        return CaseState(verdict_of(low, high, case.rule.margin, either=case.rule.either), low, high, level, blocks)
    if case.missing is not None or case.baseline is None or case.candidate is None:
        return CaseState(Verdict.NOT_MEASURED, -math.inf, math.inf, level, blocks)
    rise = case.candidate / case.baseline - 1
    return CaseState(verdict_of(rise, rise, case.rule.margin, either=case.rule.either), rise, rise, level, blocks)


def _traded(
    case: Case, alone: CaseState, every: Sequence[Case], single: Sequence[CaseState], policy: Policy
) -> CaseState:
    if alone.verdict is not Verdict.REGRESSED or case.domain:
        return alone
    of = {
        other.rule.metric: (each.low, each.high)
        for other, each in zip(every, single, strict=True)
        if other.pair == case.pair and not other.domain and other.judged
    }
    kept, undecided = _excuse(policy.trades, case.rule.metric, of)
    return CaseState(alone.verdict, alone.low, alone.high, alone.level, alone.blocks, kept, undecided)


def _holds(trade: DeclaredTrade, of: Mapping[str, tuple[float, float]]) -> bool | None:
    """Return whether a trade-off is kept; None: the bounds do not show whether it is.

    Args:
        trade: as declared.
        of: metric of the pair to the lower and the upper bound of its worsening. A trade-off of another metric is not
            kept.
    """
    if trade.give not in of or trade.get not in of:
        return False
    (given_low, given_high), (got_low, got_high) = of[trade.give], of[trade.get]
    if given_high <= trade.give_up_to and got_high <= -trade.get_at_least:
        return True
    return False if given_low > trade.give_up_to or got_low > -trade.get_at_least else None


def _excuse(
    trades: Sequence[DeclaredTrade], metric: str, of: Mapping[str, tuple[float, float]]
) -> tuple[DeclaredTrade | None, bool]:
    """Return the trade-off that allows a metric's worsening; and, without one, whether one is still undecided."""
    states = [(trade, _holds(trade, of)) for trade in trades if trade.give == metric]
    kept = next((trade for trade, state in states if state), None)
    return kept, kept is None and any(state is None for _, state in states)


def questions(every: Sequence[Case], decisions: Sequence[CaseState], beta: float) -> list[Question | None]:
    """Return the question that each case puts to its bounds; None for a case without bounds."""
    return [
        None
        if case.bounds is None
        else Question(case.bounds, case.rule.margin, each.level, beta, case.in_points, case.rule.either)
        for case, each in zip(every, decisions, strict=True)
    ]


def _futile(every: Sequence[Case], decisions: Sequence[CaseState], policy: Policy) -> bool:
    if policy.trades or any(each.counts and case.waits for case, each in zip(every, decisions, strict=True)):
        return False
    every_question = questions(every, decisions, policy.beta)
    counted = [each for each, one in zip(every_question, decisions, strict=True) if one.counts and each is not None]
    return chance_of_verdict(counted) < UNLIKELY
