"""Name the figures of inference-perf's reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.importers.stated import Stated, is_figure, leaves, statistic

FIGURES = {
    "request_latency": "latency",
    "time_to_first_token": "first_token",
    "time_per_output_token": "token",
    "inter_token_latency": "token_gap",
    "prompt_len": "prompt_tokens",
    "output_len": "output_tokens",
}
"""Of requests that were answered."""
RATES = {
    "requests_per_sec": "requests_per_s",
    "input_tokens_per_sec": "prompt_tokens_per_s",
    "output_tokens_per_sec": "output_tokens_per_s",
    "total_tokens_per_sec": "tokens_per_s",
}
TOTALS = {
    ("successes", "count"): "requests",
    ("failures", "count"): "failed_requests",
    ("benchmark_time_seconds",): "duration",
}
SETTINGS = (("load_summary", "requested_rate"), ("load_summary", "concurrency"))
"""They are the load."""
UNITS = {
    "queue_len": "requests", ".rate": "per s", "_rate": "requests/s",
    "_sec": "s", "seconds": "s", "_duration": "s", "_time": "s", "latency": "s", "_token": "s",
    "bytes": "bytes", "tokens": "tokens", "_len": "tokens", "percentage": "%", "percent": "%",
}  # fmt: skip
"""The end of another name, and its unit."""


def add_client_figures(
    stated: Stated, system: str, report: Mapping[str, Any], path: Path, left_out: Counter[str]
) -> None:
    """Add every figure of what the client saw.

    Args:
        stated: where they go.
        system: whose they are.
        report: as parsed.
        path: the file.
        left_out: counts what is no figure: messages of errors.
    """
    requests = _answered(report)
    for route, value in leaves(report, path):
        if isinstance(value, str):
            left_out["texts in reports, such as messages of errors"] += 1
        elif is_figure(value) and route not in SETTINGS:
            figure, which = _client_figure(route)
            stated.add(
                system, figure, which, value, source=".".join(route), where=path, unit=_unit(figure), requests=requests
            )


def add_server_figures(stated: Stated, system: str, report: Mapping[str, Any], path: Path) -> None:
    """Add every figure that the server counted, under names of its own: it counts other things than a client sees.

    Args:
        stated: where they go.
        system: whose they are.
        report: as parsed.
        path: the file.
    """
    for route, value in leaves(report, path):
        if is_figure(value):
            which = statistic(route[-1]) if len(route) > 1 else None
            name = ".".join(part for part in (route[:-1] if which else route) if part != "successes")
            figure = f"server: {name}"
            stated.add(
                system, figure, which or "total", value, source=".".join(route), where=path, unit=_unit(name),
                requests=_answered(report),
            )  # fmt: skip


def _client_figure(route: tuple[str, ...]) -> tuple[str, str]:
    """Return figure and statistic of a value's path."""
    if route in TOTALS:
        return TOTALS[route], "total"
    which = statistic(route[-1]) if len(route) > 1 else None
    name = route[-2] if which else route[-1]
    if route[0] == "load_summary" and name == "schedule_delay":
        return "schedule_delay", which or "total"
    if route[0] == "successes" and which is not None and name in FIGURES and len(route) <= 4:
        return FIGURES[name], which
    if route[:2] == ("successes", "throughput") and route[-1] in RATES:
        return RATES[route[-1]], "mean"
    return ".".join(route[:-1] if which else route), which or "total"


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def _answered(report: Mapping[str, Any]) -> int | None:
    successes = report.get("successes")
    count = successes.get("count") if isinstance(successes, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**63 else None
