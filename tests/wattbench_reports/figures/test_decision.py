"""The picture of a decision: what is drawn, and where its labels are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattbench_reports.figures.decision import PicturePoint, Region, picture
from wattbench_reports.figures.direct_labels import DirectLabel, direct_labels
from wattbench_reports.figures.drawing import on_axes
from wattbench_reports.figures.palette import PAPER, SERIES
from wattbench_reports.stats import Interval

PLACE = st.tuples(st.floats(0, 1), st.floats(0, 1))


def drawn(region: Region, *more: PicturePoint) -> Axes:
    points = [
        PicturePoint("b<ig>", 1, "b<ig>", Interval(40.0, 35.0, 46.0), Interval(0.9, 0.85, 0.95), chosen=True),
        PicturePoint("small", 0, "small", Interval(2.0, 1.8, math.inf), Interval(0.4, 0.3, 0.5), hollow=True),
        PicturePoint("eleventh", 10, "", Interval(8.0, 7.0, 9.0), Interval(0.5, 0.4, 0.6)),
        *more,
    ]
    figure = picture(
        points, ["small", "b<ig>"], region, cost_label="joules per request", tick=lambda value: f"{value:g} J",
        title="Accuracy against joules", description="small: 40%",
    )  # fmt: skip
    axes = on_axes(figure, Figure(figure.size_in, layout="constrained").subplots())
    assert isinstance(axes, Axes)
    return axes


def texts(axes: Axes) -> dict[str, tuple[float, float]]:
    return {each.get_text(): each.xy for each in axes.texts}


def test_marks_labels_bars_and_the_front() -> None:
    axes = drawn(Region())
    assert texts(axes) == {"b<ig>": (40.0, 0.9), "small": (2.0, 0.4)}
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "joules per request, logarithmic →")
    assert [each.get_text() for each in axes.get_yticklabels()] == ["20%", "40%", "60%", "80%", "100%"]
    marks = {tuple(map(float, (*line.get_xdata(), *line.get_ydata()))): line for line in axes.lines}
    assert marks[40.0, 0.9].get_markerfacecolor() == SERIES[1]
    assert marks[2.0, 0.4].get_markerfacecolor() == PAPER
    assert marks[8.0, 0.5].get_markersize() < marks[2.0, 0.4].get_markersize() < marks[40.0, 0.9].get_markersize()
    assert (2.0, 40.0, 0.4, 0.9) in marks, "the front"
    assert (1.8, axes.get_xlim()[1], 0.4, 0.4) in marks, "an interval without an upper bound ends with the scale"
    assert (7.0, 9.0, 0.5, 0.5) not in marks, "a dot has no bars"
    assert not axes.collections, "nothing is required"


def test_what_is_required_is_shaded() -> None:
    (shaded,) = drawn(Region(0.8, 50.0)).collections
    corners = shaded.get_paths()[0].get_extents()
    assert (corners.xmax, corners.ymin) == (50.0, 0.8)
    assert corners.xmin < 2.0 and corners.ymax > 0.95


def test_a_system_that_takes_no_part_may_be_beyond_the_scale_and_says_so() -> None:
    axes = drawn(
        Region(), PicturePoint("far", 3, "far", Interval(9e4, 9e4, 9e4), Interval(0.5, 0.4, 0.6), hollow=True,
                               scaling=False),
    )  # fmt: skip
    assert axes.get_xlim()[1] < 100
    x, _ = texts(axes)["far (90000 J →)"]
    assert math.isclose(x, axes.get_xlim()[1])


@pytest.mark.filterwarnings("ignore:Glyph")
@given(
    st.lists(st.tuples(PLACE, st.text("abc語", max_size=24)), max_size=8),
    st.lists(st.tuples(PLACE, PLACE), max_size=3),
)
@settings(max_examples=20)
def test_labels_meet_no_label_and_no_mark_and_stay_within_the_axes(marks, lines) -> None:
    figure = Figure((5, 3))
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    labels = [DirectLabel(text, place) for place, text in marks if text]
    direct_labels(axes, labels, [place for place, _ in marks], [np.array(ends) for ends in lines])
    boxes = [each.get_window_extent().get_points() for each in axes.texts]
    outer = axes.get_window_extent().get_points()
    for number, box in enumerate(boxes):
        assert (box[0] >= outer[0] - 0.5).all() and (box[1] <= outer[1] + 0.5).all()
        for other in boxes[number + 1 :]:
            assert (np.minimum(box[1], other[1]) - np.maximum(box[0], other[0])).min() <= 0.5
        for place in axes.transData.transform(np.reshape([place for place, _ in marks], (-1, 2))):
            assert (np.minimum(box[1], place + 4) - np.maximum(box[0], place - 4)).min() <= 0.5


def test_marks_with_room_have_labels_that_cover_no_line() -> None:
    axes = Figure((5, 3)).subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    places = [(0.2, 0.2), (0.99, 0.2), (0.5, 0.9)]
    labels = [DirectLabel(text, at) for text, at in zip(("one", "at-the-edge", "below"), places, strict=True)]
    direct_labels(axes, labels, places, [np.array([(0.0, 0.94), (1.0, 0.94)])])
    assert {each.get_text(): each.get_ha() for each in axes.texts} == {
        "one": "left", "at-the-edge": "right", "below": "left"
    }  # fmt: skip
    assert [each.get_position()[1] > 0 for each in axes.texts] == [True, True, False]


def test_a_label_that_may_not_cover_lines_is_left_out_where_it_would() -> None:
    axes = Figure((5, 3)).subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    rows = [np.array([(0.0, height), (1.0, height)]) for height in np.linspace(0.0, 1.0, 60)]
    for on_lines in (True, False):
        label = DirectLabel("one", (0.5, 0.5), on_lines=on_lines)
        direct_labels(axes, [label], [label.at], rows)
    assert len(axes.texts) == 1
