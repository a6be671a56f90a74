"""List a history: its nights with the gaps between them, and the series of its figures."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wattbench.errors import UserError, nearest
from wattbench_reports.formatting import units
from wattbench_reports.gate.metrics import size_text
from wattbench_reports.metrics.metric import MONEY_UNIT
from wattbench_reports.metrics.registry import METRICS

if TYPE_CHECKING:
    from wattbench_reports.history import History, Trend

NIGHT_COLUMNS = ("date", "run", "commit", "systems", "verdict", "notes", "node")
SERIES_COLUMNS = (
    "date", "run", "system", "domain", "metric", "unit", "value", "standard_error", "provenance", "change", "node",
)  # fmt: skip
TEXT_COLUMNS = tuple(name for name in SERIES_COLUMNS if name != "unit")
"""Of `series_texts`: each figure names its unit."""

TEXT_FIGURES = ("value", "standard_error", "change")

_FIGURES = ("value", "standard_error")
_PREFIXED = ("s", "J", "B")


def night_rows(history: History, verdicts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for each night, oldest first, and one for each gap between two.

    Args:
        history: as loaded.
        verdicts: run to what was said of it that night, for those of which that is known.
    """
    systems = {run: sorted(set(names)) for run, names in history.values.groupby("run")["system"]}
    rows: list[dict[str, Any]] = []
    for night in history.nights:
        rows += _gap(rows[-1]["date"], night.date) if rows else []
        notes = ["backfilled"] if night.backfilled else []
        notes += ["the reference"] if history.reference is not None and history.reference.run == night.run else []
        rows.append({
            "date": night.date,
            "run": night.run,
            "commit": None if night.commit is None else night.commit[:10],
            "systems": ", ".join(systems.get(night.run, ())) or None,
            "verdict": verdicts.get(night.run),
            "notes": ", ".join(notes),
            "node": night.node or None,
        })  # fmt: skip
    return rows


def _gap(last: datetime.date, following: datetime.date) -> list[dict[str, Any]]:
    missing = (following - last).days - 1
    if missing < 1:
        return []
    first = last + datetime.timedelta(days=1)
    return [{"date": first, "notes": f"gap: {missing} night{'s' if missing > 1 else ''} without a run"}]


def series_rows(
    trends: tuple[Trend, ...], *, system: str | None = None, metric: str | None = None, domain: str | None = None
) -> list[dict[str, Any]]:
    """Return the points of the selected series, gaps included; a change of level is noted at its point.

    Args:
        trends: of the history.
        system: one alone.
        metric: one alone.
        domain: one alone; "" is all domains together. None: that one where it is there.

    Raises:
        UserError: there is no such series.
    """
    _check("--system", system, {trend.system for trend in trends})
    _check("--metric", metric, {trend.metric for trend in trends} | set(METRICS))
    _check("--domain", domain, {trend.domain for trend in trends})
    wanted = [
        trend
        for trend in trends
        if system in (None, trend.system) and metric in (None, trend.metric) and trend.domain == (domain or "")
    ]
    return [row for trend in wanted for row in _points(trend)]


def series_texts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of `series_rows` as texts for people, in a unit that fits the whole column."""
    shown = [dict(row) for row in rows]
    for unit in dict.fromkeys(row["unit"] for row in rows):
        of_unit = [row for row in shown if row["unit"] == unit]
        known = [row[name] for row in of_unit for name in _FIGURES]
        texts = iter(_in_unit(known, unit))
        for row in of_unit:
            row.update({name: next(texts) for name in _FIGURES})
            row["change"] = (
                None
                if row["change"] is None
                else f"{'−' if row['change'] < 0 else '+'}" + size_text(row["metric"], row["change"])
            )
    return shown


def _in_unit(values: Sequence[float | None], unit: str) -> list[str]:
    if unit == "share":
        return [units.percent(value) for value in values]
    if unit in _PREFIXED:
        return units.column(values, unit)
    number = "" if unit == MONEY_UNIT else f" {unit}"
    return [units.NONE if value is None else f"{units.digits(value)}{number}" for value in values]


def _points(trend: Trend) -> Iterator[dict[str, Any]]:
    changes = {change.run: change for change in trend.changes}
    for point in trend.points:
        change = changes.get(point.run or "")
        yield {
            "date": point.date,
            "run": point.run,
            "system": trend.system,
            "domain": trend.domain,
            "metric": trend.metric,
            "unit": trend.unit,
            "value": point.value,
            "standard_error": point.standard_error,
            "provenance": point.provenance,
            "change": None if change is None else change.shift,
            "node": point.node or None,
        }


def _check(option: str, wanted: str | None, known: set[str]) -> None:
    if wanted is not None and wanted not in known:
        raise UserError(f"{option} {wanted}: not in this history{nearest(wanted, known - {''})}")


def nights_behind_changes(trends: tuple[Trend, ...]) -> dict[str, str]:
    """Map each run that must be kept to the reason: a level changed with it, or it is the last before a change."""
    reasons: dict[str, str] = {}
    for trend in trends:
        runs = [point.run for point in trend.points if point.run is not None and point.value is not None]
        for change in trend.changes:
            what = f"{METRICS[trend.metric].label if trend.metric in METRICS else trend.metric} of {trend.system}"
            index = runs.index(change.run) if change.run in runs else 0
            for run in runs[max(0, index - 1) : index]:
                reasons.setdefault(run, f"the last night before {what} changed")
            reasons[change.run] = f"{what} changed"
    return reasons
