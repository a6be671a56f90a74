"""Gate two nights of a real machine as two records: how often they fail without a change, and what they find.

The baseline is a night with the five before it as its sessions, the candidate the night after. All series of a machine
are figures of the same sessions. Items are many, so that what sessions differ by is all that is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.nights.machines import Machine
from wattbench_reports.gate.bounds import verdict_of
from wattbench_reports.gate.policy import DEFAULT_POLICY
from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats.session_variance import moderated_variances
from wattbench_reports.stats.student import t_at

SESSIONS = 5
SHIFTS = (0.0, 0.05, 0.10, 0.20)
"""By how much the candidate is slower."""
_EVERY = 7
"""Nights from one gate to the next of a machine."""
_METRIC = "latency_mean"


@dataclass(frozen=True)
class RecordGates:
    """Gates of two nights, the candidate slower by one share."""

    slower: float
    gates: int
    failed: int
    passed: int


def record_gates(machines: Sequence[Machine]) -> tuple[RecordGates, ...]:
    """Gate nights of every machine."""
    counts = {slower: [0, 0, 0] for slower in SHIFTS}
    for name in dict.fromkeys(each.name for each in machines):
        days, logarithms = _by_day([each for each in machines if each.name == name])
        for night in range(SESSIONS, len(days) - 1, _EVERY):
            for slower in SHIFTS:
                for verdict in _verdicts(logarithms[night - SESSIONS : night + 2], slower):
                    counts[slower][0] += 1
                    counts[slower][1] += verdict is Verdict.REGRESSED
                    counts[slower][2] += verdict in (Verdict.PASS, Verdict.IMPROVED)
    return tuple(RecordGates(slower, *each) for slower, each in counts.items())


def _by_day(machines: Sequence[Machine]) -> tuple[list[object], np.ndarray]:
    """Return the nights on which a machine has every series, and their logarithms, of shape (nights, series)."""
    shared = sorted(set.intersection(*(set(each.days) for each in machines)))
    rows = [dict(zip(each.days, each.logarithms.tolist(), strict=True)) for each in machines]
    return list(shared), np.array([[row[day] for row in rows] for day in shared])


def _verdicts(logarithms: np.ndarray, slower: float) -> list[Verdict]:
    """Judge the last night against those before it, series by series. Shape (`SESSIONS` + 2, series)."""
    rule = DEFAULT_POLICY.rule(_METRIC)
    weights = sum(each.weight for each in DEFAULT_POLICY.rules if each.blocks)
    verdicts = []
    for column, varying in enumerate(moderated_variances(logarithms[:SESSIONS])):
        if varying is None or not varying.log_variance:
            continue
        baseline = logarithms[: SESSIONS + 1, column]
        change = float(logarithms[-1, column] - baseline.mean()) + math.log1p(slower)
        error = math.sqrt(varying.log_variance * (1 + 1 / len(baseline)))
        low, high = (
            math.expm1(change + side * t_at(1 - level, varying.df) * error)
            for side, level in ((-1, DEFAULT_POLICY.alpha * rule.weight / weights), (1, DEFAULT_POLICY.beta))
        )
        verdicts.append(verdict_of(low, high, rule.margin))
    return verdicts
