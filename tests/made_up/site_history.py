"""Made-up histories: as `wattbench_reports.history` would have read them, without a run on disk."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wattbench.records.schema.header import CommitRecord, CommitsSinceRecord
from wattbench_reports.gate.policy import NIGHT_POLICY
from wattbench_reports.history import (
    Alarm,
    Change,
    History,
    Night,
    NightChange,
    Reference,
    Trend,
    TrendPoint,
)
from wattbench_reports.history.night_changes import state_of
from wattbench_reports.history.night_verdict import NightVerdict, night_result
from wattbench_reports.history.series_watch import LEAST_NIGHTS
from wattbench_reports.history.what_changed import FactChange, NightDifference, PartChange
from wattbench_reports.site.links import METRICS_SHOWN

FIRST = datetime.date(2026, 1, 1)
LEVELS = {
    "accuracy": 0.62,
    "latency_mean": 0.9,
    "latency_p50": 0.8,
    "latency_p95": 1.9,
    "ttft": 0.11,
    "joules_per_request": 12.0,
    "joules_per_correct": 19.4,
}
HALF = 0.03
"""Of every interval."""


@dataclass(frozen=True)
class Made:
    """All that a site is made of."""

    history: History
    trends: tuple[Trend, ...]
    verdict: NightVerdict


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
    differences: Sequence[NightDifference] = (),
    notes: Sequence[str] = (),
    seed: int = 6,
) -> Made:
    """A history of so many days.

    Args:
        missing: places of days without a night.
        steps: (system, domain, metric) to (place, factor): from there on, its level is another.
        broken: system to the place from which on its machine is another.
        pinned: place of the reference; None: there is none.
        modelled: systems whose joules are.
        alarmed: the steps raise alarms.
        differences: what changed in code, weights and prompts.
        notes: of the history.
        seed: of its noise.
    """
    chance = np.random.default_rng(seed)
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
                    after = level * factor
                    shift = after - level if metric == "accuracy" else factor - 1
                    changes = (Change(nights[place].date, nights[place].run, level, after, shift, 0.02, 2),)
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
    history = History(root, listed, pd.DataFrame(rows), reference, notes=tuple(notes))
    alarms = tuple(
        Alarm(trend.system, trend.domain, trend.metric, f"{trend.system}: {trend.metric} has changed", change)
        for trend in trends for change in trend.changes if alarmed
    )  # fmt: skip
    changes = changes_of(trends, None if reference is None else reference.run, {_series(each) for each in alarms})
    result = night_result(history, alarms, NIGHT_POLICY, changes)
    verdict = NightVerdict(result, alarms, changes, tuple(differences))
    return Made(history, tuple(trends), verdict)


def changes_of(
    trends: Sequence[Trend], pinned: str | None, alarmed: Collection[tuple[str, str, str]]
) -> tuple[NightChange, ...]:
    """Comparisons of the last night with the four weeks before, the first four nights, and the reference."""
    changes = []
    for trend in trends:
        *earlier, last = [point for point in trend.points if point.value is not None]
        if trend.domain or not earlier:
            continue
        weeks = [point for point in earlier if point.date >= last.date - datetime.timedelta(days=28)]
        changes.append(change_of(trend, last, "four_weeks", weeks, alarmed=_series(trend) in alarmed))
        if len(earlier) > LEAST_NIGHTS:
            changes.append(change_of(trend, last, "best", earlier[:LEAST_NIGHTS]))
        if at_reference := [point for point in earlier if point.run == pinned]:
            changes.append(change_of(trend, last, "reference", at_reference, known=len(earlier) >= LEAST_NIGHTS))
    return tuple(sorted(changes, key=lambda each: (each.state != "alarm", not each.worse, -abs(each.change or 0.0))))


def change_of(
    trend: Trend,
    last: TrendPoint,
    against: str,
    points: Sequence[TrendPoint],
    *,
    known: bool | None = None,
    alarmed: bool = False,
) -> NightChange:
    """One comparison of the last night.

    Args:
        trend: over all domains.
        last: its last point.
        against: what it is compared with.
        points: the nights of that.
        known: whether it has bounds; None: where these nights are enough.
        alarmed: it is an alarm.
    """
    rule = next((each for each in NIGHT_POLICY.rules if each.metric == trend.metric), None)
    margin, blocks = (0.1, False) if rule is None else (rule.margin, rule.blocks)
    blocks &= last.provenance != "modelled"
    now, before = last.value, float(np.median([point.value for point in points]))
    first, end = points[0].date, points[-1].date
    label = str(first) if len(points) == 1 else f"{len(points)} nights from {first} to {end}"
    if any(point.conditions != last.conditions for point in points):
        return NightChange(
            trend.system, trend.metric, against, label, None, now, None, None, None, margin, "not_comparable", blocks,
            note="other items, machine or meters",
        )  # fmt: skip
    size = now - before if trend.metric == "accuracy" else now / before - 1
    if not (len(points) >= LEAST_NIGHTS if known is None else known):
        note = f"too few nights ({len(points)} of {LEAST_NIGHTS} before this one)"
        return NightChange(
            trend.system, trend.metric, against, label, before, now, size, None, None, margin, "too_few_nights", blocks,
            note=note,
        )  # fmt: skip
    low, high = size - HALF, size + HALF
    state = "alarm" if alarmed else state_of(trend.metric, low, high, margin)
    state = "not_judged" if state == "worse" and not blocks else state
    return NightChange(
        trend.system, trend.metric, against, label, before, now, size, low, high, margin, state, blocks, margin + HALF
    )


def _series(of: Trend | Alarm) -> tuple[str, str, str]:
    return of.system, of.domain, of.metric


def differences_of(
    history: History, remote: str | None = "https://github.com/owner/name", *, file: str = "adapters/specialist.yaml"
) -> tuple[NightDifference, ...]:
    """Since the previous night a new adapter; since the reference a changed prompt and another system too.

    Args:
        history: of which the last night is.
        remote: of its repository.
        file: the name of a changed file, of the adapter, of a setting and in the subject of a commit.
    """
    first, before, last = history.nights[2], history.nights[-2], history.nights[-1]
    weights = PartChange(
        ("specialist",),
        "weights",
        (FactChange("SHA-256", "1" * 64, "2" * 64), FactChange(file, file, "")),
        (file, "base.gguf"),
    )
    prompts = PartChange((), "prompts", (FactChange("of addition", "", ""),))
    since = CommitsSinceRecord(
        run=before.run,
        commits=(
            CommitRecord(commit="c" * 40, subject=f"Train {file} again"),
            CommitRecord(commit="d" * 40, subject="<b>Shorter</b> prompt"),
        ),
        commits_in_all=5,
        files=(file, "prompts/a b.txt"),
        files_in_all=2,
    )
    return (
        NightDifference(
            "previous", before, (weights,), (), (), before.commit, last.commit, remote, since, ("answers.py",), 3
        ),
        NightDifference(
            "reference", first, (weights, prompts), ("specialist",), ("regex",), first.commit, last.commit, remote,
            None, ("answers.py",), 3,
        ),
    )  # fmt: skip


def _point(
    at: int, of: Night | None, value: float, level: float, metric: str, provenance: str, broken: int
) -> TrendPoint:
    date = FIRST + datetime.timedelta(days=at)
    if of is None:
        return TrendPoint(date, None, None)
    energy = provenance if metric.startswith("joules") else ""
    return TrendPoint(date, of.run, float(value), 0.01 * level, 60, energy, "new" if at >= broken else "old")
