"""The figure of a grid: which mark says what."""

from __future__ import annotations

from matplotlib.figure import Figure

from wattbench_reports.figures.drawing import WIDE_IN, complete
from wattbench_reports.figures.grid import GridPoint, grid
from wattbench_reports.figures.palette import INK, PAPER
from wattbench_reports.stats import Interval


def point(label: str, cost: float, **kinds: bool) -> GridPoint:
    return GridPoint(label, 0, 1, Interval(cost, cost * 0.9, cost * 1.1), Interval(0.5, 0.4, 0.6), **kinds)


def drawn(*points: GridPoint):
    figure = grid(
        points, colours=["low"], shapes=["2048", "4096"], name="g", cost_label="joules per request", tick=str, title="",
        description="",
    )  # fmt: skip
    (axes,) = complete(figure, Figure(layout="constrained"))
    return axes


def marks(axes) -> dict[float, list]:
    """Return the marks by their costs; those of the legend have none."""
    found: dict[float, list] = {}
    for line in axes.lines:
        if line.get_linestyle() == "None" and len(line.get_xdata()):
            found.setdefault(line.get_xdata()[0], []).append(line)
    return found


def test_a_dropped_system_is_crossed_out_and_one_that_does_not_qualify_is_hollow() -> None:
    by_cost = marks(drawn(point("a", 1.0), point("b", 2.0, hollow=True), point("c", 3.0, dropped=True)))
    (plain,), (hollow,), (mark, cross) = by_cost[1.0], by_cost[2.0], by_cost[3.0]
    assert [each.get_markerfacecolor() == PAPER for each in (plain, hollow, mark)] == [False, True, False]
    assert {each.get_marker() for each in (plain, hollow, mark)} == {"s"}
    assert (cross.get_marker(), cross.get_color()) == ("x", INK)


def test_a_dropped_system_has_neither_label_nor_intervals() -> None:
    axes = drawn(point("asked to the end", 1.0), point("dropped", 3.0, dropped=True))
    assert [each.get_text() for each in axes.texts] == ["asked to the end"]
    assert not [line for line in axes.lines if len(line.get_xdata()) == 2 and min(line.get_xdata()) > 2.0]


def test_it_is_no_wider_than_a_phone_shows() -> None:
    """A figure of less than the whole width is shrunk to the width of a screen, without scrolling."""
    assert drawn(point("a", 1.0), point("b", 2.0)).get_figure().get_figwidth() < WIDE_IN
