"""The pictures of routing: what is drawn, labels that do not overlap, and drawings as files."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.figures import line_labels
from wattbench_reports.figures.chart import Plot, share_scale
from wattbench_reports.figures.decision_geometry import label_box, text_width
from wattbench_reports.figures.routing_cascades import CascadeBaseline, CascadeLine, routing_cascades
from wattbench_reports.figures.routing_tradeoff import RoutingCurveLine, RoutingMark, routing_tradeoff
from wattbench_reports.figures.svg_file import COLOURS, svg_file
from wattbench_reports.stats import Interval

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<b>"x"&\x1b'
STYLE = Path(__file__).parents[3] / "reports" / "wattbench_reports" / "html" / "style.css"


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


def tradeoff(mixed=((1.1, 0.55), (12.3, 0.706))) -> str:
    return routing_tradeoff(
        marks(), mixed, [RoutingCurveLine((2.0, 6.0), (0.6, 0.69))], cost_label="USD per request",
        tick=lambda value: f"{value:g}", title="Accuracy against cost", description=f"gpt-4: 70.6%. {HOSTILE}",
    )  # fmt: skip


def cascades(equals: Interval | None) -> str:
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


def kinds(svg: str) -> list[str]:
    return [each.attrib.get("class", "") for each in ET.fromstring(svg).iter()]


def test_systems_routers_and_ceilings_have_shapes_of_their_own() -> None:
    drawn = kinds(tradeoff())
    expected = {"system": 2, "router": 1, "ceiling": 1, "dot": 1, "mix": 1, "curve": 1, "bar": 4, "label": 4}
    assert {kind: drawn.count(kind) for kind in expected} == expected
    texts = [each.text for each in ET.fromstring(tradeoff()).iter() if each.text]
    assert {"perfect router", "gpt-4", "haiku", 'by <b>"x"&␛', "USD per request, logarithmic →"} <= set(texts)


def test_a_random_mix_is_no_straight_line_where_costs_are_logarithmic() -> None:
    found = re.search(r'class="mix" d="M([^"]+)"', tradeoff())
    assert found is not None
    points = np.array([[float(part) for part in each.split()] for each in found[1].split("L")])
    chord = np.interp(points[:, 0], points[[0, -1], 0], points[[0, -1], 1])
    assert np.all(points[1:-1, 1] > chord[1:-1] + 0.01), "a mix by thirds costs a third: below the chord of logarithms"


def test_one_system_on_the_hull_has_no_line() -> None:
    assert "mix" not in kinds(tradeoff(mixed=((12.3, 0.706),)))


@pytest.mark.parametrize(
    ("equals", "count"),
    [(Interval(0.76, 0.72, 0.8), 3), (Interval(0.51, 0.4, 0.6), 3), (Interval(1.2, 1.1, 1.3), 0), (None, 0)],
)
def test_the_quality_from_which_a_cascade_is_as_accurate(equals: Interval | None, count: int) -> None:
    drawn = cascades(equals)
    assert kinds(drawn).count("equal") == count
    assert ("as accurate from" in drawn) == bool(count)
    assert kinds(drawn).count("cascade") == 4
    for text in ET.fromstring(drawn).iter("text"):
        width, x = text_width(text.text or ""), float(text.attrib["x"])
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[text.attrib["text-anchor"]]
        assert left >= 0 and left + width <= 408, text.text
    assert kinds(drawn).count("label") == 6


@pytest.mark.parametrize("drawn", [tradeoff(), cascades(Interval(0.76, 0.72, 0.8))], ids=["tradeoff", "cascades"])
def test_drawings_have_no_style_and_no_colour_but_the_page_s(drawn: str) -> None:
    root = ET.fromstring(drawn)
    assert "style=" not in drawn
    colours = {each.get(key) for each in root.iter() for key in ("fill", "stroke")} - {None, "none"}
    assert all(colour.startswith("var(--") for colour in colours)


@pytest.mark.parametrize("drawn", [tradeoff(), cascades(None)], ids=["tradeoff", "cascades"])
def test_a_file_needs_nothing_but_itself(drawn: str) -> None:
    root = ET.fromstring(svg_file(drawn))
    assert root.tag == f"{SVG}svg" and float(root.attrib["width"]) > 400
    assert "var(" not in svg_file(drawn)
    ids = {each.attrib["id"] for each in root.iter() if "id" in each.attrib}
    assert {each.attrib["href"].removeprefix("#") for each in root.iter(f"{SVG}use")} <= ids
    assert [each.tag for each in root].index(f"{SVG}rect") < [each.tag for each in root].index(f"{SVG}path")


def test_files_have_the_light_colours_of_the_page() -> None:
    light = STYLE.read_text(encoding="utf-8").split("@media", 1)[0]
    page = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    assert {name: page[name] for name in COLOURS} == COLOURS


@pytest.mark.parametrize(
    ("shares", "ticks"),
    [
        ([0.701, 0.744], (0.70, 0.71, 0.72, 0.73, 0.74, 0.75)),
        ([0.31, 0.78], (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
        ([0.0, 1.0], (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        ([0.7, 0.7], (0.7, 0.71)),
        ([1.0], (0.99, 1.0)),
        ([-0.2, 1.3], (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ],
)
def test_shares_are_drawn_at_the_scale_of_their_differences(shares: list[float], ticks: tuple[float, ...]) -> None:
    assert share_scale(shares).ticks == pytest.approx(ticks)


@given(
    st.lists(st.tuples(st.floats(20, 180), st.floats(20, 180), st.text("abc語", max_size=24)), min_size=1, max_size=4)
)
@settings(max_examples=40)
def test_labels_of_lines_meet_no_label_and_stay_within_the_plot(ends) -> None:
    plot = Plot(40, 394, 20, 180)
    lines = [[(49 + 12 * step, low + (high - low) * step / 28) for step in range(29)] for low, high, _ in ends]
    texts = [text for *_, text in ends]
    placed = line_labels.line_labels(plot, lines, texts)
    boxes = [label_box(label, text_width(text)) for label, text in zip(placed, texts, strict=True) if label is not None]
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert plot.left <= left and right <= plot.right and plot.top <= top and bottom <= plot.bottom
        for other in boxes[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
