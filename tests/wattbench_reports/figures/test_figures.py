"""The drawings: text stays text, colours follow the page, and the same numbers give the same bytes."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from wattbench_reports.figures import (
    Bar,
    LatencyCurve,
    LoadCurve,
    LoadPoint,
    MatrixMetric,
    Slice,
    TradeoffPoint,
    energy,
    energy_latency,
    latency,
    matrix,
    tradeoff,
)
from wattbench_reports.figures.latency import FIRST_TOKEN, PER_TOKEN
from wattbench_reports.figures.marks import mark_svg, marks_svg
from wattbench_reports.figures.tradeoff import SECONDS
from wattbench_reports.stats import Interval

SVG = "{http://www.w3.org/2000/svg}"


def point(name: str, place: int, joules: float) -> TradeoffPoint:
    return TradeoffPoint(name, place, Interval(joules, 0.8 * joules, 1.3 * joules), Interval(0.4, 0.3, 0.5))


def bar(name: str, joules: float) -> Bar:
    idle, above = Slice("gpu0, idle", 0, joules / 4, faint=True), Slice("gpu0, above idle", 0, joules / 2, faint=False)
    return Bar(name, joules, (idle, above, Slice("cpu", 1, joules / 4, faint=False)))


def field(title: str, columns: int) -> MatrixMetric:
    texts = tuple(tuple(f"{title[0]}{row}{column}" for column in range(columns)) for row in range(2))
    return MatrixMetric(title, 0, texts, ((0.2,) * columns, (1.0,) * (columns - 1) + (None,)))


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in elements(svg, "text")]


def elements(svg: str, tag: str) -> list[ET.Element]:
    """Those of a drawing of matplotlib's, and of one by hand, which names no namespace."""
    root = ET.fromstring(svg)
    return [*root.iter(f"{SVG}{tag}"), *root.iter(tag)]


DRAWINGS = {
    "tradeoff": lambda: tradeoff([point("small", 0, 0.2), point("big", 1, 900.0)]),
    "latency": lambda: latency(
        [LatencyCurve("small", 0, np.geomspace(0.01, 2, 50)), LatencyCurve("big", 1, np.geomspace(1, 9, 50))]
    ),
    "tradeoff, latency": lambda: tradeoff(
        [point("small", 0, 0.2), dataclasses.replace(point("told", 1, 0.3), hollow=True), point("big", 2, 9.0)],
        SECONDS,
        [["small", "big"]],
    ),
    "first token": lambda: latency([LatencyCurve("small", 0, np.geomspace(0.01, 2, 50))], FIRST_TOKEN),
    "later tokens": lambda: latency([LatencyCurve("small", 0, np.geomspace(0.01, 2, 5))], PER_TOKEN),
    "matrix": lambda: matrix(
        [field("Accuracy", 2), field("Joules", 2)],
        ["small", "big"],
        ["sums", "text"],
        name="matrix-figure",
        title="Everything",
    ),
    "energy": lambda: energy([bar("small", 0.2), bar("big", 900.0)]),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_need_no_style_and_repeat_exactly(name: str) -> None:
    svg = DRAWINGS[name]()
    assert svg == DRAWINGS[name]()
    assert "style" not in svg
    assert "<script" not in svg
    colours = {e.get(key) for e in ET.fromstring(svg).iter() for key in ("fill", "stroke")} - {None, "none"}
    assert all(colour == "currentColor" or colour.startswith("var(--") for colour in colours), colours


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_have_a_title_and_a_description(name: str) -> None:
    root = ET.fromstring(DRAWINGS[name]())
    named = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.get("role") == "img"
    for identity in root.get("aria-labelledby", "").split():
        assert named[identity]


def test_ids_of_two_drawings_never_meet_and_references_resolve() -> None:
    seen: set[str] = set()
    shapes = {element.get("id") for element in ET.fromstring(marks_svg()).iter()} - {None}
    for draw in DRAWINGS.values():
        root = ET.fromstring(draw())
        ids = {element.get("id") for element in root.iter()} - {None}
        assert not ids & seen
        seen |= ids
        for element in (*root.iter(f"{SVG}use"), *root.iter("use")):
            assert element.get("href", "").removeprefix("#") in ids | shapes


def test_hostile_names_are_drawn_as_text() -> None:
    svg = tradeoff([point('$\\frac{<script>alert("x")</script>', 0, 1.0), point("$x^", 1, 2.0)])
    assert "<script" not in svg
    assert '$\\frac{<script>alert("x")</script>' in texts(svg)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", ["\u65e5\u672c\u8a9e", "\u0645\u0633\u0627\u0639\u062f", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\U0001f916"]
)
def test_a_script_that_matplotlib_has_no_letters_for_is_no_warning(name: str) -> None:
    assert name in texts(tradeoff([point(name, 0, 1.0), point("small", 1, 2.0)]))


def test_a_wide_range_is_logarithmic_and_ticks_carry_their_unit() -> None:
    narrow, wide = (
        tradeoff([point("a", 0, 2.0), point("b", 1, 3.0)]),
        tradeoff([point("a", 0, 0.2), point("b", 1, 900)]),
    )
    assert "0 J" in texts(narrow)
    assert "0 J" not in texts(wide)
    assert {"1 J", "10 J", "100 J"} <= set(texts(wide))


