"""Find how much the metrics of a gate differ between two runs of one system: from earlier sessions of the machine.

The logarithm of a figure over k sessions of the same items has a variance s^2 between sessions, drawn towards those of
other figures of the same sessions (`wattbench_reports.stats.session_variance`). Two runs differ by 2 s^2.

Where the sessions are of the very system of a run (the same suite, machine, weights, engine and number type), its
figure is the mean over them and the run, m in all, so that the two differ by s^2 / m + s^2 / m'. Of one and the same
system in both runs only the baseline's is: that of the candidate is what is judged.

Two systems of one run share its session: of those it is the ratio of both that varies.

Valid where the sessions are of the same items, machine and meters, and are exchangeable: no trend among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wattbench.records import RunRecords
from wattbench_reports.formatting.units import named, percent, plural
from wattbench_reports.gate.evidence.model import OF_NO_MACHINE, Evidence, MoneyOfMachine
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.registry import (
    JOULES_PER_REQUEST,
    LATENCY_MEAN,
    LATENCY_P50,
    LATENCY_P95,
    METRICS,
    MONEY,
    SESSION_LIKE,
    TTFT,
)
from wattbench_reports.stats import SessionVariance
from wattbench_reports.stats.session_variance import moderated_variances
from wattbench_reports.tables.session_record import SessionRecord, is_session_of, made_of, run_figures

ASSUMED_DRIFT = 0.03
"""The share by which seconds and joules of a benchmark differ between two processes without a change."""
NOT_KNOWN = (
    "how much it differs between two sessions of this machine is not known. Measure that with: wattbench dev calibrate "
    "SUITE --sessions 5. Or gate both systems in turns, in one run"
)
"""Why a metric of two runs was not judged."""
_FIGURE = {
    LATENCY_MEAN: "seconds",
    LATENCY_P50: "latency_p50",
    JOULES_PER_REQUEST: "energy_j",
    LATENCY_P95: "latency_p95",
    TTFT: "ttft",
}
"""Metric to its figure of a run, as of `run_figures`."""
_ALIKE = ((LATENCY_MEAN, LATENCY_P50, JOULES_PER_REQUEST), (LATENCY_P95,), (TTFT,))
"""Metrics whose variances are drawn towards each other: how fast the machine is moves typical figures alike; a tail and
the first token vary by more, each over the systems alone."""
_Logs = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""Metric to system to the logarithm of its figure in each session, NaN without."""


@dataclass(frozen=True)
class SessionNoise:
    """The variation that sessions add to how two systems differ in one metric; by default none."""

    log_variance: float = 0.0
    """Of the logarithm of the ratio of the two figures."""
    df: float = math.inf
    shifts: tuple[float, float] = (0.0, 0.0)
    """By how much the logarithm of either figure's mean over its sessions exceeds that of its run alone."""
    averaged: tuple[int, int] = (1, 1)
    """Over how many sessions either figure is, its run included."""
    drift: float = 0.0
    """The share by which two sessions are assumed to differ at most, in place of a variance that is known."""

    @property
    def shift(self) -> float:
        """Return by how much sessions raise the logarithm of the ratio of the two runs."""
        return self.shifts[1] - self.shifts[0]

    def moved(self, baseline: float, candidate: float) -> tuple[float, float]:
        """Return the means of both figures over their sessions, from the figures of their runs alone."""
        return baseline * math.exp(self.shifts[0]), candidate * math.exp(self.shifts[1])

    @property
    def averaged_over(self) -> str:
        """State over how many sessions each figure is averaged; empty where each figure is of one session."""
        sides = zip(("the baseline's", "the candidate's"), self.averaged, strict=True)
        said = [f"{whose} figure is its mean over {plural(count, 'session')}" for whose, count in sides if count > 1]
        text = ", and ".join(said)
        return f"{text[:1].upper()}{text[1:]}." if said else ""


