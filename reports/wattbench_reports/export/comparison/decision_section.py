"""Make the section of a decision: the advice, a row per system, the evidence."""

from __future__ import annotations

from wattbench_reports.presenter.model import Passage, Section, Table, point, strong
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


def closing_section(words: DecisionWords, *first: Passage) -> Section:
    """Make what a run ends with: other passages, the advice, the table, and the caveat that matters most."""
    caveats = () if words.caveat is None else (point(words.caveat.text, "! "),)
    advice = Passage(sentences=(strong(words.advice),))
    passages = (*first, advice, Passage(tables=_tables(words)), Passage(points=caveats))
    return Section("closing", "Closing", "", "", passages)


def _tables(words: DecisionWords) -> tuple[Table, ...]:
    """Return the table of the decision; none for names alone."""
    return (words.table,) if len(words.table.columns) > 1 else ()
