"""A gate's evidence over time: the change of each metric with its bounds and margin, look by look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.axes import scale_to
from wattbench_reports.figures.drawing import TEXT_PT, WIDE_IN, Drawing
from wattbench_reports.figures.palette import INK, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = 2.5
"""Multiple of the margin or last change shown on either side: early bounds are wider and are clipped."""
_PANEL_IN = 1.7
"""The height of a metric's panel."""


@dataclass(frozen=True)
class Looks:
    """The change of one metric at every look. All arrays have the shape (looks,); changes are in hundredths."""

    label: str
    unit: str
    """``points`` or ``%``."""
    items: NDArray[np.int64]
    change: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    margins: tuple[float, ...]
    """With their signs: where a worsening fails."""
    description: str
    """The last change, its bounds and the margin, for screen readers."""


def gate(metrics: Sequence[Looks]) -> Drawing:
    """Plot the change of each metric over the items, with its bounds as a band and its margin as a dashed line.

    Args:
        metrics: one or more, each of a look at least; a panel each.
    """
    return Drawing(
        "gate-figure",
        "Change of each metric as items were asked",
        "Each with its bounds as a band and its margin as a dashed line. "
        f"{'; '.join(f'{looks.label}: {looks.description}' for looks in metrics)}.",
        partial(_draw, metrics),
        panels=len(metrics),
        size_in=(WIDE_IN, 0.5 + _PANEL_IN * len(metrics)),
    )


def _draw(metrics: Sequence[Looks], panels: Sequence[Axes]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    every = np.concatenate([looks.items for looks in metrics])
    alone = 0.5 if every.min() == every.max() else 0.0
    for series, (axes, looks) in enumerate(zip(panels, metrics, strict=True)):
        ink = colour(series)
        for margin in looks.margins:
            axes.axhline(margin, color=INK, linewidth=1, linestyle=(0, (5, 4)))
        axes.fill_between(looks.items, looks.low, looks.high, color=ink, alpha=0.22, linewidth=0)
        axes.plot(looks.items, looks.change, color=ink, linewidth=1.6, marker="o", markersize=3)
        far = _ROOM * max(*map(abs, looks.margins), abs(float(looks.change[-1])))
        scale_to(axes.xaxis, every.min() - alone, every.max() + alone)
        scale_to(axes.yaxis, -far, far)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
        axes.set_title(f"{looks.label}, {looks.unit}", loc="left", fontsize=TEXT_PT, color=INK)
        axes.tick_params(labelbottom=axes is panels[-1])
    panels[-1].set_xlabel("items asked of each system")
