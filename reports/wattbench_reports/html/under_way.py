"""Renders a run that is not finished as a page that a server of this machine keeps up to date."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from wattbench.records import RunRecords
from wattbench_reports.figures.palette import mark_svg, marks_svg
from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Passage, Section
from wattbench_reports.presenter.templating import engine, own_file, policy_hash
from wattbench_reports.sections.under_way import RunUnderWay, under_way_section
from wattbench_reports.tables.header_record import header_record

_PACKAGE = "wattbench_reports.html"


def under_way_page(records: RunRecords, run: RunUnderWay | str) -> str:
    """Render the page as an HTML document. Its script gets `content_of_page` from ``state.json`` next to it.

    Args:
        records: of the run.
        run: how far it is; a text is what is wrong with its record.
    """
    (css, script), header = _files(), records.header
    return (
        engine(_PACKAGE)
        .get_template("under_way.html.j2")
        .render(
            # Ours, not a record's.
            css=Markup(css),  # noqa: S704
            script=Markup(script),  # noqa: S704
            marks=Markup(marks_svg()),  # noqa: S704
            content=Markup(content_of_page(run)),  # noqa: S704 - escaped by the same engine
            policy=under_way_policy(),
            suite=header_record(records).suite.name,
            header=header,
            created=header.created_utc[:16].replace("T", " "),
        )
    )


def under_way_policy() -> str:
    """Return the Content-Security-Policy of the page: its own style and script, and requests to its own server."""
    style, script = map(policy_hash, _files())
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def content_of_page(run: RunUnderWay | str) -> str:
    """Render what the page shows of a run, as it changes: a fragment in which every text is escaped."""
    section = _damaged(run) if isinstance(run, str) else with_content(under_way_section(run))
    return (
        engine(_PACKAGE)
        .get_template("under_way_content.html.j2")
        .render(section=section, mark=lambda series: Markup(mark_svg(series)))  # noqa: S704 - ours
    )


def _damaged(problem: str) -> Section:
    return Section(
        "damaged", "Damaged", "Damaged", "The record of this run cannot be read.", (Passage("", (problem,)),)
    )


@cache
def _files() -> tuple[str, str]:
    return own_file("style.css", _PACKAGE), own_file("under_way.js", _PACKAGE)