@dataclass(frozen=True)
class JudgedSystem:
    """One of the two systems of a gate."""

    name: str
    """In its run."""
    figures: Mapping[str, float | None] = field(default_factory=dict)
    """Its figures in its run, as of `run_figures`; empty where no session is of this very system."""
    earlier: tuple[int, ...] = ()
    """Which sessions are, other than its run."""


def judged_systems(
    record: SessionRecord | None, baseline: tuple[RunRecords, str], candidate: tuple[RunRecords, str]
) -> tuple[JudgedSystem, JudgedSystem]:
    """Return the two systems of two runs, with their figures where the sessions are of the same system.

    Raises:
        UserError: the table of items of a run cannot be read.
    """
    ours, theirs = (_earlier(record, *side) for side in (baseline, candidate))
    if baseline[0].header.run == candidate[0].header.run:
        ours = theirs = ()
    if baseline[1] == candidate[1]:  # the same sessions cannot be of both: that of the candidate is what is judged
        theirs = tuple(each for each in theirs if each not in ours)
    one, two = (
        JudgedSystem(name, run_figures(run).get(name, {}) if earlier else {}, earlier)
        for (run, name), earlier in ((baseline, ours), (candidate, theirs))
    )
    return one, two


def _earlier(record: SessionRecord | None, run: RunRecords, name: str) -> tuple[int, ...]:
    """Return the indices of the sessions of the same system, other than its run."""
    digest = made_of(run, name)
    if record is None or not digest or not is_session_of(record, run.header):
        return ()
    of_system = zip(record.runs, record.made_of.get(name, ()), strict=False)
    return tuple(at for at, (of, each) in enumerate(of_system) if each == digest and of != run.header.run)


def session_noise(
    record: SessionRecord | None,
    baseline: JudgedSystem,
    candidate: JudgedSystem,
    *,
    one_run: bool,
    money: MoneyOfMachine = OF_NO_MACHINE,
) -> dict[str, SessionNoise]:
    """Return, for each metric, the variation that sessions add to the difference of two systems.

    Of joules per correct answer it is that of joules (`SESSION_LIKE`). A system that the sessions do not have is taken
    to vary as much as the one that varies most.

    Args:
        record: earlier sessions; None: there are none.
        baseline: the first system.
        candidate: the second.
        one_run: both are of one run, and share its session.
        money: which part of the systems' money another session would change.

    Returns:
        Without the metrics for which fewer than two sessions have a figure.
    """
    if record is None:
        return {}
    figures = {"latency_p50": record.figures["seconds"], **record.figures}  # an older file has the mean alone
    logs = {
        metric: {system: _logs(values) for system, values in figures.get(figure, {}).items()}
        for metric, figure in _FIGURE.items()
    }
    noise = (_of_one_run if one_run else _of_two)(logs, baseline, candidate)
    noise |= {metric: noise[like] for metric, like in SESSION_LIKE.items() if like in noise}
    of_money = _of_money(money, noise)
    return noise | ({} if of_money is None else dict.fromkeys(MONEY, of_money))


def _of_one_run(logs: _Logs, baseline: JudgedSystem, candidate: JudgedSystem) -> dict[str, SessionNoise]:
    """Return how much the ratio of two systems of one run varies; where sessions lack one system, as for two runs."""
    ratios = {
        metric: {"": by_system[candidate.name] - by_system[baseline.name]}
        for metric, by_system in logs.items()
        if {baseline.name, candidate.name} <= by_system.keys()
    }
    if not ratios:
        return _of_two(logs, baseline, candidate)
    return {metric: SessionNoise(each.log_variance, each.df) for (metric, _), each in _variances(ratios).items()}


