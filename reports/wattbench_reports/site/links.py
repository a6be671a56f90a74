"""From a page of the site to another, to a place within it, and to the runs: all relative, so that all can be moved."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from wattbench_reports.history import History

METRICS_SHOWN = ("accuracy", "latency_p50", "latency_p95", "ttft", "joules_per_request", "joules_per_correct")
"""Those that have a page of trends, in the order of the navigation."""

INDEX, NIGHTS, TODAY = "index.html", "nights.html", "today.html"


@dataclass(frozen=True)
class Links:
    """Addresses as they stand on one page."""

    history: History
    page: str
    """The page itself, relative to the site: ``trends/accuracy.html``."""
    reports: frozenset[str] = field(default_factory=frozenset)
    """The runs that have a full report in the site."""

    @property
    def _folder(self) -> Path:
        """Of the page, where people find it; it may be written elsewhere, and be put there when it is whole."""
        return (self.history.root / "site" / self.page).parent

    def to(self, page: str, place: str = "") -> str:
        """Another page of the site, or a place in it."""
        path = os.path.relpath(self.history.root / "site" / page, self._folder)
        return quote(path.replace(os.sep, "/")) + (f"#{place}" if place else "")

    def metric(self, metric: str, place: str = "") -> str:
        """The trends of a metric."""
        return self.to(f"trends/{metric}.html", place)

    def night(self, date: datetime.date) -> str | None:
        """The row of a night; None where there was none on this date."""
        return f"{self._nights}#{night_id(date)}" if date in self._dates else None

    def run(self, run: str) -> str | None:
        """The directory of a run; None where it is no longer there."""
        root = self._roots.get(run)
        if root is None or not root.is_dir():
            return None
        return quote(os.path.relpath(root, self._folder).replace(os.sep, "/")) + "/"

    def report(self, run: str) -> str | None:
        """The full report of a run; None where there is none."""
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
    """Where the full report of a run lies in the site: by the name of its folder, which is one."""
    return f"reports/{root.name}.html"


def night_id(date: datetime.date) -> str:
    """The row of a night."""
    return f"night-{date}"
