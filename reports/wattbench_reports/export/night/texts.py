"""Write a night's verdict for a terminal, and as Markdown for the summary of a job."""

from __future__ import annotations

from wattbench_reports.export.gate.texts import MOST_BYTES
from wattbench_reports.history.night_verdict import NightVerdict
from wattbench_reports.presenter import markdown, text
from wattbench_reports.sections.night import night_words


def as_text(verdict: NightVerdict) -> str:
    """Return the verdict as plain text."""
    return text.as_text(night_words(verdict))


def as_markdown(verdict: NightVerdict) -> str:
    """Return the verdict as Markdown of at most `MOST_BYTES`."""
    return markdown.as_comment(night_words(verdict), most_bytes=MOST_BYTES, complete="the night's JSON lists all")