def _of_two(logs: _Logs, baseline: JudgedSystem, candidate: JudgedSystem) -> dict[str, SessionNoise]:
    variances, noise = _variances(logs), dict[str, SessionNoise]()
    for metric, by_system in logs.items():
        known = [each for (of, _), each in variances.items() if of == metric]
        most = max(known, key=lambda each: each.log_variance, default=None)
        if most is None:
            continue
        shifts, counts, parts = [], [], []
        for side in (baseline, candidate):
            in_run = side.figures.get(_FIGURE[metric])
            earlier = by_system[side.name][list(side.earlier)] if in_run and side.name in by_system else np.empty(0)
            earlier = earlier[np.isfinite(earlier)]
            shifts.append(float(np.append(earlier - math.log(in_run), 0.0).mean()) if in_run else 0.0)
            counts.append(len(earlier) + 1)
            parts.append(variances.get((metric, side.name), most))
        log_variance = sum(each.log_variance / count for each, count in zip(parts, counts, strict=True))
        df = min(each.df for each in parts)  # they are drawn towards each other: not independent
        noise[metric] = SessionNoise(log_variance, df, (shifts[0], shifts[1]), (counts[0], counts[1]))
    return noise


def _variances(logs: _Logs) -> dict[tuple[str, str], SessionVariance]:
    """Return the variance between sessions of each metric and system that has two sessions or more."""
    variances: dict[tuple[str, str], SessionVariance] = {}
    for alike in _ALIKE:
        series = [(metric, name) for metric in alike for name in logs.get(metric, ())]
        if series:
            of_all = moderated_variances(np.column_stack([logs[metric][name] for metric, name in series]))
            variances |= {key: each for key, each in zip(series, of_all, strict=True) if each is not None}
    return variances


def _of_money(money: MoneyOfMachine, noise: Mapping[str, SessionNoise]) -> SessionNoise | None:
    """Return the variance of the logarithm of money, as if the seconds and joules in it rose together.

    A part of the sum that rises by some share raises the sum by its part of that; the standard deviation of a sum is
    at most the sum of those of its parts, whatever their correlation.
    """
    shares = {LATENCY_MEAN: money.seconds, JOULES_PER_REQUEST: money.joules}
    parts = [metric for metric, share in shares.items() if share > 0]
    if not parts or any(metric not in noise for metric in parts):
        return None
    shifts = [sum(shares[metric] * noise[metric].shifts[side] for metric in parts) for side in (0, 1)]
    averaged = [min(noise[metric].averaged[side] for metric in parts) for side in (0, 1)]
    return SessionNoise(
        sum(shares[metric] * math.sqrt(noise[metric].log_variance) for metric in parts) ** 2,
        min(noise[metric].df for metric in parts),
        (shifts[0], shifts[1]),
        (averaged[0], averaged[1]),
    )


def _logs(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return logarithms, NaN without a figure above 0."""
    return np.log(np.array([np.nan if value is None or value <= 0 else value for value in values], dtype=np.float64))


def assumed_drift(policy: Policy, *, sessions: bool) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy with an assumed drift between two imported runs, if none is known, and a note that says so.

    Args:
        policy: as it was given.
        sessions: whether earlier sessions of the machine are known.
    """
    if policy.drift is not None or sessions:
        return policy, ()
    note = (
        f"How much two runs of one system differ is in neither source: {percent(ASSUMED_DRIFT)} is assumed of seconds "
        "and joules (drift in the policy), and bounds are wider by it on both sides."
    )
    return replace(policy, drift=ASSUMED_DRIFT), (note,)


def without_lacking(policy: Policy, evidence: Evidence) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy in which metrics that neither source records block nothing, and a note that says so.

    Only of the default policy: one that names a metric asks for its figures.
    """
    required = [rule.metric for rule in policy.rules if rule.blocks and not rule.only_if_measured]
    lacking = [metric for metric in required if metric in evidence.lacking]
    if not lacking or lacking == required:
        return policy, ()
    rules = tuple(replace(rule, only_if_measured=True) if rule.metric in lacking else rule for rule in policy.rules)
    words = named([METRICS[metric].label for metric in lacking])
    note = f"Neither source records {words}: it is not judged, and blocks nothing. A policy that names it requires it."
    return replace(policy, rules=rules), (note,)
