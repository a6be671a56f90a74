"""Calibrate gates on a machine: false-alarm rates, detection rates and the smallest margins they can judge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.errors import UserError
from wattbench.records import machine_parts
from wattbench_reports.gate.calibration.record import Calibration, Drill, read_calibration
from wattbench_reports.gate.calibration.simulate import simulate, single_metric_policy
from wattbench_reports.gate.decision.case import Case, cases, resolved
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import size_text
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.metrics.registry import METRICS, MONEY, PEAK_MEMORY
from wattbench_reports.stats.budgets import FLOOR_GATES

_MACHINE = ("device", "driver", "power_limit")

_MARGINS = tuple(0.005 * 1.25**step for step in range(21))
"""Margins that are tried, from half a per cent to a half."""


def calibrate(
    equal: Sequence[Evidence],
    drills: Sequence[tuple[Mapping[str, float], Sequence[Evidence]]],
    policy: Policy,
    *,
    suite: str,
    system: str,
    environment: Mapping[str, Any],
    runs: Sequence[str],
    items: int,
    gates: int,
    created_utc: str,
) -> Calibration:
    """Estimate the error rates and noise floors of gates on this machine, from stretches of real ones.

    Args:
        equal: of a system against itself, with no early end, one for each restart.
        drills: what was planted, and the evidence of a gate against that, one for each restart.
        policy: of the gates.
        suite: its name.
        system: the system's.
        environment: of the runs' header.
        runs: the records' names.
        items: after which a gate stops.
        gates: how many stretches are judged for each rate, at most.
        created_utc: ISO 8601.
    """
    policy = resolved(policy, items)
    every = [cases(each, policy) for each in equal]
    tested = [case for case in every[0] if case.bounds is not None and not case.domain]
    parts = machine_parts(environment, "")
    return Calibration(
        suite=suite,
        system=system,
        created_utc=created_utc,
        machine={name: dict(parts[name].facts) for name in _MACHINE},
        runs=tuple(runs),
        items=items,
        restarts=len(equal),
        rounds=sum(len(each.rounds) for each in equal),
        alpha=policy.alpha,
        beta=policy.beta,
        equal=simulate(equal, policy, gates=gates, items=items, swap=True),
        drills=tuple(_drill(planted, evidences, policy, items, gates) for planted, evidences in drills),
        floors={case.rule.metric: _floor(equal, policy, case.rule.metric, items) for case in tested},
        not_judged={
            case.rule.metric: case.missing or case.apart or "single figures are compared, not tested"
            for case in every[0]
            if case.bounds is None and not case.domain
        },
        noise=_noise(every),
    )


def _drill(
    planted: Mapping[str, float], evidences: Sequence[Evidence], policy: Policy, items: int, gates: int
) -> Drill:
    results = [judge(each, policy, suite="", planted=planted) for each in evidences]
    worse = [each.metric for result in results for each in result.metrics if each.verdict is Verdict.REGRESSED]
    return Drill(
        planted=dict(planted),
        verdicts=tuple(str(result.verdict) for result in results),
        regressed=tuple(dict.fromkeys(worse)),
        rates=simulate(evidences, policy, gates=gates, items=items, swap=False),
        trade=any(harm.startswith("gain@") for harm in planted),
    )


def _noise(every: Sequence[Sequence[Case]]) -> dict[str, float]:
    """Return the standard error of each worsening times the square root of its items, pooled over restarts."""
    variances: dict[str, list[float]] = {}
    for case in (case for of_restart in every for case in of_restart):
        if case.bounds is not None and not case.domain:
            end = case.bounds.at_end
            variances.setdefault(case.rule.metric, []).append(end.standard_error**2 * end.items)
    return {metric: math.sqrt(float(np.mean(known))) for metric, known in variances.items() if np.isfinite(known).all()}


def _floor(equal: Sequence[Evidence], policy: Policy, metric: str, items: int) -> float | None:
    """Return the smallest of `_MARGINS` that can be judged, by bisection; all larger ones can be judged too."""
    low, high = -1, len(_MARGINS)  # does not hold, holds
    while high - low > 1:
        middle = (low + high) // 2
        if _holds(equal, policy, metric, _MARGINS[middle], items):
            high = middle
        else:
            low = middle
    return _MARGINS[high] if high < len(_MARGINS) else None


def _holds(equal: Sequence[Evidence], policy: Policy, metric: str, margin: float, items: int) -> bool:
    single = single_metric_policy(policy, metric, margin)
    return simulate(equal, single, gates=FLOOR_GATES, items=items, swap=True).passed.estimate >= 1 - policy.beta


def noise_here(path: Path, environment: Mapping[str, Any]) -> Mapping[str, float]:
    """Return the noise of each metric from a calibration; empty where it is of another machine.

    Raises:
        UserError: the file is no calibration.
    """
    calibration = read_calibration(path)
    return calibration.noise if _is_of(calibration, environment) else {}


def check_floor(policy: Policy, path: Path, environment: Mapping[str, Any]) -> list[str]:
    """Check a policy's margins against the noise floors of a calibration on this machine.

    Returns:
        Notes for the reader: the calibration is of another machine, or holds nothing of a metric.

    Raises:
        UserError: a margin is below the noise floor, or the file is no calibration.
    """
    calibration = read_calibration(path)
    if not _is_of(calibration, environment):
        return [f"The calibration {path.name} is of another machine or another power limit, and was not used."]
    notes = []
    for rule in policy.rules:
        if rule.auto or rule.metric == PEAK_MEMORY or (rule.metric in MONEY and rule.metric not in calibration.floors):
            continue  # the margin goes by the items, and what tokens cost has no noise of a machine
        if rule.metric not in calibration.floors:
            notes.append(f"The calibration {path.name} has no noise floor for {METRICS[rule.metric].label}.")
            continue
        floor = calibration.floors[rule.metric]
        if floor is None or rule.margin < floor:
            raise UserError(_too_small(rule.metric, rule.margin, floor, path))
    return notes


def _is_of(calibration: Calibration, environment: Mapping[str, Any]) -> bool:
    """Return whether a calibration was made on a machine like this one."""
    here = machine_parts(environment, "")
    return all(calibration.machine.get(name) == dict(here[name].facts) for name in _MACHINE)


def _too_small(metric: str, margin: float, floor: float | None, path: Path) -> str:
    label = METRICS[metric].label
    if floor is None:
        return f"{path}: {label} is too noisy on this machine to be gated at any margin up to 50%; leave it out"
    return (
        f"the margin of {label}, {size_text(metric, margin)}, is below the noise floor of this machine, "
        f"{size_text(metric, floor)} ({path}): an unchanged system would seldom pass. Widen the margin, or raise "
        "max_items and calibrate again"
    )