def test_bars_are_shares_and_their_joules_stand_behind_them() -> None:
    svg = DRAWINGS["energy"]()
    assert {"small", "big", "200 mJ", "900 J", "gpu0, idle", "gpu0, above idle", "cpu"} <= set(texts(svg))
    assert "big: 900 J, of which gpu0, idle 25.0%, gpu0, above idle 50.0%, cpu 25.0%" in svg
    boxes = [
        (float(start[1:]), float(width), e.get("opacity"))
        for e in elements(svg, "path")
        if e.get("fill", "").startswith("var(--series")
        for start, width in [re.split(r" [\d.]+h|v", e.get("d", ""))[:2]]
    ][3:]  # after those of the legend
    (left, idle, faint), (above_left, above, _), (cpu_left, cpu, _), *others = boxes
    assert (above_left, cpu_left) == pytest.approx((left + idle, left + idle + above), abs=0.2)
    assert (above / idle, cpu / idle) == pytest.approx((2, 1), rel=0.01)
    assert (faint, len(others)) == ("0.4", 3)


def test_zero_joules_and_unbounded_figures_can_be_drawn() -> None:
    svg = tradeoff([TradeoffPoint("free", 0, Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 0.3)),
                    TradeoffPoint("once", 1, Interval(5.0, 0.0, float("inf")), Interval(1.0, 0.2, 1.0))])  # fmt: skip
    assert {"free", "once"} <= set(texts(svg))


def test_many_answers_do_not_make_a_heavy_figure() -> None:
    assert len(latency([LatencyCurve("a", 0, np.sort(np.random.default_rng(0).lognormal(size=100_000)))])) < 60_000


def test_a_matrix_has_a_number_in_every_cell_and_shades_no_missing_one() -> None:
    for columns in (2, 6):  # side by side, and one below the other
        svg = matrix([field("Accuracy", columns)], ["small", "b" * 60], [f"d{place}" for place in range(columns)],
                     name="m", title="Everything")  # fmt: skip
        assert {f"A{row}{column}" for row in range(2) for column in range(columns)} <= set(texts(svg))
        cells = [e for e in elements(svg, "path") if e.get("fill") == "var(--series-1)"]
        assert len(cells) == 2 * columns - 1
        assert all(float(cell.get("opacity", cell.get("fill-opacity", "1"))) <= 0.5 for cell in cells), "hides numbers"
        assert "b" * 27 + "..." in texts(svg)


def test_a_front_is_joined_from_the_cheapest_to_the_dearest() -> None:
    points = [point("dear", 0, 9.0), point("cheap", 1, 1.0), point("off", 2, 4.0)]
    plain, joined = tradeoff(points), tradeoff(points, fronts=[["cheap", "dear"]])
    dashed = [e for e in elements(joined, "path") if e.get("stroke-dasharray")]
    assert len(dashed) == 1
    steps = [float(step.split()[0]) for step in dashed[0].get("d", "").replace("M", "").split("L")]
    assert steps == sorted(steps)
    assert "stroke-dasharray" not in plain
    assert "Cannot be excluded from the Pareto front: cheap and dear." in joined
    assert "stroke-dasharray" not in tradeoff(points, fronts=[["off"]]), "one system is no line"


def test_percentiles_are_read_aloud_only_where_the_requests_are_enough() -> None:
    assert "95% within" not in DRAWINGS["latency"]()
    assert "half within" in DRAWINGS["latency"]()
    assert "5 requests, too few for a percentile" in DRAWINGS["later tokens"]()


def test_a_curve_rises_to_all_requests_and_has_its_shape_along_it_and_in_the_legend() -> None:
    root = ET.fromstring(
        latency([LatencyCurve("small", 2, np.arange(1.0, 101.0)), LatencyCurve("big", 1, np.array([50.0]))])
    )
    curves = [
        e.get("d", "") for e in root.iter("path") if "H" in e.get("d", "") and e.get("stroke") == "var(--series-3)"
    ]
    (curve,) = curves
    heights = [float(step) for step in curve.replace("H", "V").split("V")[2::2]]
    assert heights == sorted(heights, reverse=True), "a share never falls"
    assert len(set(heights)) == 100
    levels = {float(e.get("y", "0")) - 4 for e in root.iter("text") if e.text == "100%"}
    assert heights[-1] == pytest.approx(*levels, abs=0.1)
    assert sum(e.get("href") == "#mark-2" for e in root.iter("use")) == 7
    said = [e.text for e in root.iter("text")]
    assert {"small", "big", "1 s", "10 s", "100 s", "requests answered, %"} <= set(said)


@pytest.mark.slow
def test_matplotlib_is_left_as_it_was() -> None:
    before = dict(mpl.rcParams)
    drawn = energy_latency([LoadCurve("small", 0, [LoadPoint(2.0, 0.5, 3.0, held=True)])], "p90")
    assert "clip-path" in drawn, "matplotlib drew it"
    assert dict(mpl.rcParams) == before


def test_marks_differ_and_are_hidden_from_screen_readers() -> None:
    marks = [mark_svg(place) for place in range(12)]
    assert len(set(marks)) == 12
    assert all('aria-hidden="true"' in mark for mark in marks)
    for mark in marks:
        ET.fromstring(mark)
