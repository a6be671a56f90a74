"""Made-up histories: as `wattbench_reports.history` would have read them, without a run on disk."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.history import Alarm, Change, Drift, History, Night, Reference, Trend, TrendPoint
from wattbench_reports.site.links import METRICS_SHOWN

FIRST = datetime.date(2026, 1, 1)
LEVELS = {
    "accuracy": 0.62,
    "latency_p50": 0.8,
    "latency_p95": 1.9,
    "ttft": 0.11,
    "joules_per_request": 12.0,
    "joules_per_correct": 19.4,
}
POLICY = Policy(rules=(Rule("accuracy", 0.05), Rule("latency_p50", 0.1), Rule("joules_per_correct", 0.1)))


@dataclass(frozen=True)
class Made:
    """All that a site is made of."""

    history: History
    trends: tuple[Trend, ...]
    alarms: tuple[Alarm, ...]
    drift: Drift


def night(root: Path, place: int) -> Night:
    date = FIRST + datetime.timedelta(days=place)
    run = f"{date:%Y%m%d}T020000Z-nightly-{place:06x}"
    return Night(
        run=run,
        root=root / "runs" / run,
        date=date,
        created_utc=f"{date}T02:00:00+00:00",
        commit=f"{place:040x}",
        backfilled=place == 3,
        suite="nightly",
    )


def made_up(
    root: Path,
    days: int = 30,
    systems: Sequence[str] = ("generalist", "specialist"),
    domains: Sequence[str] = ("arithmetic", "text"),
    *,
    missing: Sequence[int] = (),
    steps: Mapping[tuple[str, str, str], tuple[int, float]] = {},
    broken: Mapping[str, int] = {},
    pinned: int | None = 2,
    modelled: Sequence[str] = (),
    alarmed: bool = True,
) -> Made:
    """A history of so many days.

    Args:
        missing: places of days without a night.
        steps: (system, domain, metric) to (place, factor): from there on, its level is another.
        broken: system to the place from which on its machine is another.
        pinned: place of the reference; None: there is none.
        modelled: systems whose joules are.
        alarmed: the steps raise alarms.
    """
    chance = np.random.default_rng(6)
    nights = {place: night(root, place) for place in range(days) if place not in missing}
    trends, rows = [], []
    for number, system in enumerate(systems):
        for domain in ("", *domains):
            for metric in METRICS_SHOWN:
                level = LEVELS[metric] * (1 + 0.15 * number + 0.03 * len(domain))
                level = min(level, 0.9) if metric == "accuracy" else level
                place, factor = steps.get((system, domain, metric), (days, 1.0))
                noise = chance.normal(0, 0.012, days)
                values = level * (1 + noise) * np.where(np.arange(days) >= place, factor, 1.0)
                provenance = "modelled" if system in modelled else "counter"
                points = tuple(
                    _point(at, nights.get(at), values[at], level, metric, provenance, broken.get(system, days))
                    for at in range(days)
                )
                changes = ()
                if place < days:
                    changes = (
                        Change(nights[place].date, nights[place].run, level, level * factor, factor - 1, 0.0004),
                    )
                trends.append(Trend(system, domain, metric, "", points, changes))
                rows += [
                    {
                        "run": point.run, "date": point.date, "system": system, "kind": "generalist", "domain": domain,
                        "metric": metric, "value": point.value, "standard_error": point.standard_error, "items": 60,
                        "provenance": point.provenance, "conditions": point.conditions,
                    }
                    for point in points if point.run is not None
                ]  # fmt: skip
    reference = None
    if pinned is not None:
        reference = Reference(nights[pinned].run, "First night on the new machine.", "A. Reviewer", nights[pinned].date)
    listed = tuple(nights[place] for place in sorted(nights))
    history = History(root, listed, pd.DataFrame(rows), reference)
    alarms = tuple(
        Alarm("change", trend.system, trend.domain, trend.metric, f"{trend.system}: {trend.metric} has changed", change)
        for trend in trends for change in trend.changes if alarmed
    )  # fmt: skip
    previous = {name: result(name, listed[-2].run, listed[-1].run) for name in systems} if len(listed) > 1 else {}
    pinned_results = {} if reference is None else {
        name: result(name, reference.run, listed[-1].run, Verdict.REGRESSED if steps else Verdict.INCONCLUSIVE)
        for name in systems
    }  # fmt: skip
    return Made(history, tuple(trends), alarms, Drift(POLICY, previous, pinned_results))


def _point(
    at: int, of: Night | None, value: float, level: float, metric: str, provenance: str, broken: int
) -> TrendPoint:
    date = FIRST + datetime.timedelta(days=at)
    if of is None:
        return TrendPoint(date, None, None)
    energy = provenance if metric.startswith("joules") else ""
    return TrendPoint(date, of.run, float(value), 0.01 * level, 60, energy, "new" if at >= broken else "old")


def result(system: str, before: str, now: str, verdict: Verdict = Verdict.PASS) -> GateResult:
    """One system on two nights."""
    reason = "4.1% more; a worsening by 10% is ruled out. A worsening of 6% or more would have been found."
    metrics = (
        MetricVerdict("accuracy", verdict, True, 0.05, reason, 0.62, 0.61),
        MetricVerdict("latency_p50", verdict, True, 0.1, reason, 0.8, 0.833),
        MetricVerdict("joules_per_correct", Verdict.NOT_MEASURED, False, 0.1, "Joules are modelled."),
    )
    return GateResult(
        verdict=verdict,
        headline=f"{system} {verdict.replace('_', ' ')}: accuracy and latency p50 were judged over 60 items.",
        baseline=system,
        candidate=system,
        suite="nightly",
        runs=(before, now),
        metrics=metrics,
        policy=POLICY,
        items=60,
    )
