"""Write the figures of a trend, by metric."""

from __future__ import annotations

from wattbench_reports.figures.axes import tick
from wattbench_reports.formatting import units
from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.history import EVERYWHERE, Change
from wattbench_reports.metrics.registry import ACCURACY, METRICS
from wattbench_reports.stats import Interval

NONE = units.NONE
ALL_DOMAINS = "all domains"

_Z_95 = 1.96
"""Standard errors on either side of a 95% confidence interval."""


def domain_name(domain: str) -> str:
    """Write a domain's name, or that the series is over all domains."""
    return ALL_DOMAINS if domain == EVERYWHERE else domain


def bounds(value: float, standard_error: float | None, metric: str) -> tuple[float, float] | None:
    """Return the 95% confidence interval of a night's figure, within its range; None if its error is not known."""
    if standard_error is None or not standard_error >= 0:
        return None
    low, high = value - _Z_95 * standard_error, value + _Z_95 * standard_error
    return max(0.0, low), min(1.0, high) if metric == ACCURACY else high


def figure_interval(value: float | None, standard_error: float | None, metric: str) -> str:
    """Write a figure and its interval: ``45.0% [32.5, 58.1]``; the figure alone if its error is not known."""
    around = None if value is None else bounds(value, standard_error, metric)
    if value is None or around is None:
        return figure_text(metric, value)
    interval = Interval(value, *around)
    if METRICS[metric].unit == "share":
        return units.percent_interval(interval)
    return units.quantity_interval(interval, METRICS[metric].unit)


def shift(before: float, after: float, metric: str) -> str:
    """Write the size of a change: ``+5.0%``, of accuracy ``−2.0 points``."""
    if metric == ACCURACY:
        return f"{'−' if after < before else '+'}{units.points(after - before)}"
    if before == 0:
        return f"from {figure_text(metric, before)}"
    return f"{'−' if after < before else '+'}{units.percent(abs(after / before - 1))}"


def change(seen: Change, metric: str) -> str:
    """Write a change of a series: ``920 ms → 1.16 s (+26.1%, limit 10.0%)``."""
    before, after = (figure_text(metric, level) for level in (seen.before, seen.after))
    return f"{before} → {after} ({shift(seen.before, seen.after, metric)}, limit {size_text(metric, seen.limit)})"


def tick_text(value: float, metric: str, step: float) -> str:
    """Write the label of a tick, given the step between ticks."""
    if METRICS[metric].unit == "share":
        return f"{units.fixed(100 * value, 0 if step >= 0.01 else 1)}%"
    return tick(value, METRICS[metric].unit)
