"""Accuracy against the cost of a request: systems alone, random mixes of them, routers, and perfect routers.

Systems have their own colours and shapes, routers that can be built a ring with a dot, and perfect routers a hollow
triangle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.direct_labels import DirectLabel, direct_labels
from wattbench_reports.figures.drawing import Drawing, short
from wattbench_reports.figures.palette import ACCENT, INK, PAPER, QUIET, colour, marker
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "routing-tradeoff"
"""The id of the element, and the name of the file."""

_STEPS = 24
"""Points of a mix of two systems: on a logarithmic scale it is no straight line."""

Kind = Literal["system", "router", "ceiling"]


@dataclass(frozen=True)
class RoutingMark:
    """A system alone, a router, or a perfect one."""

    kind: Kind
    label: str
    """Its name next to the mark; empty: a system that is a dot."""
    cost: Interval
    """Per request."""
    accuracy: Interval
    series: int = 0
    """A system's index among all of the run, which selects its colour and shape."""
    hollow: bool = False
    """It does not meet the requirements."""
    chosen: bool = False
    """It is what the verdict is about."""


@dataclass(frozen=True)
class RoutingCurveLine:
    """A router's accuracy against its cost, as a correct answer is worth more."""

    costs: tuple[float, ...]
    accuracies: tuple[float, ...]


def routing_tradeoff(
    marks: Sequence[RoutingMark],
    mixed: Sequence[tuple[float, float]],
    curves: Sequence[RoutingCurveLine],
    *,
    cost_label: str,
    tick: Callable[[float], str],
    title: str,
    description: str,
) -> Drawing:
    """Plot accuracy against cost, with 95% confidence intervals. Better is up and to the left.

    Args:
        marks: those with a label first, the most important first.
        mixed: cost and accuracy of the systems that a random mix takes, by rising cost.
        curves: of routers.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.
    """
    return Drawing(NAME, title, description, partial(_draw, marks, mixed, curves, cost_label, tick))


def _draw(
    marks: Sequence[RoutingMark],
    mixed: Sequence[tuple[float, float]],
    curves: Sequence[RoutingCurveLine],
    cost_label: str,
    tick: Callable[[float], str],
    panels: Sequence[Axes],
) -> None:
    (axes,) = panels
    named = [mark for mark in marks if mark.label]
    counted = named or list(marks)
    shares = [end for mark in counted for end in (mark.accuracy.low, mark.accuracy.high)]
    quantity_axis(axes.xaxis, [mark.cost.estimate for mark in counted] + [cost for cost, _ in mixed], tick)
    share_axis(axes.yaxis, [*shares, *(share for _, share in mixed)])
    mix = _mix(mixed)
    lines = [np.column_stack([each.costs, each.accuracies]) for each in curves if len(each.costs) > 1]
    axes.plot(*mix.T, color=QUIET, linewidth=1.2, linestyle=(0, (5, 3)))
    for line in lines:
        axes.plot(*line.T, color=ACCENT, linewidth=1.2, alpha=0.7)
    dots = [mark for mark in marks if not mark.label]
    axes.plot(
        [mark.cost.estimate for mark in dots], [mark.accuracy.estimate for mark in dots], color=QUIET, marker="o",
        markersize=4, alpha=0.6, linestyle="none",
    )  # fmt: skip
    edge, bars = axes.get_xlim()[1], []
    for mark in named[::-1]:
        x, y, ink = mark.cost.estimate, mark.accuracy.estimate, _ink(mark)
        across = np.array([(mark.cost.low, y), (min(mark.cost.high, edge), y)])
        up = np.array([(x, mark.accuracy.low), (x, mark.accuracy.high)])
        bars += [across, up]
        for bar in (across, up):
            axes.plot(*bar.T, color=ink, linewidth=1.3, alpha=0.75)
        for shape in _shapes(mark, ink):
            axes.plot([x], [y], color=ink, linestyle="none", zorder=3, **shape)
    axes.set(xlabel=f"{cost_label}{', logarithmic' if axes.get_xscale() == 'log' else ''}", ylabel="accuracy")
    places = [(mark.cost.estimate, mark.accuracy.estimate) for mark in named]
    labels = [
        DirectLabel(name, at, ACCENT if mark.kind == "router" else INK, bold=mark.chosen)
        for name, at, mark in zip(short(mark.label for mark in named), places, named, strict=True)
    ]
    direct_labels(axes, labels, places, [mix, *lines, *bars])


def _mix(mixed: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return points on the lines from each system to the next, shape (points, 2)."""
    if len(mixed) < 2:
        return np.empty((0, 2))
    steps = np.linspace(0, len(mixed) - 1, _STEPS * (len(mixed) - 1) + 1)
    return np.column_stack([np.interp(steps, range(len(mixed)), values) for values in zip(*mixed, strict=True)])


def _shapes(mark: RoutingMark, ink: str) -> Iterator[dict[str, Any]]:
    if mark.kind == "router":
        yield {"marker": "o", "markersize": 11 if mark.chosen else 9, "markerfacecolor": PAPER, "markeredgewidth": 1.8}
        if not mark.hollow:
            yield {"marker": "o", "markersize": 4}
    elif mark.kind == "ceiling":
        yield {"marker": "^", "markersize": 9, "markerfacecolor": PAPER, "markeredgewidth": 1.6}
    else:
        yield {"marker": marker(mark.series), "markersize": 8, "markerfacecolor": PAPER if mark.hollow else ink}


def _ink(mark: RoutingMark) -> str:
    return {"system": colour(mark.series), "router": ACCENT, "ceiling": QUIET}[mark.kind]
