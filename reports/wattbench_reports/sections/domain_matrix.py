"""Every system in every domain, as one matrix: accuracy, and below it the cost of a correct answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from wattbench_reports.analyses.domains import Best, best_by_domain
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.model import Decision
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import COUNTED, CostUnit, cost_per_request
from wattbench_reports.presenter.model import Cell, Column, Table
from wattbench_reports.sections.answer_links import answers_link
from wattbench_reports.wording.decision.costs import CostWords, cost_words

_PER_CORRECT = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "CO2e", CostUnit.MONEY: "cost", CostUnit.SECONDS: "seconds"}


def domain_matrix(decision: Decision, measured: Measured, weighed: Weighed, systems: Sequence[str]) -> Table | None:
    """Make the matrix of systems and domains; None with fewer than two domains.

    Args:
        decision: says in which unit answers cost.
        measured, weighed: what it was made from.
        systems: a row each.
    """
    if len(measured.by_domain) < 2:
        return None
    places = {name: index for index, name in enumerate(measured.frames.systems)}
    costs = {domain: _per_correct(decision, measured, weighed, domain) for domain in measured.by_domain}
    words = cost_words(decision.unit, decision.label, [cost for each in costs.values() for cost in each.values()])
    best = best_by_domain(measured)
    return Table(
        caption=_caption(decision, words.many),
        columns=(Column("System"), *(Column(domain, numeric=True) for domain in measured.by_domain)),
        rows=tuple(
            (
                Cell(name, series=places[name], detail="yardstick" if name in measured.yardsticks else ""),
                *_cells(name, decision, measured, costs, words, best),
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
    measured: Measured,
    costs: dict[str, dict[str, float]],
    words: CostWords,
    best: dict[str, Best],
) -> Iterable[Cell]:
    for domain, figures in measured.by_domain.items():
        accuracy = figures[name].accuracy
        cost = costs[domain].get(name)
        thrifty = decision.unit is CostUnit.JOULES and best[domain].j_per_correct == name
        yield Cell(
            units.percent(None if accuracy is None else accuracy.estimate),
            "best" if best[domain].accuracy == name else "",
            detail="" if cost is None else words.amount(cost),
            detail_style="best" if thrifty else "",
            link=answers_link(system=name, domain=domain),
        )


def _per_correct(decision: Decision, measured: Measured, weighed: Weighed, domain: str) -> dict[str, float]:
    """Return the cost of a correct answer of each system in a domain, where known and finite."""
    costs = None if decision.unit is None else weighed.costs.get(decision.unit)
    if costs is None:
        return {}
    base = measured.basis
    row = [base.domains.index(domain)]
    totals = base.totals | {"metered": base.metered}
    kinds = {*costs.parts, *(COUNTED[kind] for kind in costs.parts)}
    sums = {kind: totals[kind][row] for kind in kinds}
    each = cost_per_request(costs, sums, None)
    known = {}
    for index, name in enumerate(base.systems):
        accuracy = measured.by_domain[domain][name].accuracy
        if accuracy is not None and accuracy.estimate > 0 and np.isfinite(each[index]):
            known[name] = float(each[index]) / accuracy.estimate
    return known
