"""The figures of routing: marks by kind, lines of mixes, and where a cascade is as accurate as one system."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from wattbench_reports.figures import Drawing
from wattbench_reports.figures.drawing import complete
from wattbench_reports.figures.palette import PAPER, SOFT
from wattbench_reports.figures.routing_cascades import CascadeBaseline, CascadeLine, routing_cascades
from wattbench_reports.figures.routing_tradeoff import RoutingCurveLine, RoutingMark, routing_tradeoff
from wattbench_reports.figures.svg import page_svg
from wattbench_reports.stats import Interval

SVG = "{http://www.w3.org/2000/svg}"
pytestmark = pytest.mark.filterwarnings("ignore:Glyph")

HOSTILE = '<b>"x"&\x1b'


def around(value: float, half: float) -> Interval:
    return Interval(value, value - half, value + half)


def marks() -> list[RoutingMark]:
    return [
        RoutingMark("router", f"by {HOSTILE}", around(6.0, 0.5), around(0.69, 0.02), chosen=True),
        RoutingMark("ceiling", "perfect router", around(2.6, 0.3), around(0.79, 0.02)),
        RoutingMark("system", "gpt-4", around(12.3, 0.2), around(0.706, 0.02), 0, chosen=True),
        RoutingMark("system", "haiku", around(1.1, 0.1), around(0.55, 0.02), 1, hollow=True),
        RoutingMark("system", "", around(5.0, 0.1), around(0.6, 0.02), 2),
        RoutingMark("system", "", around(5.0, 0.1), around(0.001, 0.001), 3),
    ]


def tradeoff(mixed=((1.1, 0.55), (12.3, 0.706))) -> Drawing:
    return routing_tradeoff(
        marks(), mixed, [RoutingCurveLine((2.0, 6.0), (0.6, 0.69))], cost_label="USD per request",
        tick=lambda value: f"{value:g}", title="Accuracy against cost", description=f"gpt-4: 70.6%. {HOSTILE}",
    )  # fmt: skip


def cascades(equals: Interval | None) -> Drawing:
    qualities = tuple(np.linspace(0.5, 1, 11))

    def line(label: str, series: int, low: float) -> CascadeLine:
        accuracies = tuple(around(low + 0.3 * (quality - 0.5), 0.03) for quality in qualities)
        return CascadeLine(
            label, series, qualities, accuracies, tuple(around(7 - quality, 0.2) for quality in qualities)
        )

    return routing_cascades(
        [line("haiku, then gpt-4", 1, 0.63), line("sonnet, then gpt-4", 2, 0.68)],
        CascadeBaseline(f"gpt-4 {HOSTILE}", 0.706, 12.3), equals, cost_label="USD per request",
        tick=lambda value: f"{value:g}", title="Cascades", description="haiku, then gpt-4.",
    )  # fmt: skip


def texts(drawing: Drawing) -> set[str | None]:
    return {each.text for each in ET.fromstring(page_svg(drawing)).iter(f"{SVG}text")}


def test_systems_routers_and_ceilings_have_shapes_of_their_own() -> None:
    (axes,) = complete(tradeoff(), Figure(layout="constrained"))
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    shapes = [(line.get_marker(), line.get_markerfacecolor() == PAPER) for line in marks]
    # A dot per system without a name; haiku and gpt-4; the perfect router; a router is a ring with a dot.
    assert sorted(shapes) == [("^", True), ("o", False), ("o", False), ("o", False), ("o", True), ("s", True)]
    named = {"perfect router", "gpt-4", "haiku", 'by <b>"x"&\u241b'}
    assert named | {"USD per request, logarithmic"} <= texts(tradeoff())
    assert {each.get_text() for each in axes.texts} == named


def test_a_random_mix_is_no_straight_line_where_costs_are_logarithmic() -> None:
    (axes,) = complete(tradeoff(), Figure(layout="constrained"))
    (mix,) = [line for line in axes.lines if line.is_dashed()]
    costs, shares = np.log(mix.get_xdata()), np.asarray(mix.get_ydata())
    chord = np.interp(costs, costs[[0, -1]], shares[[0, -1]])
    assert np.all(shares[1:-1] < chord[1:-1] - 1e-4), "a mix by thirds costs a third"


def test_one_system_on_the_hull_has_no_line() -> None:
    (axes,) = complete(tradeoff(mixed=((12.3, 0.706),)), Figure(layout="constrained"))
    assert not [line for line in axes.lines if line.is_dashed() and len(line.get_xdata())]


@pytest.mark.parametrize(
    ("equals", "shown"),
    [
        (Interval(0.76, 0.72, 0.8), "as accurate from 76%"),
        (Interval(0.51, 0.4, 0.6), "as accurate from 51%"),
        (Interval(1.2, 1.1, 1.3), ""),
        (None, ""),
    ],
)
def test_the_quality_from_which_a_cascade_is_as_accurate(equals: Interval | None, shown: str) -> None:
    drawing = cascades(equals)
    panels = complete(drawing, Figure(layout="constrained"))
    for axes in panels:
        assert len([line for line in axes.lines if not line.get_label().startswith("_")]) == 3
        assert bool([patch for patch in axes.patches if patch.get_facecolor() == to_rgba(SOFT)]) == bool(shown)
    assert {"haiku, then gpt-4", "sonnet, then gpt-4", 'gpt-4 <b>"x"&\u241b'} <= texts(drawing)
    assert [text for text in texts(drawing) if text and text.startswith("as accurate")] == ([shown] if shown else [])
