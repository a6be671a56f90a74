"""Scales axes and writes their ticks: quantities with their units, shares as percentages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axis import Axis

_WIDE = 10.0
"""A scale is logarithmic if its largest value is at least this multiple of its smallest."""
_ROOM = 0.06
"""At the ends of a scale, as a share of the span of the values."""


def quantity_axis(
    axis: Axis,
    values: Iterable[float],
    written: str | Callable[[float], str],
    *,
    log: bool = True,
    most_ticks: int = 6,
) -> None:
    """Scale an axis to quantities of 0 or more, with ticks such as ``200 ms`` and ``1.5 kJ``.

    Args:
        axis: `axes.xaxis` or `axes.yaxis`.
        values: that are drawn; those that are not finite do not count.
        written: the unit of the values, or what writes a value.
        log: whether the scale is logarithmic where the values are far apart and none is 0.
        most_ticks: of a linear scale, about.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    finite = [value for value in values if math.isfinite(value)]
    least, most = min(finite, default=0.0), max(finite, default=0.0)
    if log and least > 0 and most >= _WIDE * least:
        room = (most / least) ** _ROOM
        decades = math.log10(most / least)
        subs = (1.0, 2.0, 5.0) if decades < 1.7 else (1.0, 3.0) if decades < 3 else (1.0,)
        scale_to(axis, least / room, most * room, log=True)
        axis.set_major_locator(LogLocator(base=10, subs=subs, numticks=9))
        axis.set_minor_formatter(NullFormatter())
    else:
        scale_to(axis, 0.0, (1 + _ROOM) * most or 1.0)
        axis.set_major_locator(MaxNLocator(most_ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: tick(value, written) if isinstance(written, str) else written(value))
    )


def share_axis(
    axis: Axis, shares: Iterable[float] = (0.0, 1.0), steps: Sequence[float] = (0.01, 0.02, 0.05, 0.1, 0.2)
) -> None:
    """Scale an axis to shares, as percentages, from a tick below the least to one above the most.

    Args:
        axis: `axes.xaxis` or `axes.yaxis`.
        shares: that are drawn, 0 to 1, with the ends of intervals.
        steps: between ticks, rising: the first one by which there are at most five, or the last one.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter

    known = [min(max(share, 0.0), 1.0) for share in shares if math.isfinite(share)]
    least, most = min(known, default=0.0), max(known, default=1.0)
    step = next((each for each in steps if each >= (most - least) / 5 - 1e-9), steps[-1])
    low = math.floor(least / step + 1e-9)
    high = min(max(math.ceil(most / step - 1e-9), low + 1), round(1 / step))
    low = min(low, high - 1)
    room = 0.02 * (high - low) * step
    scale_to(axis, low * step - room, high * step + room)
    axis.set_major_locator(FixedLocator([step * number for number in range(low, high + 1)]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 1):g}%"))


def scale_to(axis: Axis, low: float, high: float, *, log: bool = False) -> None:
    """Set both ends of an axis, and whether it is logarithmic."""
    if axis is axis.axes.xaxis:
        axis.axes.set(xscale="log" if log else "linear", xlim=(low, high))
    else:
        axis.axes.set(yscale="log" if log else "linear", ylim=(low, high))


def tick(value: float, unit: str, *, money: bool = False) -> str:
    """Format a quantity for an axis, without trailing zeros."""
    number, _, prefixed = (units.money if money else units.quantity)(value, unit).partition(" ")
    return f"{units.trimmed(number)} {prefixed}"
