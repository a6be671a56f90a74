"""Name the figures of OpenJarvis's summaries. 0 means "not measured" for most of them, and is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.importers.stated import Stated, is_figure, leaves, statistic

MS = 1e-3
STATS = {
    "latency_stats": ("latency", 1.0),
    "ttft_stats": ("first_token", 1.0),
    "itl_stats": ("token_gap", MS),
    "energy_stats": ("energy", 1.0),
    "power_stats": ("power", 1.0),
    "input_token_stats": ("prompt_tokens", 1.0),
    "output_token_stats": ("output_tokens", 1.0),
    "accuracy_stats": ("accuracy", 1.0),
}
TOTALS = {
    "total_samples": "requests",
    "n_done": "requests",
    "errors": "failed_requests",
    "n_err": "failed_requests",
    "total_energy_joules": "energy",
    "energy_j_total": "energy",
    "total_input_tokens": "prompt_tokens",
    "total_output_tokens": "output_tokens",
    "wall_time_s": "duration",
}
MEANS = {"accuracy": "accuracy", "mean_latency_seconds": "latency"}
SETTINGS = ("started_at", "ended_at", "generated_at", "hardware_info", "config", "n_target", "task_count")
ZERO_IS_A_FIGURE = ("accuracy", "failed_requests", "requests")
UNITS = {"_usd": "USD", "_usd_total": "USD", "_joules": "J", "_watts": "W", "_w": "W", "_seconds": "s", "_pct": "%"}


def add_summary(stated: Stated, system: str, summary: Mapping[str, Any], path: Path) -> None:
    """Add every figure of a summary.

    Args:
        stated: where they go.
        system: whose they are.
        summary: as parsed.
        path: the file.
    """
    for route, value in leaves(summary, path):
        if not is_figure(value) or route[0] in SETTINGS:
            continue
        figure, which, scale = _named(route)
        if value or figure in ZERO_IS_A_FIGURE:
            unit = next((unit for end, unit in UNITS.items() if figure.endswith(end)), "")
            stated.add(system, figure, which, value, source=".".join(route), where=path, scale=scale, unit=unit)


def _named(route: tuple[str, ...]) -> tuple[str, str, float]:
    """Return the figure, the statistic and the scale of a value's path."""
    which = statistic(route[-1]) if len(route) > 1 else None
    if len(route) == 2 and which is not None and route[0] in STATS:
        return STATS[route[0]][0], which, STATS[route[0]][1]
    if len(route) == 1 and route[0] in TOTALS:
        return TOTALS[route[0]], "total", 1.0
    if len(route) == 1 and route[0] in MEANS:
        return MEANS[route[0]], "mean", 1.0
    return ".".join(route[:-1] if which else route), which or "total", 1.0
