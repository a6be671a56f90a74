"""Link the pages of the site to each other and to the runs, with the ids of systems and charts, the same on every page.

Addresses are relative, so that the site can be moved.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from wattbench_reports.history import EVERYWHERE, History, Trend
from wattbench_reports.metrics.registry import NIGHTLY
from wattbench_reports.presenter.anchors import slug

METRICS_SHOWN = NIGHTLY
"""The metrics that have a page of trends, in the order of the navigation."""
INDEX, NIGHTS, TODAY = "index.html", "nights.html", "today.html"


@dataclass(frozen=True)
class Anchors:
    """The ids in links, and the positions, of the systems and charts of a history."""

    positions: Mapping[str, int]
    """System to its position among all systems, which gives its colour and mark."""
    sections: Mapping[str, str]
    """System to the id of its part of a page of trends."""
    charts: Mapping[tuple[str, str], str]
    """(System, domain) to the id of its chart."""

    @classmethod
    def of(cls, trends: Sequence[Trend]) -> Anchors:
        """Give systems and charts their ids in order of appearance, the same for all metrics."""
        systems = list(dict.fromkeys(trend.system for trend in trends))
        domains = list(dict.fromkeys(trend.domain for trend in trends))
        sections = dict(zip(systems, _ids(systems), strict=True))
        endings = dict(zip(domains, _ids("all" if domain == EVERYWHERE else domain for domain in domains), strict=True))
        return cls(
            positions={system: position for position, system in enumerate(systems)},
            sections=sections,
            charts={(t.system, t.domain): f"{sections[t.system]}--{endings[t.domain]}" for t in trends},
        )


@dataclass(frozen=True)
class Links:
    """The addresses as seen from one page."""

    history: History
    page: str
    """The page, relative to the site: ``trends/accuracy.html``."""
    anchors: Anchors
    """Of all systems and charts of the site."""
    reports: frozenset[str]
    """The runs that have a full report in the site."""

    @property
    def _folder(self) -> Path:
        """The folder of the page in the finished site; it may be written elsewhere first."""
        return (self.history.root / "site" / self.page).parent

    def to(self, page: str, anchor: str = "") -> str:
        """Link to another page of the site, or to an anchor in it."""
        path = os.path.relpath(self.history.root / "site" / page, self._folder)
        return quote(path.replace(os.sep, "/")) + (f"#{anchor}" if anchor else "")

    def metric(self, metric: str) -> str:
        """Link to the trends of a metric."""
        return self.to(f"trends/{metric}.html")

    def chart(self, system: str, domain: str, metric: str) -> str | None:
        """Link to the chart of a series; None if the site has none."""
        anchor = self.anchors.charts.get((system, domain))
        return self.to(f"trends/{metric}.html", anchor) if anchor and metric in METRICS_SHOWN else None

    def night(self, date: datetime.date) -> str | None:
        """Link to the row of a night; None if there was no night on this date."""
        return f"{self._nights}#{night_id(date)}" if date in self._dates else None

    def run(self, run: str) -> str | None:
        """Link to the directory of a run; None if it no longer exists."""
        root = self._roots.get(run)
        if root is None or not root.is_dir():
            return None
        return quote(os.path.relpath(root, self._folder).replace(os.sep, "/")) + "/"

    def report(self, run: str) -> str | None:
        """Link to the full report of a run; None without a report."""
        return self.to(report_name(self._roots[run])) if run in self.reports else None

    @cached_property
    def _nights(self) -> str:
        return self.to(NIGHTS)

    @cached_property
    def _dates(self) -> frozenset[datetime.date]:
        return frozenset(night.date for night in self.history.nights)

    @cached_property
    def _roots(self) -> dict[str, Path]:
        return {night.run: night.root for night in self.history.nights}


def report_name(root: Path) -> str:
    """Return the path of a run's full report in the site, by the name of its folder, which is unique."""
    return f"reports/{root.name}.html"


def night_id(date: datetime.date) -> str:
    """Return the id of a night's row."""
    return f"night-{date}"


def _ids(names: Iterable[str]) -> list[str]:
    ids: list[str] = []
    for name in names:
        candidate, number = slug(name), 2
        while candidate in ids:
            candidate, number = f"{slug(name)}-{number}", number + 1
        ids.append(candidate)
    return ids
