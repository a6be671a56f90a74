"""The metrics that a gate can judge, with labels and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from wattbench_reports.formatting.units import NONE, digits, percent, points, quantity

ACCURACY = "accuracy"
LATENCY_MEAN = "latency_mean"
LATENCY_P50 = "latency_p50"
LATENCY_P95 = "latency_p95"
TTFT = "ttft"
JOULES_PER_REQUEST = "joules_per_request"
JOULES_PER_CORRECT = "joules_per_correct"
COST_PER_REQUEST = "cost_per_request"
COST_PER_CORRECT = "cost_per_correct"
PEAK_MEMORY = "peak_memory"


MONEY_UNIT = "money"
"""The unit of a figure in a currency, which a gate's result names."""


@dataclass(frozen=True)
class Metric:
    """One metric of a gate."""

    name: str
    label: str
    """For people: ``latency p50``."""
    unit: str
    """Of its figures: ``share``, ``s``, ``J``, ``money`` or ``B``."""
    figure: str
    """Which of `wattbench_reports.comparability.rules.FIGURES` decides whether two systems may be compared by it."""


METRICS: Mapping[str, Metric] = {
    each.name: each
    for each in (
        Metric(ACCURACY, "accuracy", "share", "accuracy"),
        Metric(LATENCY_MEAN, "mean seconds per request", "s", "latency"),
        Metric(LATENCY_P50, "latency p50", "s", "latency"),
        Metric(LATENCY_P95, "latency p95", "s", "latency"),
        Metric(TTFT, "time to first token", "s", "latency"),
        Metric(JOULES_PER_REQUEST, "joules per request", "J", "joules"),
        Metric(JOULES_PER_CORRECT, "joules per correct answer", "J", "joules"),
        Metric(COST_PER_REQUEST, "cost per request", MONEY_UNIT, "accuracy"),
        Metric(COST_PER_CORRECT, "cost per correct answer", MONEY_UNIT, "accuracy"),
        Metric(PEAK_MEMORY, "peak memory", "B", "latency"),
    )
}
"""By name, in the order in which they are shown."""

SEPARATOR = " · "
"""Between a metric and the benchmark before it, or the domain after it."""

ENERGY = (JOULES_PER_REQUEST, JOULES_PER_CORRECT)
MONEY = (COST_PER_REQUEST, COST_PER_CORRECT)


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
