"""Renders the page of an imported run that has figures of its source and no answers."""

from __future__ import annotations

from markupsafe import Markup

from wattbench.records import RunRecords
from wattbench_reports.figures.svg import page_svg
from wattbench_reports.presenter.anchors import anchors
from wattbench_reports.presenter.templating import engine, own_file, policy_hash
from wattbench_reports.sections.stated import section_of
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.stated_figures import StatedFigures


def stated_page(run: RunRecords, stated: StatedFigures) -> str:
    """Render the page as one self-contained HTML document.

    Args:
        run: an imported one.
        stated: its figures.
    """
    css, section = own_file("style.css", "wattbench_reports.html"), section_of(stated, ())
    return (
        engine("wattbench_reports.html")
        .get_template("stated.html.j2")
        .render(
            css=Markup(css),  # noqa: S704 - ours
            css_hash=policy_hash(css),
            suite=header_record(run).suite.name,
            header=run.header,
            created=run.header.created_utc[:16].replace("T", " "),
            section=section,
            anchors=anchors([section], ()),
            mark=lambda _: "",
            svg=lambda drawing: Markup(page_svg(drawing)),  # noqa: S704 - ours
        )
    )
