"""Read a figure of AIPerf: a value with its unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import number, whole_number
from wattbench.importers.files import mapping

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}
"""A unit of time, as AIPerf names it, in seconds."""


def seconds_of(metrics: Mapping[str, Any], name: str, where: str) -> float | None:
    """Return a time in seconds; None if it is not there.

    Raises:
        UserError: it is no time.
    """
    metric = mapping(metrics.get(name))
    value = number(metric.get("value"), name, where)
    return None if value is None else value * _unit(metric, name, where)


def many_seconds_of(metrics: Mapping[str, Any], name: str, where: str) -> list[float]:
    """Return a list of times in seconds; empty if it is not there.

    Raises:
        UserError: one of them is no time.
    """
    metric = mapping(metrics.get(name))
    values = metric.get("value")
    if not isinstance(values, list) or not values:
        return []
    unit = _unit(metric, name, where)
    times = [number(value, name, where) for value in values]
    return [] if None in times else [value * unit for value in times if value is not None]


def count_of(metrics: Mapping[str, Any], names: Sequence[str], where: str) -> int | None:
    """Return the first of some counts that is there.

    Raises:
        UserError: it is no count.
    """
    for name in names:
        count = whole_number(mapping(metrics.get(name)).get("value"), name, where)
        if count is not None:
            return count
    return None


def _unit(metric: Mapping[str, Any], name: str, where: str) -> float:
    unit = str(metric.get("unit"))
    if unit not in SECONDS:
        raise UserError(f"{where}: {name} is in {unit!r:.40}, not a known unit of time{nearest(unit, SECONDS)}")
    return SECONDS[unit]
