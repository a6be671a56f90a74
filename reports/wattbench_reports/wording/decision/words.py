"""Put a decision into words, for every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.model import Decision
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.tables.provenance import joined
from wattbench_reports.wording.arrival_rates import title
from wattbench_reports.wording.decision.advice import advice, taking_part
from wattbench_reports.wording.decision.evidence import evidence
from wattbench_reports.wording.decision.main_caveat import main_caveat
from wattbench_reports.wording.decision.phrases import ASK, PHRASES
from wattbench_reports.wording.decision.table import DecisionColumn, decision_rows


@dataclass(frozen=True)
class DecisionWords:
    """A decision in words."""

    decision: Decision
    advice: str
    """One sentence."""
    evidence: tuple[str, ...]
    columns: tuple[DecisionColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    """A row of texts per system, in the order of the decision."""
    caveat: Caveat | None
    """The one that matters most."""


def decision_words(decision: Decision, analysis: Analysis, *, ask: str = ASK) -> DecisionWords:
    """Put a decision into words.

    Args:
        decision: from `wattbench_reports.decision.decide`.
        analysis: what it was made from.
        ask: what the reader can do where nothing is required, as a clause.
    """
    columns, rows = decision_rows(decision)
    said = advice(decision, {}, provenance=joule_provenance(decision, analysis))
    sentences = (*_at_rate(analysis), *evidence(decision, ask))
    return DecisionWords(decision, said, sentences, columns, rows, main_caveat(analysis, decision))


def _at_rate(analysis: Analysis) -> Iterator[str]:
    """Say at which of several offered rates the decision is made."""
    load = analysis.comparison.load
    if load is not None and len(load.rates) > 1:
        yield PHRASES["at_rate"].format(rate=title(load.compared))


def joule_provenance(decision: Decision, analysis: Analysis) -> str:
    """Return the provenance of the joules that a decision compares; empty where it is about money."""
    if decision.unit is CostUnit.MONEY:
        return ""
    costed = [each.system for each in taking_part(decision) if each.cost_per_request is not None]
    return joined(analysis.measured[name].provenance for name in costed)
