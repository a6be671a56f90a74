"""A gate's evidence over time: the change of each metric with its bounds and margin, look by look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import colour
from wattbench_reports.figures.svg import INK, QUIET, SETTINGS, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = 2.5
"""Multiple of the margin or last change shown on either side: early bounds are wider and are clipped."""


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


def gate(metrics: Sequence[Looks]) -> str:
    """Plot the change of each metric over the items, with its bounds as a band and its margin as a dashed line.

    Args:
        metrics: one or more, each of a look at least.

    Returns:
        An `<svg>` element.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, 0.5 + 1.7 * len(metrics)), layout="constrained")
        every = figure.subplots(len(metrics), 1, squeeze=False, sharex=True).ravel()
        for series, (axes, looks) in enumerate(zip(every, metrics, strict=True)):
            _one(axes, looks, colour(series))
        every[-1].set_xlabel("items asked of each system", color=INK)
        return inline_svg(
            figure,
            name="gate-figure",
            title="Change of each metric as items were asked",
            description="Each with its bounds as a band and its margin as a dashed line. "
            f"{'; '.join(f'{looks.label}: {looks.description}' for looks in metrics)}.",
        )


def _one(axes: Axes, looks: Looks, ink: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(INK)
    axes.tick_params(color=INK, labelcolor=INK, labelsize=9.5)
    axes.set_title(f"{looks.label}, {looks.unit}", fontsize=10.5, color=INK, loc="left")
    axes.axhline(0.0, color=QUIET, linewidth=1.2, zorder=0)
    for margin in looks.margins:
        axes.axhline(margin, color=INK, linewidth=1.0, linestyle=(0, (5, 4)))
    axes.fill_between(looks.items, looks.low, looks.high, color=ink, alpha=0.22, linewidth=0.0)
    axes.plot(looks.items, looks.change, color=ink, linewidth=1.6, marker="o", markersize=2.5)
    far = _ROOM * max(*map(abs, looks.margins), abs(float(looks.change[-1])))
    axes.set_ylim(-far, far)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
