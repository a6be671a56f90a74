"""Render sections as HTML. A page takes the macros of `section.html.j2`; a notebook a fragment."""

from __future__ import annotations

from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Section
from wattbench_reports.presenter.templating import engine


def as_html(*sections: Section) -> str:
    """Return sections as a fragment for a notebook: without style sheet or script, every text of a record escaped."""
    fragment = getattr(engine().get_template("section.html.j2").module, "fragment")  # noqa: B009 - a macro
    return f"<div>\n{''.join(fragment(with_content(section)) for section in sections)}</div>\n"
