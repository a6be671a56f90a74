"""List every night in a row, and the stretches of missing nights between them."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wattbench_reports.formatting.units import named, plural
from wattbench_reports.history import History, Trend, is_worse
from wattbench_reports.history.night_verdict import ALARM, WORSE, Alert
from wattbench_reports.site import words
from wattbench_reports.site.links import METRICS_SHOWN, Links, night_id

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class NightRow:
    """The row of a night."""

    date: datetime.date
    id: str
    """The anchor of the date, for its first run; else empty."""
    run: str
    href: str | None
    commit: str
    backfilled: bool
    verdict: str
    style: str
    """Of the verdict's badge."""
    systems: str
    """Names where they differ from the previous night's; else the number."""
    report: str | None
    gap: str
    """The missing nights between this one and the next; empty if none is missing."""


def night_list(
    history: History, trends: Sequence[Trend], reported: Mapping[str, Sequence[Alert]], links: Links
) -> list[NightRow]:
    """List the nights, newest first.

    Args:
        history: all nights, those of other suites too.
        trends: with their change points.
        reported: by run, from `all_alerts`.
        links: of the page.
    """
    worse, better = Counter[str](), Counter[str]()
    for trend in trends:
        for change in trend.changes if trend.metric in METRICS_SHOWN else ():
            (worse if is_worse(trend.metric, change.shift) else better)[change.run] += 1
    systems = {str(run): list(names) for run, names in history.values.groupby("run")["system"].unique().items()}
    return list(_rows(history, worse, better, reported, systems, links))[::-1]


def _rows(
    history: History,
    worse: Counter[str],
    better: Counter[str],
    reported: Mapping[str, Sequence[Alert]],
    systems: Mapping[str, Iterable[str]],
    links: Links,
) -> Iterator[NightRow]:
    seen: set[datetime.date] = set()
    before: list[str] = []
    for position, night in enumerate(history.nights):
        last = position + 1 == len(history.nights)
        after = None if last else history.nights[position + 1].date
        shown = [str(name) for name in systems.get(night.run, ())]
        verdict, style = _verdict(worse[night.run], better[night.run], reported[night.run])
        yield NightRow(
            date=night.date,
            id="" if night.date in seen else night_id(night.date),
            run=night.run,
            href=links.run(night.run),
            commit=(night.commit or words.NONE)[:10],
            backfilled=night.backfilled,
            verdict=verdict,
            style=style,
            systems=f"the same {len(shown)}" if shown == before else named(shown),
            report=links.report(night.run),
            gap="" if after is None else gap_between(night.date, after),
        )
        seen.add(night.date)
        before = shown


def _verdict(worse: int, better: int, reported: Sequence[Alert]) -> tuple[str, str]:
    raised, beyond = (sum(each.kind == kind for each in reported) for kind in (ALARM, WORSE))
    parts = [plural(raised, "alarm")] if raised else []
    parts += [f"{plural(beyond, 'figure')} worse by more than the margin"] if beyond else []
    parts += [f"{plural(worse, 'change point')} for the worse"] if worse else []
    parts += [f"{plural(better, 'change point')} for the better"] if better else []
    bad = raised or beyond or worse
    return ", ".join(parts) or "no change point", "badge-bad" if bad else "badge" if better else ""


def gaps(dates: Iterable[datetime.date]) -> list[str]:
    """List the stretches of dates without a night, newest first: ``2026-03-04 to 2026-03-06 (3 nights)``."""
    stretches = [gap_between(before, after) for before, after in pairwise(sorted(dates))]
    return [gap for gap in reversed(stretches) if gap]


def gap_between(before: datetime.date, after: datetime.date) -> str:
    """Describe the missing nights between two dates; empty if none is missing."""
    missing = (after - before).days - 1
    if missing < 1:
        return ""
    return f"{before + _DAY} (1 night)" if missing == 1 else f"{before + _DAY} to {after - _DAY} ({missing} nights)"
