"""Read the metrics of a benchmark as figures that GuideLLM states: of the requests that succeeded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wattbench.importers.files import mapping
from wattbench.records import SummaryRow
from wattbench.records.rows.field_checks import LARGEST_NUMBER
from wattbench.records.rows.summaries import FIGURES

NAMES: Mapping[str, str] = {
    "request_latency": "latency",
    "time_to_first_token_ms": "first_token",
    "inter_token_latency_ms": "token",
    "root_dispatch_delay": "schedule_delay",
    "requests_per_second": "requests_per_s",
    "request_concurrency": "in_flight",
    "prompt_token_count": "prompt_tokens",
    "output_token_count": "output_tokens",
    "prompt_tokens_per_second": "prompt_tokens_per_s",
    "output_tokens_per_second": "output_tokens_per_s",
    "tokens_per_second": "tokens_per_s",
}
"""GuideLLM's metric to the figure that it is. Its ``time_per_output_token_ms`` counts the first token in, and keeps its
name."""

STATISTICS = {
    "mean": "mean",
    "median": "median",
    "std_dev": "standard deviation",
    "min": "minimum",
    "max": "maximum",
    "total_sum": "total",
}
_RATES = ("requests_per_s", "in_flight", "prompt_tokens_per_s", "output_tokens_per_s", "tokens_per_s")
"""Figures that have no sum: GuideLLM writes one all the same."""

_PERCENTILE = re.compile(r"p(\d{2,3})")


def summaries_of(system: str, benchmark: Mapping[str, Any], where: str) -> Iterator[SummaryRow]:
    """Yield the figures of a benchmark: each metric of successful requests, the numbers of requests, the duration."""
    metrics = mapping(benchmark.get("metrics"))
    totals = mapping(metrics.get("request_totals")) or mapping(benchmark.get("request_totals"))
    for outcome, figure in (("successful", "requests"), ("errored", "failed_requests")):
        yield from _row(system, figure, "total", totals.get(outcome), None, f"request_totals.{outcome}", where)
    yield from _row(system, "duration", "total", benchmark.get("duration"), None, "duration", where)
    for name, metric in metrics.items():
        spread = mapping(mapping(metric).get("successful") or metric)
        if "percentiles" in spread:
            yield from _spread(system, name, spread, where)


def _spread(system: str, name: str, spread: Mapping[str, Any], where: str) -> Iterator[SummaryRow]:
    figure = NAMES.get(name, name)
    count = spread.get("count")
    requests = count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
    for key, statistic in STATISTICS.items():
        if not (statistic == "total" and figure in _RATES):
            yield from _row(system, figure, statistic, spread.get(key), requests, f"metrics.{name}.{key}", where)
    for key, value in mapping(spread.get("percentiles")).items():
        match = _PERCENTILE.fullmatch(key)
        if match is not None and key != "p50":  # which is the median
            yield from _row(
                system, figure, _percentile(match[1]), value, requests, f"metrics.{name}.percentiles.{key}", where
            )


def _percentile(digits: str) -> str:
    """Return ``p99`` of 99, ``p99.9`` of 999, ``p0.1`` of 001."""
    return f"p{int(digits) / (1 if len(digits) == 2 else 10):g}"


def _row(
    system: str, figure: str, statistic: str, value: Any, requests: int | None, source_name: str, where: str
) -> Iterator[SummaryRow]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST_NUMBER:
        return
    milli = source_name.split(".")[1].endswith("_ms") if "." in source_name else False
    unit = FIGURES[figure][1] if figure in FIGURES else "s" if milli or figure.endswith(("delay", "latency")) else ""
    scaled = float(value) * (1e-3 if milli else 1.0)
    name = figure.removesuffix("_ms") if figure not in FIGURES else figure
    yield SummaryRow(
        system=system,
        figure=name,
        statistic=statistic,
        value=scaled,
        unit=unit,
        requests=requests,
        source_name=source_name,
        where=where,
    )
