"""Evaluate every case after each round, and decide whether that is enough to stop.

The gate fails as soon as the weighted mean of the blocking cases' evidence reaches 1/alpha: that mean is evidence
against the claim that no metric is worse, however the metrics hang together (V. Vovk and R. Wang, "E-values:
calibration, combination and applications", Annals of Statistics 49, 2021). Which metrics are worse is named by Holm's
method over their anytime-valid p-values, with the same weights; where that names none, they are worse together.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import overload

import numpy as np

from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.decision.sequential_tests import Values
from wattbench_reports.gate.decision.trade_offs import Deal, deal_of, excuse
from wattbench_reports.gate.policy import DeclaredTrade, Policy
from wattbench_reports.stats import reached, weighted_holm

_ROUNDING = 1e-9
"""Of a logarithm: what is reached exactly counts as reached."""
_PART_TOGETHER = 0.1
"""Of the evidence of all, from which a metric is named where they are worse together."""


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
    raw_p_values: tuple[float | None, ...]
    """Likewise, unadjusted."""
    better: tuple[bool, ...]
    """Shown to be better, with the same error rate over the blocking cases together."""
    allowed_by: tuple[DeclaredTrade | None, ...]
    fails: bool
    """The blocking cases together, or one by itself, are shown to be worse."""
    p_value: float | None
    """That none of the blocking cases is worse: valid at any time. None: none is tested."""
    known: bool
    """No more items are needed: the gate fails, or all that blocks is decided."""


class InterimLooks(Sequence[Look]):
    """The look after each round, evaluated when it is asked for."""

    def __init__(self, course: _Course) -> None:
        self._course = course

    def __len__(self) -> int:
        """Return the number of rounds of the case that has most, at least 1."""
        return max(self._course.rounds, 1)

    @overload
    def __getitem__(self, at: int) -> Look: ...
    @overload
    def __getitem__(self, at: slice) -> list[Look]: ...
    def __getitem__(self, at: int | slice) -> Look | list[Look]:
        """Return one look, or several."""
        positions = range(len(self))[at]
        return (
            self._course.look(positions)
            if isinstance(positions, int)
            else [self._course.look(each) for each in positions]
        )

    def first_known(self) -> int | None:
        """Return the first position at which no more items are needed; None: there is none."""
        if self._course.policy.trades:  # what was shown to be worse may be excused later
            return next((position for position, look in enumerate(self) if look.known), None)
        position = bisect_left(self, True, key=lambda look: look.known)
        return position if position < len(self) else None


def looks(cases: Sequence[Case], policy: Policy, waived: frozenset[str] = frozenset()) -> InterimLooks:
    """Return the look after each round.

    Args:
        cases: of one evidence, or of several pairs judged together; each counts its own rounds.
        policy: for the error rates and the trades.
        waived: metrics that do not block today.
    """
    return InterimLooks(_Course.of(cases, policy, waived))


def worse_together(cases: Sequence[Case], policy: Policy, waived: frozenset[str] = frozenset()) -> list[int]:
    """Return the positions of the cases that the evidence comes of, at the look where they have most of it together."""
    course = _Course.of(cases, policy, waived)
    at = int(np.argmax(np.logaddexp.reduce(course.parts, axis=0)))
    shares = np.exp(course.parts[:, at] - np.logaddexp.reduce(course.parts[:, at]))
    return [position for position, share in zip(course.family, shares.tolist(), strict=True) if share >= _PART_TOGETHER]


@dataclass(frozen=True)
class _Paths:
    """What a case comes to after each round."""

    evidence: Values
    """Against its being no worse, as it is then."""
    p_worse: Values
    p_ruled_out: Values
    """That it is worse by the margin."""
    p_better: Values

    @classmethod
    def of(cls, case: Case) -> _Paths:
        evidence = case.fails()
        return cls(evidence, case.p_fails(evidence), case.p_ruled_out(), case.p_fails(case.improves()))


@dataclass(frozen=True)
class _Course:
    """All cases over all rounds."""

    cases: Sequence[Case]
    policy: Policy
    blocks: Sequence[bool]
    paths: Sequence[_Paths | None]
    deals: Mapping[str, Sequence[Deal]]
    rounds: int
    family: Sequence[int]
    """The positions of the cases that share alpha: those that only wait for more items have their part too."""
    parts: Values
    """Shape (family, rounds): what each adds to the mean of their evidence, as a logarithm."""
    _together: dict[frozenset[int], Values] = field(default_factory=dict)
    """Excused positions to the p-value of the others after each round."""

    @classmethod
    def of(cls, cases: Sequence[Case], policy: Policy, waived: frozenset[str]) -> _Course:
        blocks = [case.blocks and case.rule.metric not in waived for case in cases]
        paths = [None if case.trial is None else _Paths.of(case) for case in cases]
        pairs = {case.pair: [other for other in cases if other.pair == case.pair] for case in cases}
        deals = {name: [deal_of(trade, of_pair, policy) for trade in policy.trades] for name, of_pair in pairs.items()}
        rounds = max((len(path.evidence) for path in paths if path is not None), default=0)
        family = [position for position, case in enumerate(cases) if case.tested and blocks[position]]
        parts = _parts([(cases[position], paths[position]) for position in family], policy, rounds)
        return cls(cases, policy, blocks, paths, deals, rounds, family, parts)

    def look(self, at: int) -> Look:
        """Return the look after a round, counted from 0."""
        weights = [case.rule.weight if self.blocks[position] else None for position, case in enumerate(self.cases)]
        raw = [
            _p(case, None if path is None else path.p_worse, at)
            for case, path in zip(self.cases, self.paths, strict=True)
        ]
        p_values = _adjusted(raw, weights)
        better = [
            _p(case, None if path is None else path.p_better, at)
            for case, path in zip(self.cases, self.paths, strict=True)
        ]
        states = [
            _single(case) if path is None else _state(p, _last(path.p_ruled_out, at), self.policy)
            for case, path, p in zip(self.cases, self.paths, p_values, strict=True)
        ]
        excuses = [excuse(() if case.domain else self.deals[case.pair], case.rule.metric, at) for case in self.cases]
        kept = frozenset(position for position, (trade, _) in enumerate(excuses) if trade is not None)
        waiting = frozenset(position for position, (_, undecided) in enumerate(excuses) if undecided)
        p_value = self._p_together(at, kept)
        fails = self._fails(states, at, kept)
        surely = self._fails(states, at, kept | waiting) if waiting else fails
        is_open = any(self.blocks[position] and state is State.OPEN for position, state in enumerate(states))
        return Look(
            states=tuple(
                State.ALLOWED if state is State.WORSE and position in kept else state
                for position, state in enumerate(states)
            ),
            p_values=tuple(None if path is None else p for path, p in zip(self.paths, p_values, strict=True)),
            raw_p_values=tuple(raw),
            better=tuple(
                _is_better(case, p, self.policy) for case, p in zip(self.cases, _adjusted(better, weights), strict=True)
            ),
            allowed_by=tuple(
                trade if state is State.WORSE else None for state, (trade, _) in zip(states, excuses, strict=True)
            ),
            fails=fails,
            p_value=p_value,
            known=surely or not (is_open or fails),
        )

    def _fails(self, states: Sequence[State], at: int, excused: frozenset[int]) -> bool:
        """Return whether the blocking cases, but those that a trade-off excuses, fail the gate: by themselves or
        together."""
        alone = any(
            state is State.WORSE and self.blocks[position] and position not in excused
            for position, state in enumerate(states)
        )
        together = self._p_together(at, excused)
        return alone or (together is not None and together <= self.policy.alpha * (1 + _ROUNDING))

    def _p_together(self, at: int, excused: frozenset[int]) -> float | None:
        if not self.family or not self.rounds:
            return None
        if excused not in self._together:
            counted = [row for row, position in enumerate(self.family) if position not in excused]
            self._together[excused] = np.exp(
                -reached(np.logaddexp.reduce(self.parts[counted], axis=0, initial=-np.inf))
            )
        return float(self._together[excused][at])


def _parts(family: Sequence[tuple[Case, _Paths | None]], policy: Policy, rounds: int) -> Values:
    """Return what each case adds to the mean of the evidence after each round, as a logarithm.

    Of two runs the evidence is only valid if their sessions differ by no more than the slack. Where they do by more,
    which is a part of the case's error rate, nothing is known of it: so it counts for the other part, and for no more
    than fails the gate, which keeps its mean at most 1 all the same.
    """
    weights = np.array([case.rule.weight for case, _ in family])
    parts = np.zeros((len(family), rounds))
    most = -math.log(policy.alpha)
    for row, ((case, path), share) in enumerate(zip(family, (weights / weights.sum()).tolist(), strict=True)):
        parts[row] = math.log(share)
        if path is not None:
            parts[row] += np.append(path.evidence, np.full(rounds - len(path.evidence), path.evidence[-1]))
        if case.slack.failing_rate:
            own_part = 1 - case.slack.failing_rate / (policy.alpha * share)
            parts[row] = np.minimum(parts[row] + math.log(own_part), most)
    return parts


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


def _p(case: Case, p_values: Values | None, at: int) -> float | None:
    """Return a p-value after a round: 1 of a case that waits for its first test, None of one that is never tested."""
    if p_values is None:
        return 1.0 if case.tested else None
    return _last(p_values, at)


def _last(values: Values, at: int) -> float:
    """Return the value after a round, or after the last round of the case."""
    return float(values[min(at, len(values) - 1)])
