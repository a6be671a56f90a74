"""Read the totals of a profile (``profile_export_aiperf.json``) as figures that AIPerf states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wattbench.importers.aiperf.metrics import SECONDS
from wattbench.records import SummaryRow
from wattbench.records.rows.field_checks import LARGEST_NUMBER
from wattbench.records.rows.summaries import FIGURES

NAMES: Mapping[str, str] = {
    "request_latency": "latency",
    "time_to_first_token": "first_token",
    "inter_token_latency": "token",
    "inter_chunk_latency": "token_gap",
    "credit_to_start_latency": "schedule_delay",
    "benchmark_duration": "duration",
    "request_count": "requests",
    "error_request_count": "failed_requests",
    "request_throughput": "requests_per_s",
    "effective_concurrency": "in_flight",
    "input_sequence_length": "prompt_tokens",
    "output_sequence_length": "output_tokens",
    "input_token_throughput": "prompt_tokens_per_s",
    "output_token_throughput": "output_tokens_per_s",
    "total_token_throughput": "tokens_per_s",
    "nvidia_average_gpu_power": "power",
    "amd_average_gpu_power": "power",
    "nvidia_total_gpu_energy": "energy",
    "amd_total_gpu_energy": "energy",
}
"""AIPerf's tag to the figure that it is. All others keep their tag and unit."""

STATISTICS = {
    "avg": "mean",
    "std": "standard deviation",
    "min": "minimum",
    "max": "maximum",
    "p50": "median",
    "sum": "total",
    **{name: name for name in ("p1", "p5", "p10", "p25", "p75", "p90", "p95", "p99")},
}
SUMS = ("benchmark_duration", "request_count", "error_request_count", "nvidia_total_gpu_energy", "amd_total_gpu_energy")
"""Tags whose one value, under ``avg``, is of all requests together."""

_MOST_STATED = LARGEST_NUMBER / SECONDS["ns"]
_UNITS = {"requests/sec": "requests/s", "tokens/sec": "tokens/s", "tokens": "tokens", "requests": "requests"}
_SCALES = {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "W": 1.0, "kW": 1e3}


def summaries_of(system: str, totals: Mapping[str, Any], where: str) -> Iterator[SummaryRow]:
    """Yield every figure in the totals of a profile."""
    for tag, metric in totals.items():
        if isinstance(metric, Mapping) and "unit" in metric:
            yield from _rows(system, tag, metric, where)


def _rows(system: str, tag: str, metric: Mapping[str, Any], where: str) -> Iterator[SummaryRow]:
    stated = str(metric["unit"])
    figure, unit, scale = _figure(tag, stated)
    count = metric.get("count")
    requests = count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
    for key, value in metric.items():
        statistic = "total" if tag in SUMS and key == "avg" else STATISTICS.get(key)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if statistic is None or not number or not abs(value) < _MOST_STATED or not abs(value * scale) < LARGEST_NUMBER:
            continue
        yield SummaryRow(
            system=system,
            figure=figure,
            statistic=statistic,
            value=float(value) * scale,
            unit=unit,
            requests=requests,
            source_name=f"{tag}.{key} ({stated})",
            where=where,
        )


def _figure(tag: str, stated: str) -> tuple[str, str, float]:
    """Return the figure that a tag is, its unit, and by what its values are multiplied."""
    figure = NAMES.get(tag)
    if figure is None:
        return (tag, "s", SECONDS[stated]) if stated in SECONDS else (tag, stated, 1.0)
    unit = FIGURES[figure][1]
    if unit == "s" and stated in SECONDS:
        return figure, unit, SECONDS[stated]
    if _UNITS.get(stated) == unit:
        return figure, unit, 1.0
    if unit in ("J", "W") and stated in _SCALES and stated.endswith(unit):
        return figure, unit, _SCALES[stated]
    return tag, stated, 1.0
