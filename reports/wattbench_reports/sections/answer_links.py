"""Links of a page to its table of all answers, with filters set."""

from __future__ import annotations

from urllib.parse import quote

from wattbench_reports.formatting.safe_text import visible

ANSWERS = "answers"
"""The id of the section that holds the table."""
DIFFER = "judge and people differ"
"""A choice of the filter ``judged``."""


def answers_link(**filters: str) -> str:
    """Return the fragment of the page that shows some answers.

    Args:
        filters: a value by the name of its filter, as the page shows it: ``system``, ``domain``, ``task``, ``key``,
            ``label``, ``outcome``, ``judged``; ``flipped`` and ``against`` for the items on which two systems differ;
            ``answer`` (``TASK/DOCUMENT``) and ``left`` for one answer of a system.
    """
    chosen = [f"{name}={quote(visible(value), safe='')}" for name, value in filters.items() if value]
    return f"#{'&'.join((ANSWERS, *chosen))}"
