"""Judge every metric of a gate, and the whole gate, from its evidence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.decision.bounds import bounds_of_change, levels
from wattbench_reports.gate.decision.case import Case
from wattbench_reports.gate.decision.detectable import Layout, detectable, layout_in_turns, undecidable
from wattbench_reports.gate.decision.explain import expired, reason
from wattbench_reports.gate.decision.headline import headline
from wattbench_reports.gate.decision.lost_domains import lost_domains
from wattbench_reports.gate.decision.metric_figures import whole_pairs
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.stopping import Look, State, looks, worse_together
from wattbench_reports.gate.evidence.model import Evidence, Round
from wattbench_reports.gate.metrics import METRICS, MONEY, SEPARATOR
from wattbench_reports.gate.policy import Policy, Waiver
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict

_DRAWN = 40
"""The most interim looks that a drawing shows."""

_ORDER = (Verdict.REGRESSED, Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED, Verdict.INCONCLUSIVE, Verdict.IMPROVED)
"""The whole gate's verdict is the first of these that a blocking metric has; else it passes."""


@dataclass(frozen=True)
class SequentialBounds:
    """The estimate of a metric's change and its bounds, round by round. All arrays have the shape (rounds,)."""

    items: NDArray[np.int64]
    change: NDArray[np.float64]
    """Candidate against baseline, as `MetricVerdict.change`. NaN in the next two: not bounded yet."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def known(evidence: Evidence, policy: Policy, *, today: date | None = None) -> bool:
    """Return whether no more items are needed: a metric fails, or all blocking ones are decided."""
    return looks(cases(evidence, policy), policy, frozenset(_waivers(policy, today)))[-1].known


def judge(
    evidence: Evidence,
    policy: Policy,
    *,
    suite: str,
    runs: Sequence[str] = (),
    planted: Mapping[str, float] | None = None,
    today: date | None = None,
) -> GateResult:
    """Decide whether a candidate may replace the baseline.

    Args:
        evidence: of the two.
        policy: what is judged, and how surely.
        suite: its name, for the reader.
        runs: the names of the records behind it.
        planted: of a drill, what was planted in the candidate.
        today: for waivers; None: by this machine's clock, in UTC.
    """
    return _result({"": evidence}, policy, suite, runs, planted, today)


def judge_many(
    evidences: Mapping[str, Evidence],
    policy: Policy,
    *,
    suite: str,
    runs: Sequence[str] = (),
    today: date | None = None,
) -> GateResult:
    """Judge several pairs in one gate, by name, as `judge` does: the error rates hold for all of them together."""
    return _result(evidences, policy, suite, runs, None, today)


def sequential_bounds(evidence: Evidence, policy: Policy) -> Mapping[str, SequentialBounds]:
    """Return the bounds of each tested metric at some of the rounds, by name: enough to draw them."""
    rows_of: dict[str, list[tuple[float, ...]]] = {}
    ends = np.unique(np.linspace(1, len(evidence.rounds), _DRAWN).round().astype(int))
    for end in ends.tolist() if evidence.rounds else ():
        every = cases(replace(evidence, rounds=evidence.rounds[:end]), policy)
        look = looks(every, policy)[-1]
        level_of = _levels(every, look, policy, frozenset())
        for case, level in zip(every, level_of, strict=True):
            if case.trial is not None and case.change is not None:
                low, high = (np.nan if bound is None else bound for bound in bounds_of_change(case, level, policy.beta))
                rows_of.setdefault(case.name, []).append((int(case.trial.items[-1]), case.change, low, high))
    return {
        metric: SequentialBounds(*(np.array(column) for column in zip(*rows, strict=True)))
        for metric, rows in rows_of.items()
    }


def _waivers(policy: Policy, today: date | None) -> dict[str, Waiver]:
    """Return each metric's waiver that is valid today; of several the one that lasts longest."""
    day = today or datetime.now(UTC).date()
    return {each.metric: each for each in sorted(policy.waivers, key=lambda one: one.until) if each.until >= day}


