"""The picture of a decision: its geometry, and what is drawn."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.figures import decision_geometry as geometry
from wattbench_reports.figures.decision import PicturePoint, Region, picture
from wattbench_reports.figures.decision_geometry import Label, PictureMark
from wattbench_reports.stats import Interval

X, Y = st.floats(geometry.LEFT, geometry.RIGHT), st.floats(geometry.TOP, geometry.BOTTOM)


def mark(x: float, y: float, bar: float = 12) -> PictureMark:
    return PictureMark(x, y, x - bar, x + bar, y - bar, y + bar)


def box(label: Label, text: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a label of 12 units' height at most."""
    width = geometry.text_width(text)
    left = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    return left, label.y - 10, left + width, label.y + 3


def apart(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@given(st.lists(st.tuples(X, Y, st.text("abc語", max_size=24)), max_size=12))
def test_labels_meet_no_label_and_no_mark_and_stay_within_the_plot(places) -> None:
    marks, texts = [mark(x, y) for x, y, _ in places], [text for *_, text in places]
    placed = geometry.labels(marks, texts)
    assert len(placed) == len(texts)
    boxes = [box(label, text) for label, text in zip(placed, texts, strict=True) if label is not None]
    for number, one in enumerate(boxes):
        assert one[0] >= geometry.LEFT and one[2] <= geometry.RIGHT
        assert one[1] >= geometry.TOP - 6 and one[3] <= geometry.BOTTOM
        assert all(apart(one, other) for other in boxes[number + 1 :])
        assert all(apart(one, (each.x - 4, each.y - 4, each.x + 4, each.y + 4)) for each in marks)


def test_marks_with_room_have_labels() -> None:
    marks = [mark(100, 60), mark(300, 60), mark(100, 180), mark(geometry.RIGHT - 9, 180)]
    placed = geometry.labels(marks, ["one", "two", "three", "at-the-edge"])
    assert None not in placed
    assert placed[3] is not None and placed[3].anchor == "end"


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12))
def test_costs_rise_to_the_right_with_a_few_ticks(costs: list[float]) -> None:
    scale = geometry.cost_scale(costs)
    assert scale.log == (max(costs) >= geometry.WIDE * min(costs))
    xs = [geometry.across(scale, cost) for cost in sorted(costs)]
    assert xs == sorted(xs)
    assert xs[0] >= geometry.LEFT and xs[-1] <= geometry.RIGHT
    assert scale.share(min(costs)) > 0.0 and scale.share(max(costs)) < 1.0
    assert 1 <= len(scale.ticks) <= geometry.MOST_TICKS
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)


@pytest.mark.parametrize(
    ("costs", "ticks"),
    [
        ([4.0, 8.0], (0, 2, 4, 6, 8)),
        ([0.0, 300.0], (0, 100, 200, 300)),
        ([0.5, 40.0], (1, 3, 10, 30)),
        ([1e-3, 1e3], (0.01, 1, 100)),
        ([], (0, 0.2, 0.4, 0.6, 0.8, 1)),
        ([0.0], (0, 0.2, 0.4, 0.6, 0.8, 1)),
    ],
)
def test_ticks_of_costs(costs: list[float], ticks: tuple[float, ...]) -> None:
    assert geometry.cost_scale(costs).ticks == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.82, 0.97, (0.8, 0.9, 1.0)),
        (0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.31, 0.78, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
        (1.0, 1.0, (0.9, 1.0)),
        (0.0, 0.0, (0.0, 0.1)),
    ],
)
def test_ticks_of_accuracy(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert geometry.accuracy_scale([low], [high]).ticks == pytest.approx(ticks)


def points() -> list[PicturePoint]:
    return [
        PicturePoint("b<ig>", 1, "b<ig>", Interval(40.0, 35.0, 46.0), Interval(0.9, 0.85, 0.95), chosen=True),
        PicturePoint("small", 0, "small", Interval(2.0, 1.8, math.inf), Interval(0.4, 0.3, 0.5), hollow=True),
        PicturePoint("eleventh", 10, "", Interval(8.0, 7.0, 9.0), Interval(0.5, 0.4, 0.6)),
    ]


def drawn(region: Region) -> ET.Element:
    svg = picture(
        points(), ["small", "b<ig>"], region, cost_label="joules per request", tick=lambda value: f"{value:g} J",
        title="Accuracy against joules", description="small: 40%",
    )  # fmt: skip
    assert "style=" not in svg
    return ET.fromstring(svg)


def test_what_is_drawn() -> None:
    svg = drawn(Region(0.8, 50.0))
    assert svg.attrib["id"] == "decision-picture"
    texts = [each.text for each in svg.iter() if each.text]
    assert {"Accuracy against joules", "small: 40%", "b<ig>", "small", "accuracy"} <= set(texts)
    assert "joules per request, logarithmic →" in texts
    assert "eleventh" not in texts
    kinds = [each.attrib.get("class", "") for each in svg.iter()]
    assert [kinds.count(kind) for kind in ("bar", "dot", "qualified", "front", "label chosen")] == [2, 1, 1, 1, 1]
    uses = [each.attrib for each in svg.iter("use")]
    assert [each["fill"] for each in uses] == ["var(--paper)", "var(--series-2)"]
    region = next(each for each in svg.iter() if each.attrib.get("class") == "qualified").attrib
    chosen = re.search(r"translate\(([\d.]+) ([\d.]+)\)", uses[1]["transform"])
    assert chosen is not None
    assert float(region["x"]) < float(chosen[1]) < float(region["x"]) + float(region["width"])
    assert float(region["y"]) < float(chosen[2]) < float(region["y"]) + float(region["height"])


def test_nothing_is_shaded_where_nothing_is_required_of_accuracy_and_cost() -> None:
    assert not [each for each in drawn(Region()).iter() if each.attrib.get("class") == "qualified"]
