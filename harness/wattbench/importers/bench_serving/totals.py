"""Name the totals of a benchmark of vLLM or SGLang, whose keys are ``mean_ttft_ms`` and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from wattbench.importers.stated import Stated, is_figure, statistic

MS = 1e-3
TIMED = re.compile(r"(mean|median|std|min|max|p\d+(?:\.\d+)?)_(ttft|tpot|itl|e2el|e2e_latency)_ms")
TIMES = {"ttft": "first_token", "tpot": "token", "itl": "token_gap", "e2el": "latency", "e2e_latency": "latency"}
TOTALS = {
    "duration": ("duration", "total"),
    "completed": ("requests", "total"),
    "failed": ("failed_requests", "total"),
    "total_input_tokens": ("prompt_tokens", "total"),
    "total_output_tokens": ("output_tokens", "total"),
    "request_throughput": ("requests_per_s", "mean"),
    "input_throughput": ("prompt_tokens_per_s", "mean"),
    "output_throughput": ("output_tokens_per_s", "mean"),
    "total_throughput": ("tokens_per_s", "mean"),
    "total_token_throughput": ("tokens_per_s", "mean"),
    "max_output_tokens_per_s": ("output_tokens_per_s", "maximum"),
    "concurrency": ("in_flight", "mean"),
    # No requests in flight: both tools count each request that was under way in some part of a whole second.
    "max_concurrent_requests": ("max_concurrent_requests", "maximum"),
}
UNITS = {
    "_ms": "ms", "goodput": "requests/s", "_tokens": "tokens", "_pct": "%", "_rate": "share", "_length": "tokens",
    "_requests": "requests",
}  # fmt: skip
"""The end of a key whose figure has its own name, and its unit."""


def add_totals(stated: Stated, system: str, result: Mapping[str, Any], where: str, settings: Iterable[str]) -> None:
    """Add every figure of a result that is no setting and no list of requests.

    Args:
        stated: where they go.
        system: whose they are.
        result: as parsed.
        where: the file and the line.
        settings: keys that are no figures.
    """
    completed = result.get("completed")
    requests = completed if isinstance(completed, int) and not isinstance(completed, bool) else None
    for key, value in result.items():
        if key in settings:
            continue
        unit = next((unit for end, unit in UNITS.items() if key.endswith(end)), "")
        if key in TOTALS:
            stated.add(system, *TOTALS[key], value, source=key, where=where, unit=unit, requests=requests)
        elif (timed := TIMED.fullmatch(key)) is not None:
            figure, which = TIMES[timed[2]], statistic(timed[1])
            stated.add(system, figure, str(which), value, source=key, where=where, scale=MS, requests=requests)
        elif is_figure(value):
            stated.add(system, key, "total", value, source=key, where=where, unit=unit, requests=requests)
