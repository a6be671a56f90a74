"""The reference of metrics, from the registry that tables, exports, gates and nights read."""

from __future__ import annotations

from wattbench.records.metric_names import METRIC_NAMES
from wattbench_reports.comparability.rules import JOULES
from wattbench_reports.metrics.metric import MONEY_UNIT, SHARE_UNIT, Metric, Quantile, Ratio
from wattbench_reports.metrics.registry import ACCURACY, FIGURES, PEAK_MEMORY

_HEAD = """# Metrics

Generated from the registry (`wattbench_reports/metrics/registry.py`), which tables, pages, exports, gates and nights
read. A figure is computed from the records alone. A metric that is not known of a system is missing, never 0.
[Adding a metric](../adding-a-metric.md) adds a row.

A *column* is that of CSV, JSON and data frames; bounds have its name with `_low` and `_high`. A suite's `gate:` can
judge those that are marked in *gate*.
"""

_UNITS = {SHARE_UNIT: "share, 0 to 1", MONEY_UNIT: "the run's currency", "": "number"}
_COLUMNS = {
    "seconds": "latency (last token received − request sent)",
    "ttft_s": "seconds to the first token",
    "energy_j": "joules",
    "money": "money",
    "correct": "right answers",
    "output_tokens": "output tokens",
}
"""Of the answers, in words."""
_BY_THEIR_OWN_CODE = {
    ACCURACY: "mean score of the timed requests, by lm-eval's filters and metrics",
    PEAK_MEMORY: "highest memory of the process, or of the GPU, while the system was measured",
    "latency_tail": "the highest of p95, p90 and p50 that the requests support (90, 44 and 7 requests)",
    "joules_above_idle": "(joules − idle watts × seconds) / requests, per component",
    "co2": "joules per request / 3.6e6 × PUE × intensity × 1,000",
    "sci": "(operation + declared manufacture) / right answers",
    "requests_per_s": "answered requests / wall seconds of the measured windows",
    "output_tokens_per_s": "output tokens of answered requests / wall seconds of the measured windows",
    "client_share": "seconds in which fewer requests were in flight than the suite asks for / wall seconds",
    "requests_in_flight": "seconds of all requests / wall seconds",
    "own_cpu": "CPU seconds of the run's own processes / requests",
}
_INTERVALS = (
    (lambda metric: metric.name == ACCURACY, "[blocks](../why/blocks.md)"),
    (lambda metric: not metric.column, "[gates](../why/gates.md)"),
    (lambda metric: metric.name.startswith("latency") or isinstance(metric.computed, Quantile),
     "[percentiles](../why/percentiles.md)"),
    (lambda metric: metric.unit == MONEY_UNIT, "[money](../why/money.md)"),
    (lambda metric: metric.figure == JOULES, "[ratios](../why/joules-per-right-answer.md)"),
    (lambda metric: metric.unit.endswith("/s"), "[client](../why/client.md#throughput)"),
)  # fmt: skip


def page() -> str:
    """Return the page, with a row for each metric."""
    rows = [
        f"| `{each.name}` | {each.label} | {_UNITS.get(each.unit, each.unit)} | {each.better or ''} "
        f"| {_computed(each)} | {_interval(each)} | {f'`{each.column}`' if each.column else ''} "
        f"| {'yes' if each.name in METRIC_NAMES else ''} |"
        for each in FIGURES.values()
    ]
    head = ["| name | metric | unit | better | how it is computed | interval | column | gate |", "| --- " * 8 + "|"]
    return "\n".join([_HEAD, *head, *rows]) + "\n"


def _computed(metric: Metric) -> str:
    """Return how a metric is computed; its definition where that says all."""
    if isinstance(metric.computed, Ratio):
        bottom = "requests" if metric.computed.bottom is None else _words(metric.computed.bottom)
        return f"sum of {_words(metric.computed.top)} / number of {bottom}"
    if isinstance(metric.computed, Quantile):
        return f"least {_words(metric.computed.column)} within which {metric.computed.share:.0%} of the requests lie"
    return _BY_THEIR_OWN_CODE.get(metric.name, metric.definition)


def _words(column: str) -> str:
    return _COLUMNS.get(column, f"`{column}`")


def _interval(metric: Metric) -> str:
    if not metric.bounds:
        return ""
    return next((link for holds, link in _INTERVALS if holds(metric)), "")
