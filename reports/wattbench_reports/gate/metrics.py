"""Split the names of a gate's verdicts, and write figures and sizes of changes in their metric's unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from wattbench_reports.formatting.units import NONE, digits, percent, points, quantity
from wattbench_reports.metrics.registry import ACCURACY, METRICS

SEPARATOR = " · "
"""Between a metric and the benchmark before it, or the domain after it."""


@dataclass(frozen=True)
class JudgedMetric:
    """The parts of a verdict's name: ``test_parse · latency_p50``, ``accuracy · law``."""

    metric: str
    """One of `METRICS`, or what there is in its place."""
    benchmark: str = ""
    domain: str = ""


@lru_cache(maxsize=1024)
def judged_metric(name: str) -> JudgedMetric:
    """Split the name of a verdict: a domain follows accuracy, a benchmark precedes any metric."""
    first, between, rest = name.partition(SEPARATOR)
    if first == ACCURACY and between:
        return JudgedMetric(ACCURACY, domain=rest)
    benchmark, _, metric = name.rpartition(SEPARATOR)
    return JudgedMetric(metric, benchmark=benchmark)


def label_in_sentence(metric: str) -> str:
    """Write a metric's name in a sentence: ``latency p50``, ``latency p50 of test_parse``, ``accuracy in law``."""
    parts = judged_metric(metric)
    label = METRICS[parts.metric].label if parts.metric in METRICS else parts.metric
    if parts.domain:
        return f"{label} in {parts.domain}"
    return f"{label} of {parts.benchmark}" if parts.benchmark else label


def figure_text(metric: str, value: float | None) -> str:
    """Write a figure in its metric's unit: ``45.0%``, ``820 ms``, ``12.3 J``; a dash if not available."""
    known = METRICS.get(metric)
    if known is None:
        return NONE if value is None else digits(value)
    return percent(value) if known.unit == "share" else quantity(value, known.unit)


def size_text(metric: str, size: float) -> str:
    """Write the size of a change or a margin, without its sign: of accuracy ``5.0 points``, of all others ``10.0%``."""
    return points(size) if metric == ACCURACY else percent(abs(size))
