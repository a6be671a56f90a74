"""Word the figures that a source states over requests which it does not list."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.tables.stated_figures import StatedFigure, StatedFigures

SHOWN = ("total", "mean", "median", "p90", "p95", "p99", "maximum")
"""The statistics that have a column."""

HEAD = ("system", "figure", *SHOWN, "requests")

_PREFIXED = ("s", "J", "W")
"""Units that take a prefix."""

_COUNTED = ("requests", "tokens")


def explained(stated: StatedFigures) -> str:
    """Say that the figures are the source's, and are neither ranked nor tested."""
    others = (
        f" {units.plural(stated.others, 'further figure')} are in the record under the names that it gives them."
        if stated.others
        else ""
    )
    return (
        f"These are figures that {stated.source} computed itself. They are shown as it states them: they are never "
        f"ranked, tested or decided upon.{others}"
    )


def rows(stated: StatedFigures) -> Iterator[tuple[str, ...]]:
    """Yield a row per figure of each system, as `HEAD` names its cells."""
    for each in stated.figures:
        count = units.NONE if each.requests is None else f"{each.requests:,}"
        yield each.system, each.label, *(_value(each, statistic) for statistic in SHOWN), count


def _value(figure: StatedFigure, statistic: str) -> str:
    value = figure.values.get(statistic)
    if value is None:
        return units.NONE
    if figure.unit in _COUNTED and value.is_integer():
        return f"{value:,.0f}"
    if figure.unit in _PREFIXED:
        return units.quantity(value, figure.unit)
    return units.percent(value) if figure.unit == "share" else units.digits(value)
