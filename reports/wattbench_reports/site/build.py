"""Write the pages of a history's site."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_all_atomically
from wattbench_reports.figures.palette import mark_svg, marks_svg
from wattbench_reports.formatting import units
from wattbench_reports.formatting.repository_links import RepositoryLinks
from wattbench_reports.formatting.units import plural
from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.history import History, Trend, change_words, is_worse, load_history, trends
from wattbench_reports.history.change_words import label
from wattbench_reports.history.night_verdict import NightVerdict, all_alerts, night_verdict
from wattbench_reports.presenter.templating import as_bytes, engine, own_file, policy_hash
from wattbench_reports.site import words
from wattbench_reports.site.full_reports import FullReports, full_reports
from wattbench_reports.site.index_page import last_figures, open_changes, pinned_date
from wattbench_reports.site.links import INDEX, METRICS_SHOWN, NIGHTS, TODAY, Anchors, Links
from wattbench_reports.site.nights_page import gaps, night_list
from wattbench_reports.site.series import Breaks, series_of
from wattbench_reports.site.tonight import BADGES, alarms_by_system, headline, style_of_change, tonight
from wattbench_reports.site.trend_page import groups
from wattbench_reports.wording import night as difference_words
from wattbench_reports.wording.gate import verdict_name

if TYPE_CHECKING:
    from jinja2 import Environment


def build_site(history_root: Path, out: Path | None = None, policy: Policy = NIGHT_POLICY) -> Path:
    """Write the site of a history, and return its first page.

    The same history gives the same bytes. The full report of the last night is made if it does not exist yet.

    Args:
        history_root: as `wattbench_reports.history.load_history` reads it.
        out: folder to write into, if not `DIR/site`; the links are those of that folder.
        policy: how nights are judged.

    Raises:
        UserError: there is no night, a record is damaged, or a file cannot be written.
    """
    history = load_history(history_root)
    if not history.nights:
        why = "; ".join(history.notes) or "add one with wattbench nightly"
        raise UserError(f"{history_root}: no night to show ({why})")
    site = out or history_root / "site"
    reports = full_reports(history, site)
    pages = site_pages(history, trends(history, policy), night_verdict(history, policy), reports)
    write_all_atomically({site / name: page for name, page in pages.items()}, failure="the page cannot be written")
    return site / INDEX


def site_pages(
    history: History, all_trends: Sequence[Trend], verdict: NightVerdict, reports: FullReports
) -> dict[str, bytes]:
    """Render every page except the full reports by its name within the site."""
    site = _Site(history, all_trends, verdict, reports)
    pages = {INDEX: site.index(), NIGHTS: site.nights(), TODAY: site.today()}
    pages |= {f"trends/{metric}.html": site.trend(metric) for metric in METRICS_SHOWN}
    return {name: as_bytes(page) for name, page in pages.items()}


class _Site:
    """Renders the pages from what they share."""

    def __init__(
        self,
        history: History,
        all_trends: Sequence[Trend],
        verdict: NightVerdict,
        reports: FullReports,
    ) -> None:
        self._history, self._trends, self._verdict, self._reports = history, all_trends, verdict, reports
        self._reported = all_alerts(history, verdict)
        self._anchors = Anchors.of(all_trends)
        breaks = Breaks(history)
        self._drawn = [series_of(each, breaks) for each in all_trends if each.metric in METRICS_SHOWN]
        self._engine: Environment = engine("wattbench_reports.site", "wattbench_reports.html")
        self._last = history.nights[-1]
        self._series = history.series_nights()

    def index(self) -> str:
        links, result = self._links(INDEX), self._verdict.result
        return self._page(
            links,
            "index.html.j2",
            f"Night of {self._last.date}",
            verdict=verdict_name(result.verdict),
            badge=BADGES[result.verdict],
            headline=headline(self._verdict),
            alarms=list(alarms_by_system(self._verdict, links)),
            tonight=tonight(self._verdict.changes),
            night_words=change_words,
            style_of_change=style_of_change,
            figure_text=figure_text,
            size_text=size_text,
            capital=units.capital,
            differences=self._verdict.differences,
            difference_words=difference_words,
            repository=RepositoryLinks,
            figures=last_figures(self._history, self._drawn, links),
            metrics=METRICS_SHOWN,
            changes=open_changes(self._history, self._trends),
            is_worse=is_worse,
            changes_note=self._changes_note(),
            pinned=self._history.reference,
            pinned_date=pinned_date(self._history),
            gaps=gaps(night.date for night in self._series),
            notes=result.notes,
            run=self._last.run,
            missing_reason=self._reports.missing_reason,
            span=self._span(),
        )

    def trend(self, metric: str) -> str:
        links = self._links(f"trends/{metric}.html")
        return self._page(
            links,
            "trend.html.j2",
            units.capital(label(metric)),
            groups=groups(self._drawn, metric, links),
            note="Each chart has its own scale, which may not start at 0. The date of a change point is the first "
            "night at the new level; its limit is what those nights were beyond.",
        )

    def nights(self) -> str:
        links = self._links(NIGHTS)
        rows = night_list(self._history, self._trends, self._reported, links)
        return self._page(links, "nights.html.j2", "All nights", nights=rows)

    def today(self) -> str:
        links = self._links(TODAY)
        return self._page(
            links, "today.html.j2", "Full report", date=self._last.date, report=links.report(self._last.run),
            missing_reason=self._reports.missing_reason,
        )  # fmt: skip

    def _links(self, page: str) -> Links:
        return Links(self._history, page, self._anchors, self._reports.runs)

    def _page(self, links: Links, template: str, title: str, **shown: Any) -> str:
        css = own_file("style.css", "wattbench_reports.html") + own_file("site.css", "wattbench_reports.site")
        return self._engine.get_template(template).render(
            # Not from a record: the style sheet and what `wattbench_reports.figures.palette` drew.
            css=Markup(css),  # noqa: S704
            css_hash=policy_hash(css),
            marks=Markup(marks_svg()),  # noqa: S704
            mark=lambda position: Markup(mark_svg(position)),  # noqa: S704
            title=title,
            links=links,
            words=words,
            suite=self._last.suite,
            meta=f"{plural(len(self._series), 'night')}, {self._span()} · last run {self._last.run}",
            navigation=self._navigation(links),
            **shown,
        )

    def _navigation(self, links: Links) -> list[dict[str, object]]:
        pages = {INDEX: "Last night", TODAY: "Full report"}
        pages |= {f"trends/{metric}.html": units.capital(label(metric)) for metric in METRICS_SHOWN}
        pages |= {NIGHTS: "All nights"}
        return [
            {"href": links.to(page), "label": label, "current": page == links.page} for page, label in pages.items()
        ]

    def _span(self) -> str:
        return f"{self._series[0].date} to {self._last.date}"

    def _changes_note(self) -> str:
        date = pinned_date(self._history)
        if date is None:
            return "All detected change points, because no reference is pinned; with one, only those after its night."
        return (
            f"Change points after the reference night, {date}. A change point stays open until a reviewed reference of "
            "a later night replaces this one; better figures do not close it."
        )