def _result(
    evidences: Mapping[str, Evidence],
    policy: Policy,
    suite: str,
    runs: Sequence[str],
    planted: Mapping[str, float] | None,
    today: date | None,
) -> GateResult:
    every = [case for pair, evidence in evidences.items() for case in cases(evidence, policy, pair)]
    waivers = _waivers(policy, today)
    last = looks(every, policy, frozenset(waivers))[-1]
    level_of = _levels(every, last, policy, frozenset(waivers))
    metrics = tuple(
        _verdict(case, last, position, level_of[position], evidences[case.pair], policy, waivers.get(case.rule.metric))
        for position, case in enumerate(every)
    )
    verdict = _of_gate(metrics, last)
    named = [each for each in metrics if each.blocks and each.verdict is Verdict.REGRESSED and not each.allowed_by]
    together = (
        ()
        if verdict is not Verdict.REGRESSED or named
        else tuple(every[position].name for position in worse_together(every, policy, frozenset(waivers)))
    )
    first = next(iter(evidences.values()))
    layout = _layout(first, _judged_of(policy, every))
    cap = layout.items
    slack = {case.rule.metric: case.slack for case in every if case.trial is not None}
    joules = [each.energy_j for each in evidences.values() if each.energy_j is not None]
    notes = [f"{pair}: {note}" if pair else note for pair, each in evidences.items() for note in each.notes]
    return GateResult(
        verdict=verdict,
        headline=headline(verdict, metrics, first.baseline, first.candidate, together),
        baseline=first.baseline,
        candidate=first.candidate,
        suite=suite,
        runs=tuple(runs),
        metrics=metrics,
        policy=policy,
        items=sum(sum(one.items for one in each.rounds) for each in evidences.values()),
        rounds=sum(len(each.rounds) for each in evidences.values()),
        energy_j=sum(joules) if joules else None,
        energy_provenance="+".join(sorted({p for each in evidences.values() for p in each.provenance if p})),
        notes=(*notes, *(expired(each) for each in policy.waivers if waivers.get(each.metric) is None)),
        planted=planted,
        p_value=last.p_value,
        together=together,
        cap_items=cap,
        detects=detectable(_judged_of(policy, every), cap, noise=first.noise, layout=layout, slack=slack),
        undecidable=_undecidable(every, first, policy, layout),
        lost_domains=tuple(loss for each in evidences.values() for loss in lost_domains(each, policy)),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=first.seed,
    )


def _layout(evidence: Evidence, policy: Policy) -> Layout:
    """Return how a gate could have asked its items until its cap; of two runs, how it did."""
    items = sum(one.items for one in evidence.rounds)
    if evidence.in_turns:
        most = items + evidence.items_left
        cap = most if policy.max_items is None else max(min(policy.max_items, most), items)
        return layout_in_turns(policy, cap, money_by_joules=evidence.money_of_machine.joules > 0)
    pairs = [[evidence.rounds[position] for position in group] for group in whole_pairs(evidence.rounds)]
    sizes = [sum(one.items for one in pair) for pair in pairs]

    def having(known: Callable[[Round], bool]) -> tuple[int, ...]:
        return tuple(size for size, pair in zip(sizes, pairs, strict=True) if all(map(known, pair)))

    return Layout(
        items,
        tuple(sizes),
        having(lambda one: one.energy_j is not None),
        having(lambda one: one.money is not None),
    )


def _judged_of(policy: Policy, every: Sequence[Case]) -> Policy:
    """Return the policy with only the metrics that can be judged."""
    judged = {case.rule.metric for case in every if case.tested}
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.metric in judged))


def _undecidable(every: Sequence[Case], evidence: Evidence, policy: Policy, layout: Layout) -> tuple[str, ...]:
    """Return the metrics that can be judged and yet never pass: by too few items, or by too much slack."""
    domains = Counter(domain for one in evidence.rounds for domain in one.domains)
    too_few = undecidable(policy, layout.items, layout=layout, domains=None if evidence.items_left else domains)
    return tuple(
        case.name
        for case in every
        if case.blocks
        and case.tested
        and (not case.can_pass or SEPARATOR.join(filter(None, (case.rule.metric, case.domain))) in too_few)
    )


