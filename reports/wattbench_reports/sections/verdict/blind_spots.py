"""The domains in which a recommended system fails: an average over all items hides them."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.comparison.ranking import Ranking
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.wording.verdict import PHRASES

WEAK = 0.5
"""Less than so many times as often right as the best in a domain is weak there, where it is shown to be less."""

NAMED = 3
"""With more systems in the headline than this, the table by domain has to do."""


def blind_spots(
    ranking: Ranking, by_domain: Mapping[str, Ranking], measured: Mapping[str, Mapping[str, Measures]]
) -> str:
    """A last sentence for the headline over all items; empty where whom it names fails nowhere.

    Args:
        ranking: over all items.
        by_domain: the ranking in each domain.
        measured: each domain's figures.
    """
    if len(ranking.energy) != 1 or ranking.accuracy is None or not ranking.energy[0].rivals:
        return ""
    named = ranking.choices or (*ranking.energy[0].contenders, *ranking.accuracy.contenders)
    if len(named) > NAMED:
        return ""
    said = [clause for name in named if (clause := fails(name, by_domain, measured))]
    return PHRASES["choose"].format(clauses="; ".join(said)) if said else ""


def fails(name: str, by_domain: Mapping[str, Ranking], measured: Mapping[str, Mapping[str, Measures]]) -> str:
    """In which domains a system fails, as a clause; empty where in none, or in all alike."""
    blind, weak = [], []
    for domain, ranking in by_domain.items():
        own, order = measured[domain][name].accuracy, ranking.accuracy
        if own is None or order is None:
            continue
        best = measured[domain][order.best].accuracy
        if own.estimate == 0:
            blind.append(domain)
        elif best is not None and own.estimate < WEAK * best.estimate and name not in order.contenders:
            weak.append(domain)
    if len(blind) + len(weak) == len(by_domain):  # no better in one domain than in another: nothing to choose by
        return ""
    clauses = [f"answers nothing correctly in {units.listed(blind)}"] if blind else []
    if weak:
        clauses.append(f"is right less than half as often as the best in {units.listed(weak)}")
    return f"{name} {' and '.join(clauses)}" if clauses else ""
