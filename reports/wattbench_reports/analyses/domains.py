"""Systems by domains: the figures of each in each, and who is shown to be the best where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.stats.percentiles import needed, percentile

_PERCENTILES = (0.95, 0.9, 0.5)


@dataclass(frozen=True)
class Best:
    """The systems that are shown to be the best in a domain; None where none is shown to be."""

    accuracy: str | None
    j_per_correct: str | None


def best_by_domain(analysis: Analysis) -> dict[str, Best]:
    """Who is the best in each domain, in the sense of the verdict: shown, and not merely first.

    With joules that may not all be set beside each other nobody is the best of all.
    """
    found = {}
    for domain in analysis.by_domain:
        # Of a single domain the ranking is the one over all items.
        ranking = analysis.rankings.get(domain, analysis.rankings.get(None))
        if ranking is None:
            found[domain] = Best(None, None)
            continue
        accuracy, energy = ranking.accuracy, ranking.energy[0] if len(ranking.energy) == 1 else None
        found[domain] = Best(
            accuracy.best if accuracy is not None and accuracy.rivals and len(accuracy.contenders) == 1 else None,
            energy.best if energy is not None and energy.rivals and len(energy.contenders) == 1 else None,
        )
    return found


def common_percentile(by_domain: Mapping[str, Mapping[str, Measures]]) -> float:
    """The highest of p95, p90 and p50 that every system has requests enough for in every domain; else p50."""
    answered = [len(each.latency_s) for figures in by_domain.values() for each in figures.values() if each.requests]
    fewest = min(answered, default=0)
    return next((share for share in _PERCENTILES if fewest >= needed(share)), _PERCENTILES[-1])


def latency_s(analysis: Analysis, domain: str, system: str, share: float) -> float | None:
    """A percentile of one cell; None where its requests are too few, or the system does not hold its rate."""
    return None if system in analysis.not_held else percentile(analysis.by_domain[domain][system].latency_s, share)
