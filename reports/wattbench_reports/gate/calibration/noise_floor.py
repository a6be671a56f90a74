"""Calibrate gates on a machine: false-alarm rates, detection rates and the smallest margins they can judge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records import machine_parts
from wattbench_reports.formatting.units import percent, points
from wattbench_reports.gate.calibration.simulate import Rates, simulate, single_metric_policy, worse_by
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.metrics import METRICS, PEAK_MEMORY
from wattbench_reports.gate.policy import Policy
from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats import Interval
from wattbench_reports.stats.budgets import FLOOR_GATES, SEED

SCHEMA_VERSION = 1

_MARGINS = tuple(0.005 * 1.25**step for step in range(21))
"""Margins that are tried, from half a per cent to a half."""


@dataclass(frozen=True)
class Drill:
    """A gate against a candidate that was made worse on purpose."""

    planted: Mapping[str, float]
    verdict: str
    """Of the real gate over all of its rounds."""
    regressed: tuple[str, ...]
    """The metrics that regressed in it, those that do not block included."""
    rates: Rates
    """Of gates drawn from its rounds."""


@dataclass(frozen=True)
class Calibration:
    """The measured error rates and noise floors of a machine's gates."""

    suite: str
    system: str
    created_utc: str
    machine: Mapping[str, Mapping[str, str]]
    """Part of the machine (device, driver, power limit) to its facts."""
    runs: tuple[str, ...]
    items: int
    """The item cap of its gates."""
    rounds: int
    """Rounds of the real gate, from which the simulated ones are drawn."""
    equal: Rates
    """Rates of the system against itself."""
    drills: tuple[Drill, ...]
    floors: Mapping[str, float | None]
    """Metric to the smallest margin at which an equal candidate passes, and one that is worse by the margin is found,
    as often as the policy says. None: no margin up to a half."""
    not_judged: Mapping[str, str] = field(default_factory=dict)
    """Metric to why it was not calibrated."""


def calibrate(
    equal: Evidence,
    drills: Sequence[tuple[Mapping[str, float], Evidence]],
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
    """Simulate gates from the rounds of real ones, and estimate their error rates and noise floors.

    Args:
        equal: of a system against itself, with no early end.
        drills: what was planted, and the evidence of a gate against that.
        policy: of the gates.
        suite: its name.
        system: the system's.
        environment: of the runs' header.
        runs: the records' names.
        items: after which a gate stops.
        gates: how many are simulated for each rate.
        created_utc: ISO 8601.
    """
    every = cases(equal, policy)
    tested = [case for case in every if case.trial is not None]
    parts = machine_parts(environment, "")
    return Calibration(
        suite=suite,
        system=system,
        created_utc=created_utc,
        machine={name: dict(parts[name].facts) for name in _MACHINE},
        runs=tuple(runs),
        items=items,
        rounds=len(equal.rounds),
        equal=simulate(equal, policy, gates=gates, items=items, swap=True, seed=SEED),
        drills=tuple(_drill(planted, evidence, policy, items, gates) for planted, evidence in drills),
        floors={case.rule.metric: _floor(equal, policy, case.rule.metric, items) for case in tested},
        not_judged={
            case.rule.metric: case.missing or case.apart or "single figures are compared, not tested"
            for case in every
            if case.trial is None
        },
    )


_MACHINE = ("device", "driver", "power_limit")


def _drill(planted: Mapping[str, float], evidence: Evidence, policy: Policy, items: int, gates: int) -> Drill:
    result = judge(evidence, policy, suite="", planted=planted)
    return Drill(
        planted=dict(planted),
        verdict=str(result.verdict),
        regressed=tuple(each.metric for each in result.metrics if each.verdict is Verdict.REGRESSED),
        rates=simulate(evidence, policy, gates=gates, items=items, swap=False, seed=SEED),
    )


def _floor(equal: Evidence, policy: Policy, metric: str, items: int) -> float | None:
    """Find the smallest of `_MARGINS` that can be judged by bisection; those above it can be too."""
    low, high = -1, len(_MARGINS)  # does not hold, holds
    while high - low > 1:
        middle = (low + high) // 2
        if _holds(equal, policy, metric, _MARGINS[middle], items):
            high = middle
        else:
            low = middle
    return _MARGINS[high] if high < len(_MARGINS) else None


def _holds(equal: Evidence, policy: Policy, metric: str, margin: float, items: int) -> bool:
    single = single_metric_policy(policy, metric, margin)
    enough = 1 - policy.beta
    if simulate(equal, single, gates=FLOOR_GATES, items=items, swap=True, seed=SEED).passed.estimate < enough:
        return False
    try:
        harmed = worse_by(equal, metric, margin, SEED)
    except ValueError:  # fewer answers are right
        return False
    return simulate(harmed, single, gates=FLOOR_GATES, items=items, swap=False, seed=SEED).regressed.estimate >= enough


def as_json(calibration: Calibration) -> str:
    """Write a calibration as JSON, as `read_calibration` reads it."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(calibration)}, indent=2) + "\n"


def read_calibration(path: Path) -> Calibration:
    """Read what `wattbench calibrate` wrote.

    Raises:
        UserError: the file is not there, or is none.
    """
    try:
        recorded = json.loads(path.read_bytes())
        if recorded.pop("schema_version") != SCHEMA_VERSION:
            raise ValueError("it is of another version")
        equal, drills = _rates(recorded.pop("equal")), recorded.pop("drills")
        return Calibration(
            **recorded | {"runs": tuple(recorded["runs"])},
            equal=equal,
            drills=tuple(
                Drill(**drill | {"rates": _rates(drill["rates"]), "regressed": tuple(drill["regressed"])})
                for drill in drills
            ),
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a calibration ({error}). Make one with: wattbench calibrate SUITE") from error


def _rates(recorded: dict[str, Any]) -> Rates:
    shares = {name: Interval(**recorded[name]) for name in ("regressed", "passed", "inconclusive")}
    return Rates(gates=int(recorded["gates"]), median_items=float(recorded["median_items"]), **shares)


def check_floor(policy: Policy, path: Path, environment: Mapping[str, Any]) -> list[str]:
    """Check a policy's margins against the noise floors of a calibration on this machine.

    Returns:
        Notes for the reader: the calibration is of another machine, or holds nothing of a metric.

    Raises:
        UserError: a margin is below the noise floor, or the file is no calibration.
    """
    calibration = read_calibration(path)
    here = machine_parts(environment, "")
    if any(calibration.machine.get(name) != dict(here[name].facts) for name in _MACHINE):
        return [f"The calibration {path.name} is of another machine or another power limit, and was not used."]
    notes = []
    for rule in policy.rules:
        if rule.metric == PEAK_MEMORY:
            continue
        if rule.metric not in calibration.floors:
            notes.append(f"The calibration {path.name} has no noise floor for {METRICS[rule.metric].label}.")
            continue
        floor = calibration.floors[rule.metric]
        if floor is None or rule.margin < floor:
            raise UserError(_too_small(rule.metric, rule.margin, floor, path))
    return notes


def _too_small(metric: str, margin: float, floor: float | None, path: Path) -> str:
    in_words = points if metric == "accuracy" else percent
    label = METRICS[metric].label
    if floor is None:
        return f"{path}: {label} is too noisy on this machine to be gated at any margin up to 50%; leave it out"
    return (
        f"the margin of {label}, {in_words(margin)}, is below the noise floor of this machine, {in_words(floor)} "
        f"({path}): within its items, a gate could not distinguish such a change from none. Widen the margin, or raise "
        "max_items and calibrate again"
    )
