"""Compare systems by domain: the figures of each in each, and which is shown to be the best in a domain."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.comparability.rules import LATENCY, groups
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.ties import latency_leaders
from wattbench_reports.metrics.tail_latency import MEDIAN, common_tail, tail_share
from wattbench_reports.stats import Interval


@dataclass(frozen=True)
class Best:
    """The best system of a domain by each figure. None where no system is shown to be the best."""

    accuracy: str | None
    j_per_correct: str | None
    latency: str | None
    """By the percentile `tail_of_cells`."""


def best_by_domain(analysis: Analysis) -> dict[str, Best]:
    """Return the system of each domain that is shown to be the best, by the tests of the verdict.

    No system is the best in energy where not all joules of the domain may be compared with each other.
    """
    best, share = {}, tail_of_cells(analysis)
    for domain in analysis.by_domain:
        # Of a single domain the ranking is the one over all items.
        ranking = analysis.rankings.get(domain, analysis.rankings.get(None))
        if ranking is None:
            best[domain] = Best(None, None, None)
            continue
        accuracy, energy = ranking.accuracy, ranking.energy[0] if len(ranking.energy) == 1 else None
        best[domain] = Best(
            accuracy.best if accuracy is not None and accuracy.rivals and len(accuracy.contenders) == 1 else None,
            energy.best if energy is not None and energy.rivals and len(energy.contenders) == 1 else None,
            _fastest(analysis, domain, share),
        )
    return best


def _fastest(analysis: Analysis, domain: str, share: float) -> str | None:
    """Return the system shown to be faster than all others. None without one, or if not all may be compared."""
    measured, names = analysis.by_domain[domain], list(analysis.contest.candidates)
    known = {name: cell for name in names if (cell := latency(analysis, domain, name, share)) is not None}
    if len(known) < max(len(names), 2) or len(groups({name: analysis.prints[name] for name in names}, LATENCY)) > 1:
        return None
    ordered = sorted(known, key=lambda name: known[name].estimate)
    rivals = latency_leaders(LatencyPairs(measured, share=share), ordered)
    return ordered[0] if all(each.beaten for each in rivals) else None


def tail_of_cells(analysis: Analysis) -> float:
    """Return the percentile of latency to show for every system and domain: their common tail, else the p50."""
    cells = (each for figures in analysis.by_domain.values() for each in figures.values())
    return common_tail(tail_share(len(each.latency_s)) for each in cells) or MEDIAN


def latency(analysis: Analysis, domain: str, system: str, share: float) -> Interval | None:
    """Return a percentile of a system's latency in a domain. None from too few requests or at an unheld rate."""
    return None if system in analysis.not_held else analysis.by_domain[domain][system].latency_interval(share)
