"""Make the section of a decision: the advice, a row per system, the evidence."""

from __future__ import annotations

from wattbench_reports.presenter.model import Passage, Section, Table, strong
from wattbench_reports.wording.decision import DecisionWords


def decision_section(words: DecisionWords, title: str = "", *others: Passage) -> Section:
    """Make the section; other passages follow the evidence."""
    return Section(
        "decision",
        "Decision",
        title,
        strong(words.advice),
        (Passage(tables=_tables(words), points=tuple(words.evidence)), *others),
    )


def _tables(words: DecisionWords) -> tuple[Table, ...]:
    """Return the table of the decision; none for names alone."""
    return (words.table,) if len(words.table.columns) > 1 else ()
