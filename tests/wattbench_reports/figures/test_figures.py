"""The drawings: text stays text, colours follow the page, and the same numbers give the same bytes."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattbench_reports.figures import (
    Band,
    Bar,
    CoActivation,
    CourseLine,
    Dot,
    Drawing,
    ExpertShares,
    FrontierLine,
    Handover,
    LatencyCurve,
    LoadCurve,
    LoadPoint,
    Looks,
    MatrixMetric,
    PowerTrace,
    SentItems,
    Slice,
    StudentRetention,
    TaskRetention,
    TraceSpan,
    TradeoffPoint,
    Watts,
    co_activation,
    energy,
    energy_latency,
    experts,
    frontier,
    gate,
    latency,
    lifecycle,
    matrix,
    misroutes,
    on_axes,
    power,
    retention,
    tradeoff,
)
from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.decision import PicturePoint, Region, picture
from wattbench_reports.figures.drawing import complete
from wattbench_reports.figures.latency import FIRST_TOKEN, PER_TOKEN
from wattbench_reports.figures.palette import MARKERS, SERIES, VARIABLES, mark_svg
from wattbench_reports.figures.svg import file_svg, page_svg
from wattbench_reports.figures.tradeoff import SECONDS
from wattbench_reports.stats import Interval

STYLE = Path(__file__).parents[3] / "reports" / "wattbench_reports" / "html" / "style.css"
SVG = "{http://www.w3.org/2000/svg}"


def point(name: str, place: int, joules: float) -> TradeoffPoint:
    return TradeoffPoint(name, place, Interval(joules, 0.8 * joules, 1.3 * joules), Interval(0.4, 0.3, 0.5))


def bar(name: str, joules: float) -> Bar:
    idle, above = Slice("gpu0, idle", 0, joules / 4, faint=True), Slice("gpu0, above idle", 0, joules / 2, faint=False)
    return Bar(name, joules, (idle, above, Slice("cpu", 1, joules / 4, faint=False)))


def trace(system: str) -> PowerTrace:
    at_s = np.linspace(0, 10, 50)
    bands = [Band(0.0, 1.0, "load", True), Band(1.0, 4.0, "idle", True), Band(5.0, 6.0, "warm-up", False)]
    watts = [Watts("cpu", 0, at_s, 20 + at_s, 19.0), Watts("dram", 1, at_s, np.full(50, 5.0), None)]
    return PowerTrace(system, [TraceSpan(1, 0.0, 4.0), TraceSpan(2, 5.0, 10.0)], bands, watts)


def field(title: str, columns: int) -> MatrixMetric:
    texts = tuple(tuple(f"{title[0]}{row}{column}" for column in range(columns)) for row in range(2))
    return MatrixMetric(title, 0, texts, ((0.2,) * columns, (1.0,) * (columns - 1) + (None,)))


def looks(label: str, margins: tuple[float, ...]) -> Looks:
    unknown = np.array([np.nan, -3.0])
    return Looks(
        label, "points", np.array([8, 16]), np.array([0.5, -1.0]), unknown, unknown + 4, margins, "-1.0 points"
    )


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in elements(svg, "text")]


def elements(svg: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}{tag}"))


def panels(drawing: Drawing) -> tuple[Axes, ...]:
    """Draw a figure, laid out as in a page."""
    figure = Figure(layout="constrained")
    axes = complete(drawing, figure)
    figure.draw_without_rendering()
    return axes


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
    "frontier": lambda: frontier(
        *(FrontierLine(label, np.array([0.5, 20.0]), np.array([0.4, 0.9])) for label in ("all", "hull", "mix")),
        [Dot("small", 0, 0.5, 0.4), Dot("live", 2, 3.0, math.nan, hollow=True)],
        series=2,
        description="From 40% to 90%.",
        name="frontier-figure-1",
    ),
    "power": lambda: power([trace(f"system {number}") for number in range(5)]),
    "decision": lambda: picture(
        [PicturePoint(name, place, name, Interval(2.0 + place, 1.8, 9.0), Interval(0.4, 0.3, 0.5))
         for place, name in enumerate(("small", "big"))],
        ["small", "big"], Region(0.3, 2.5), cost_label="joules per request", tick=lambda value: f"{value:g} J",
        title="Accuracy", description="Better is up and left",
    ),
    "arrival rates": lambda: energy_latency(
        [LoadCurve("small", 0, [LoadPoint(rate, 0.2 * rate, 3 / rate, held=rate < 4) for rate in (1.0, 2.0, 4.0)])],
        "p90",
    ),
    "lifecycle": lambda: lifecycle(
        [CourseLine("base", 0, 0.0, 900.0), CourseLine("tuned", 1, 2e6, 90.0)], [Handover(2500, 2.2e6, "tuned")], 1e8
    ),
    "gate": lambda: gate([looks("accuracy", (-5.0,)), looks("latency p50", (10.0, -10.0))]),
    "retention": lambda: retention(
        [
            StudentRetention(
                name, "base", place, [TaskRetention("sums", Interval(0.5, 0.4, math.inf)), TaskRetention("text", None)]
            )
            for place, name in enumerate(("small", "tiny"))
        ]
    ),
    "experts": lambda: experts(
        [ExpertShares(f"moe{place}", np.full((9, 2, 3), 1 / 3), range(4, 13), ["sums", "text"], ["a", "b", "c"], 0.5)
         for place in range(2)]
    ),
    "co-activation": lambda: co_activation(
        [CoActivation("moe", {"all": np.array([0.4, math.nan, 2.5])}, [(0, 1), (0, 2), (1, 2)], ["a", "b", "c"])]
    ),
    "misroutes": lambda: misroutes(
        [SentItems("hybrid", np.array([[9, 0], [2, 3]]), ["sums", "text"], ["small", "big"], [0, None])]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_need_no_style_and_repeat_exactly(name: str) -> None:
    drawing = DRAWINGS[name]()
    svg = page_svg(drawing)
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30.0, "svg.fonttype": "path", "text.usetex": True}):
        assert svg == page_svg(DRAWINGS[name]()), "whatever the settings of a notebook"
    assert "style" not in svg
    assert "<script" not in svg
    colours = {e.get(key) for e in ET.fromstring(svg).iter() for key in ("fill", "stroke")} - {None, "none"}
    assert all(
        colour == "currentColor" or colour.startswith(("var(--", f"url(#{drawing.name}-")) for colour in colours
    ), colours


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_have_a_title_and_a_description(name: str) -> None:
    root = ET.fromstring(page_svg(DRAWINGS[name]()))
    named = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.get("role") == "img"
    for identity in root.get("aria-labelledby", "").split():
        assert named[identity]


def test_ids_of_two_drawings_never_meet_and_references_resolve() -> None:
    seen: set[str] = set()
    for draw in DRAWINGS.values():
        svg = page_svg(draw())
        ids = {element.get("id") for element in ET.fromstring(svg).iter()} - {None}
        assert not ids & seen
        seen |= ids
        assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)) <= {(each, "") for each in ids} | {
            ("", each) for each in ids
        }


@pytest.mark.filterwarnings("ignore:Glyph")
def test_hostile_names_are_drawn_as_text_and_leave_room_for_the_figure() -> None:
    names = ['$\\frac{<script>alert("x")</script>', "$x^", "_w" * 100, "\u202eevil\x1b\x00"]
    drawing = tradeoff([point(name, place, place + 1.0) for place, name in enumerate(names)])
    svg = page_svg(drawing)
    assert "<script" not in svg
    shown = {names[0], "$x^", " " + "_w" * 28 + "_...", "\u27e8U+202E\u27e9evil\u241b\u2400"}
    assert shown <= set(texts(svg))
    ends = [float(element.get("x", "0")) for element in elements(svg, "text") if element.text in shown]
    assert max(ends) < 300, "in two columns, so that the longest has room"
    (axes,) = panels(drawing)
    assert axes.get_position().height > 0.5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", ["\u65e5\u672c\u8a9e", "\u0645\u0633\u0627\u0639\u062f", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\U0001f916"]
)
def test_a_script_that_matplotlib_has_no_letters_for_is_no_warning(name: str) -> None:
    assert name in texts(page_svg(tradeoff([point(name, 0, 1.0), point("small", 1, 2.0)])))


def test_a_wide_range_is_logarithmic_and_ticks_carry_their_unit() -> None:
    narrow, wide = (
        texts(page_svg(tradeoff([point("a", 0, joules), point("b", 1, other)])))
        for joules, other in ((2.0, 3.0), (0.2, 900.0))
    )
    assert {"0 J", "1 J", "2 J", "3 J"} <= set(narrow)
    assert "0 J" not in wide
    assert {"1 J", "10 J", "100 J"} <= set(wide)


@pytest.mark.parametrize(
    ("costs", "ticks"),
    [
        ([4.0, 8.0], [0, 2, 4, 6, 8]),
        ([0.0, 300.0], [0, 100, 200, 300]),
        ([0.5, 20.0], [0.5, 1, 2, 5, 10, 20]),
        ([0.2, 100.0], [0.3, 1, 3, 10, 30, 100]),
        ([1e-3, 1e3], [1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]),
        ([], [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ([0.0, math.inf], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_ticks_of_quantities(costs: list[float], ticks: list[float]) -> None:
    axes = Figure().subplots()
    quantity_axis(axes.xaxis, costs, "J")
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("shares", "ticks"),
    [
        ([0.701, 0.744], ["70%", "71%", "72%", "73%", "74%", "75%"]),
        ([0.31, 0.78], ["30%", "40%", "50%", "60%", "70%", "80%"]),
        ([0.0, 1.0], ["0%", "20%", "40%", "60%", "80%", "100%"]),
        ([0.7, 0.7], ["70%", "71%"]),
        ([1.0], ["99%", "100%"]),
        ([-0.2, 1.3, math.nan], ["0%", "20%", "40%", "60%", "80%", "100%"]),
    ],
)
def test_shares_are_drawn_at_the_scale_of_their_differences(shares: list[float], ticks: list[str]) -> None:
    axes = Figure().subplots()
    share_axis(axes.yaxis, shares)
    assert [each.get_text() for each in axes.get_yticklabels()] == ticks


def test_bars_are_shares_and_their_joules_stand_behind_them() -> None:
    drawing = DRAWINGS["energy"]()
    assert {"small", "big", "200 mJ", "900 J", "gpu0, idle", "gpu0, above idle", "cpu"} <= set(texts(page_svg(drawing)))
    assert "big: 900 J, of which gpu0, idle 25.0%, gpu0, above idle 50.0%, cpu 25.0%" in drawing.description
    (axes,) = panels(drawing)
    bars = [(bar.get_x(), bar.get_width(), bar.get_alpha()) for bar in axes.patches]
    assert np.array([bar[:2] for bar in bars[:3]]) == pytest.approx(np.array([(0.0, 0.25), (0.25, 0.5), (0.75, 0.25)]))
    assert [bar[2] for bar in bars] == [0.4, None, None] * 2


def test_zero_joules_and_unbounded_figures_can_be_drawn() -> None:
    svg = page_svg(
        tradeoff([TradeoffPoint("free", 0, Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 0.3)),
                  TradeoffPoint("once", 1, Interval(5.0, 0.0, math.inf), Interval(1.0, 0.2, 1.0))])
    )  # fmt: skip
    assert {"free", "once"} <= set(texts(svg))


def test_many_answers_do_not_make_a_heavy_figure() -> None:
    seconds = np.sort(np.random.default_rng(0).lognormal(size=100_000))
    assert len(page_svg(latency([LatencyCurve("a", 0, seconds)]))) < 60_000


def test_a_matrix_has_a_number_in_every_cell_and_shades_no_missing_one() -> None:
    for columns in (2, 6):  # side by side, and one below the other
        domains = [f"d{place}" for place in range(columns)]
        fields = [field("Accuracy", columns)] * 2
        drawing = matrix(fields, ["small", "b" * 60], domains, name="m", title="Everything")
        first, second = panels(drawing)
        assert (first.get_position().y0 == second.get_position().y0) == (columns == 2)
        assert {f"A{row}{column}" for row in range(2) for column in range(columns)} == {
            each.get_text() for each in first.texts
        }
        (cells,) = first.collections
        assert len(cells.get_paths()) == 2 * columns - 1
        assert cells.get_facecolor()[:, 3].max() <= 0.5, "hides numbers"
        assert [each.get_text() for each in first.get_yticklabels()] == ["small", "b" * 27 + "..."]


def test_a_front_is_joined_from_the_cheapest_to_the_dearest() -> None:
    points = [point("dear", 0, 9.0), point("cheap", 1, 1.0), point("off", 2, 4.0)]

    def dashed(drawing: Drawing) -> list[list[float]]:
        (axes,) = panels(drawing)
        return [list(line.get_xdata()) for line in axes.lines if line.is_dashed()]

    joined = tradeoff(points, fronts=[["cheap", "dear"]])
    assert dashed(joined) == [[1.0, 9.0]]
    assert not dashed(tradeoff(points))
    assert "Cannot be excluded from the Pareto front: cheap and dear." in joined.description
    assert not dashed(tradeoff(points, fronts=[["off"]])), "one system is no line"


def test_percentiles_are_read_aloud_only_where_the_requests_are_enough() -> None:
    assert "95% within" not in DRAWINGS["latency"]().description
    assert "half within" in DRAWINGS["latency"]().description
    assert "5 requests, too few for a percentile" in DRAWINGS["later tokens"]().description


def test_a_curve_rises_to_all_requests_with_its_shape_along_it_and_its_bounds() -> None:
    bounds = {0.5: Interval(50.0, 40.0, math.inf)}
    drawing = latency(
        [LatencyCurve("small", 2, np.arange(1.0, 101.0), bounds), LatencyCurve("big", 1, np.array([5.0]))]
    )
    (axes,) = panels(drawing)
    curve, bar, single = axes.lines
    assert (curve.get_label(), curve.get_marker(), curve.get_color()) == ("small", MARKERS[2], SERIES[2])
    shares = np.asarray(curve.get_ydata())
    assert (len(shares), shares[0], shares[-1]) == (101, 0.0, 1.0)
    assert (np.diff(shares) > 0).all() and (np.diff(curve.get_xdata()) >= 0).all()
    assert (list(bar.get_xdata()), list(bar.get_ydata())) == ([40.0, 100.0], [0.5, 0.5])
    assert single.get_label() == "big"
    assert {"small", "big", "1 s", "10 s", "100 s", "requests answered, %"} <= set(texts(page_svg(drawing)))


def test_a_person_draws_on_axes_of_her_own_or_on_a_new_figure() -> None:
    before = dict(mpl.rcParams)
    mine = Figure().subplots()
    assert on_axes(DRAWINGS["energy"](), mine) is mine
    assert [each.get_text() for each in mine.get_legend().get_texts()] == ["gpu0, idle", "gpu0, above idle", "cpu"]
    with pytest.raises(ValueError, match="2 axes are needed"):
        on_axes(DRAWINGS["matrix"](), mine)
    new = on_axes(DRAWINGS["matrix"]())
    assert isinstance(new, tuple) and len(new) == 2
    assert new[0].figure in map(pyplot.figure, pyplot.get_fignums()), "shown in a notebook"
    pyplot.close(new[0].figure)
    assert dict(mpl.rcParams) == before


def test_a_file_is_a_document_in_the_colours_of_the_light_page() -> None:
    root = ET.fromstring(file_svg(DRAWINGS["tradeoff"]()))
    assert root.tag == f"{SVG}svg" and root.attrib["width"]
    light = STYLE.read_text(encoding="utf-8").split("@media", 1)[0]
    page = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    assert {name: page[name] for name in VARIABLES.values()} == {name: each for each, name in VARIABLES.items()}


def test_marks_differ_and_are_hidden_from_screen_readers() -> None:
    marks = [mark_svg(place) for place in range(12)]
    assert len(set(marks)) == 12
    assert all('aria-hidden="true"' in mark for mark in marks)
    for mark in marks:
        ET.fromstring(mark)
