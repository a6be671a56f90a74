"""Compare systems by domain: the figures of each in each, and which is shown to be the best in a domain."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.comparability.rules import LATENCY, groups
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.measured import Measured
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


def best_by_domain(measured: Measured) -> dict[str, Best]:
    """Return the system of each domain that is shown to be the best, by the tests of the verdict.

    No system is the best in energy where not all joules of the domain may be compared with each other.
    """
    best, share = {}, tail_of_cells(measured)
    for domain in measured.by_domain:
        # Of a single domain the ranking is the one over all items.
        ranking = measured.rankings.get(domain, measured.rankings.get(None))
        if ranking is None:
            best[domain] = Best(None, None, None)
            continue
        accuracy, energy = ranking.accuracy, ranking.energy[0] if len(ranking.energy) == 1 else None
        best[domain] = Best(
            accuracy.best if accuracy is not None and accuracy.rivals and len(accuracy.contenders) == 1 else None,
            energy.best if energy is not None and energy.rivals and len(energy.contenders) == 1 else None,
            _fastest(measured, domain, share),
        )
    return best


def _fastest(measured: Measured, domain: str, share: float) -> str | None:
    """Return the system shown to be faster than all others. None without one, or if not all may be compared."""
    names = list(measured.contest.candidates)
    known = {name: cell for name in names if (cell := latency(measured, domain, name, share)) is not None}
    if len(known) < max(len(names), 2) or len(groups({name: measured.prints[name] for name in names}, LATENCY)) > 1:
        return None
    ordered = sorted(known, key=lambda name: known[name].estimate)
    rivals = latency_leaders(LatencyPairs(measured.by_domain[domain], share=share), ordered)
    return ordered[0] if all(each.beaten for each in rivals) else None


def tail_of_cells(measured: Measured) -> float:
    """Return the percentile of latency to show for every system and domain: their common tail, else the p50."""
    cells = (each for figures in measured.by_domain.values() for each in figures.values())
    return common_tail(tail_share(len(each.latency_s)) for each in cells) or MEDIAN


def latency(measured: Measured, domain: str, system: str, share: float) -> Interval | None:
    """Return a percentile of a system's latency in a domain. None from too few requests or at an unheld rate."""
    return None if system in measured.not_held else measured.by_domain[domain][system].latency_interval(share)