def _of_gate(metrics: Sequence[MetricVerdict], last: Look) -> Verdict:
    """Return the whole gate's verdict."""
    if not any(each.blocks for each in metrics):
        return Verdict.NOT_MEASURED
    if last.fails:
        return Verdict.REGRESSED
    blocking = [each.verdict for each in metrics if each.blocks and each.allowed_by is None]
    return next((each for each in _ORDER if each in blocking), Verdict.PASS)


def _levels(every: Sequence[Case], look: Look, policy: Policy, waived: frozenset[str]) -> list[float]:
    blocks = [case.blocks and case.rule.metric not in waived for case in every]
    return levels(every, look.raw_p_values, blocks, policy.alpha)


def _verdict(
    case: Case, look: Look, position: int, level: float, evidence: Evidence, policy: Policy, waiver: Waiver | None
) -> MetricVerdict:
    low, high = (None, None) if case.trial is None else bounds_of_change(case, level, policy.beta)
    verdict = _word(case, look.states[position], look.better[position])
    items = 0 if case.trial is None or not len(case.trial.items) else int(case.trial.items[-1])
    judged = MetricVerdict(
        metric=case.name,
        verdict=verdict,
        blocks=case.blocks and waiver is None,
        margin=case.rule.margin,
        reason="",
        baseline=case.baseline,
        candidate=case.candidate,
        change=case.change,
        low=low,
        high=high,
        items=items,
        rounds=sum(1 for one in evidence.rounds if one.items) if items else 0,
        p_value=look.p_values[position],
        more_items=more_items(case, level, policy) if verdict is Verdict.INCONCLUSIVE else None,
        detectable=_ruled_out(case, low, high) if verdict in (Verdict.PASS, Verdict.IMPROVED) else None,
        provenance=case.provenance,
        validity=evidence.validity if case.provenance else "",
        currency=evidence.currency if case.rule.metric in MONEY else "",
        waived=waiver,
        allowed_by=look.allowed_by[position],
    )
    return reason(judged, case, policy, METRICS[case.rule.metric])


def _word(case: Case, state: State, better: bool) -> Verdict:
    if case.apart is not None:
        return Verdict.NOT_COMPARABLE
    if state is State.NOTHING:
        return Verdict.NOT_MEASURED
    if state in (State.WORSE, State.ALLOWED):
        return Verdict.REGRESSED
    if state is State.OPEN:
        return Verdict.INCONCLUSIVE
    return Verdict.IMPROVED if better else Verdict.PASS


def _ruled_out(case: Case, low: float | None, high: float | None) -> float:
    """Return the smallest worsening that the items rule out."""
    worse, better = (low, high) if case.in_points else (high, low)
    if worse is None or (case.rule.either and better is None):
        return case.rule.margin
    if case.rule.either:
        return min(max(abs(worse), abs(better or 0.0)), case.rule.margin)
    return min(max(-worse if case.in_points else worse, 0.0), case.rule.margin)


def more_items(case: Case, level: float, policy: Policy) -> int | None:
    """Estimate how many more items an undecided case needs, if they are like those so far.

    Args:
        case: that is undecided.
        level: at which it fails.
        policy: for the miss rate and the size of a round.

    Returns:
        None where neither a worsening nor its absence gains ground: the truth lies between the null and the margin, or
        two runs could differ by as much.
    """
    if case.trial is None:
        return case.waits_for
    estimates = []
    for failing, path, rate, spent in (
        (True, case.fails(), level, case.slack.failing_rate),
        (False, case.passes(), policy.beta, case.slack.passing_rate),
    ):
        each = case.growth(failing=failing)
        if each > 0 and rate > spent:
            estimates.append(max(-math.log(rate - spent) - float(path[-1]), 0.0) / each)
    return max(1, math.ceil(min(estimates) / policy.block)) * policy.block if estimates else None
