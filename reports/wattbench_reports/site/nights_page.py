"""Every night in a row of its own, and the stretches between them that have none."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.history import History, Trend, is_worse
from wattbench_reports.site import words
from wattbench_reports.site.links import METRICS_SHOWN, Links, night_id
from wattbench_reports.site.missing_nights import gap_between


@dataclass(frozen=True)
class Listed:
    """A row."""

    date: datetime.date
    id: str
    """For the first run of its date; else empty."""
    run: str
    href: str | None
    commit: str
    backfilled: bool
    verdict: str
    style: str
    """Of the verdict's badge."""
    systems: str
    """Their names where they are not those of the night before; else how many."""
    report: str | None
    gap: str
    """What is missing between this night and the one after it; empty: nothing."""


def night_list(history: History, trends: Sequence[Trend], raised: int, links: Links) -> list[Listed]:
    """Newest first.

    Args:
        history: all nights, those of other suites too.
        trends: with their change points.
        raised: alarms of the last night.
        links: of the page.
    """
    worse, better = Counter[str](), Counter[str]()
    for trend in trends:
        for change in trend.changes if trend.metric in METRICS_SHOWN else ():
            (worse if is_worse(trend.metric, change.shift) else better)[change.run] += 1
    systems = {str(run): list(own) for run, own in history.values.groupby("run")["system"].unique().items()}
    return list(_rows(history, worse, better, raised, systems, links))[::-1]


def _rows(
    history: History,
    worse: Counter[str],
    better: Counter[str],
    raised: int,
    systems: Mapping[str, Iterable[str]],
    links: Links,
) -> Iterator[Listed]:
    seen: set[datetime.date] = set()
    before: list[str] = []
    for place, night in enumerate(history.nights):
        last = place + 1 == len(history.nights)
        after = None if last else history.nights[place + 1].date
        own = [str(name) for name in systems.get(night.run, ())]
        verdict, style = _verdict(worse[night.run], better[night.run], raised if last else 0)
        yield Listed(
            date=night.date,
            id="" if night.date in seen else night_id(night.date),
            run=night.run,
            href=links.run(night.run),
            commit=(night.commit or words.NONE)[:10],
            backfilled=night.backfilled,
            verdict=verdict,
            style=style,
            systems=f"the same {len(own)}" if own == before else listed(own),
            report=links.report(night.run),
            gap="" if after is None else gap_between(night.date, after),
        )
        seen.add(night.date)
        before = own


def _verdict(worse: int, better: int, raised: int) -> tuple[str, str]:
    told = [f"{plural(raised, 'alarm')}"] if raised else []
    told += [f"{plural(worse, 'change')} for the worse"] if worse else []
    told += [f"{plural(better, 'change')} for the better"] if better else []
    return ", ".join(told) or "no change", "badge-bad" if raised or worse else "badge" if better else ""
