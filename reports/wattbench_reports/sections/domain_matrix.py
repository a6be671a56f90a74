"""Every system in every domain, as one matrix: accuracy, and below it the cost of a correct answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from wattbench_reports.analyses.domains import Best, best_by_domain
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.model import Decision
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import COUNTED, CostUnit, cost_per_request
from wattbench_reports.presenter.model import Cell, Column, Table
from wattbench_reports.wording.decision.costs import CostWords, cost_words

_PER_CORRECT = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "CO2e", CostUnit.MONEY: "cost", CostUnit.SECONDS: "seconds"}


def domain_matrix(decision: Decision, analysis: Analysis, systems: Sequence[str]) -> Table | None:
    """Make the matrix of systems and domains; None with fewer than two domains.

    Args:
        decision: says in which unit answers cost.
        analysis: what it was made from.
        systems: a row each.
    """
    if len(analysis.by_domain) < 2:
        return None
    places = {name: index for index, name in enumerate(analysis.frames.systems)}
    costs = {domain: _per_correct(decision, analysis, domain) for domain in analysis.by_domain}
    words = cost_words(decision.unit, decision.label, [cost for each in costs.values() for cost in each.values()])
    best = best_by_domain(analysis)
    return Table(
        caption=_caption(decision, words.many),
        columns=(Column("System"), *(Column(domain, numeric=True) for domain in analysis.by_domain)),
        rows=tuple(
            (
                Cell(name, series=places[name], detail="yardstick" if name in analysis.yardsticks else ""),
                *_cells(name, decision, analysis, costs, words, best),
            )
            for name in systems
        ),
    )


def _caption(decision: Decision, many: str) -> str:
    bold = "Bold: shown to be the best of the domain."
    if decision.unit is None:
        return f"Accuracy by domain. {bold}"
    what = (
        f"{_PER_CORRECT[decision.unit]} per {many} correct answers"
        if many
        else (f"{_PER_CORRECT[decision.unit]} per correct answer")
    )
    return f"Accuracy by domain, and {what}. {bold}"


def _cells(
    name: str,
    decision: Decision,
    analysis: Analysis,
    costs: dict[str, dict[str, float]],
    words: CostWords,
    best: dict[str, Best],
) -> Iterable[Cell]:
    for domain, measured in analysis.by_domain.items():
        accuracy = measured[name].accuracy
        cost = costs[domain].get(name)
        thrifty = decision.unit is CostUnit.JOULES and best[domain].j_per_correct == name
        yield Cell(
            units.percent(None if accuracy is None else accuracy.estimate),
            "best" if best[domain].accuracy == name else "",
            detail="" if cost is None else words.amount(cost),
            detail_style="best" if thrifty else "",
        )


def _per_correct(decision: Decision, analysis: Analysis, domain: str) -> dict[str, float]:
    """Return the cost of a correct answer of each system in a domain, where known and finite."""
    costs = None if decision.unit is None else analysis.costs.get(decision.unit)
    if costs is None:
        return {}
    base = analysis.basis
    row = [base.domains.index(domain)]
    totals = base.totals | {"metered": base.metered}
    kinds = {*costs.parts, *(COUNTED[kind] for kind in costs.parts)}
    sums = {kind: totals[kind][row] for kind in kinds}
    each = cost_per_request(costs, sums, None)
    known = {}
    for index, name in enumerate(base.systems):
        accuracy = analysis.by_domain[domain][name].accuracy
        if accuracy is not None and accuracy.estimate > 0 and np.isfinite(each[index]):
            known[name] = float(each[index]) / accuracy.estimate
    return known
