"""Domains in which a recommended system fails, which an average over all items hides."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.comparison.ranking import Ranking
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.wording.verdict import PHRASES

WEAK = 0.5
"""A system below this share of the best accuracy in a domain is weak there, if it is shown to be less accurate."""

NAMED = 3
"""With more systems in the headline than this, their weak domains are not listed."""


def blind_spots(
    ranking: Ranking, by_domain: Mapping[str, Ranking], measured: Mapping[str, Mapping[str, Measures]]
) -> str:
    """Name the domains in which systems of the headline fail; empty without any.

    Args:
        ranking: over all items.
        by_domain: the ranking in each domain.
        measured: each domain's metrics.
    """
    if len(ranking.energy) != 1 or ranking.accuracy is None or not ranking.energy[0].rivals:
        return ""
    named = ranking.choices or (*ranking.energy[0].contenders, *ranking.accuracy.contenders)
    if len(named) > NAMED:
        return ""
    clauses = [clause for name in named if (clause := fails(name, by_domain, measured))]
    return PHRASES["choose"].format(clauses="; ".join(clauses)) if clauses else ""


def fails(name: str, by_domain: Mapping[str, Ranking], measured: Mapping[str, Mapping[str, Measures]]) -> str:
    """Name the domains in which a system fails, as a clause; empty if it fails in none or in all."""
    blind, weak = [], []
    for domain, ranking in by_domain.items():
        accuracy, order = measured[domain][name].accuracy, ranking.accuracy
        if accuracy is None or order is None:
            continue
        best = measured[domain][order.best].accuracy
        if accuracy.estimate == 0:
            blind.append(domain)
        elif best is not None and accuracy.estimate < WEAK * best.estimate and name not in order.contenders:
            weak.append(domain)
    if len(blind) + len(weak) == len(by_domain):  # no better in one domain than in another: nothing to choose by
        return ""
    clauses = [f"answers no item correctly in {units.named(blind)}"] if blind else []
    if weak:
        clauses.append(f"has less than half the accuracy of the best system in {units.named(weak)}")
    return f"{name} {' and '.join(clauses)}" if clauses else ""
