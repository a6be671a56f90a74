"""Quotes of prompts and answers."""

from __future__ import annotations

from wattbench_reports.formatting.safe_text import Excerpt
from wattbench_reports.sections.model import Quote


def quote(label: str, excerpt: Excerpt, which: str) -> Quote:
    """Make a quote whose label says how much of the text it is.

    Args:
        label: whose text it is.
        excerpt: of the text.
        which: end of the text is shown: ``first`` or ``last``.
    """
    if excerpt.cut:
        label += f" (the {which} {excerpt.shown:,} of {excerpt.length:,} characters)"
    elif not excerpt.length:
        label += " (empty)"
    return Quote(label, excerpt.text)
