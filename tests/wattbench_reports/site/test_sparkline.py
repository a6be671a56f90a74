"""Where the lines of a small chart run."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.site_history import FIRST, made_up
from wattbench_reports.history import History, Trend, TrendPoint
from wattbench_reports.site.links import METRICS_SHOWN
from wattbench_reports.site.series import Breaks, series_of
from wattbench_reports.site.sparkline import SMALL, SPARK, chart

NOWHERE = Breaks(History(Path(), (), pd.DataFrame(), None))
"""For series without any."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan|inf")


def trend(values, metric="latency_p50", error=0.01) -> Trend:
    """One night a day; None is a gap."""
    points = tuple(_point(FIRST + datetime.timedelta(days=place), value, error) for place, value in enumerate(values))
    return Trend("generalist", "", metric, "s", points, ())


def _point(date, value, error) -> TrendPoint:
    if value is None:
        return TrendPoint(date, None, None)
    return TrendPoint(date, f"run-{date}", value, error, 60, "", "old")


def drawn(values, box=SMALL, **other):
    return chart(series_of(trend(values, **other), NOWHERE), box)


def test_no_line_crosses_a_gap() -> None:
    drawing = drawn([1.0, 1.1, None, 1.0, 1.2])
    assert drawing.line.count("M") == 2
    assert drawing.band.count("Z") == 2
    assert drawing.gaps.count("Z") == 1


def test_a_lone_night_between_gaps_is_a_dot() -> None:
    assert drawn([1.0, 1.1, None, 1.0, None, 1.2, 1.1]).line.count("h0") == 1


def test_no_line_crosses_a_break(tmp_path) -> None:
    made = made_up(tmp_path, broken={"generalist": 12})
    drawing = chart(series_of(made.trends[0], Breaks(made.history)))
    assert drawing.line.count("M") == 2
    assert len(drawing.breaks) == 1
    assert drawing.breaks[0].text.startswith("new ")


def test_words_at_breaks_do_not_lie_on_each_other(tmp_path) -> None:
    changing = [
        TrendPoint(FIRST + datetime.timedelta(days=place), f"run-{place}", 1.0, 0.1, 60, "", f"conditions {place // 2}")
        for place in range(40)
    ]
    history = made_up(tmp_path, 40).history
    changing = [dataclasses.replace(each, run=history.nights[place].run) for place, each in enumerate(changing)]
    drawing = chart(series_of(Trend("generalist", "", "latency_p50", "s", tuple(changing), ()), Breaks(history)))
    assert len(drawing.breaks) == 19
    said = [mark.x for mark in drawing.breaks if mark.text]
    assert 1 < len(said) < 19
    assert min(b - a for a, b in itertools.pairwise(said)) > 50


def test_a_change_point_is_marked_at_its_night_and_level(tmp_path) -> None:
    made = made_up(tmp_path, 31, steps={("generalist", "", "latency_p50"): (15, 1.5)})
    own = next(t for t in made.trends if t.changes)
    drawing = chart(series_of(own, Breaks(made.history)))
    (mark,) = drawing.changes
    assert mark.x == pytest.approx((SMALL.left + SMALL.right) / 2)
    assert mark.text == "2026-01-16: +50.0%"
    assert mark.worse
    assert drawing.levels.startswith(f"M{SMALL.left},")
    assert drawing.levels.endswith(f"V{mark.y}H{SMALL.right}")


def test_nothing_is_drawn_of_no_figures() -> None:
    assert drawn([None, None]) is None


def test_noise_does_not_fill_the_height() -> None:
    heights = [float(y) for y in re.findall(r",(\d+\.\d)", drawn([1.0, 1.01, 0.99, 1.0], error=None).line)]
    assert max(heights) - min(heights) < 0.2 * (SMALL.bottom - SMALL.top)


def test_a_spark_has_a_line_and_no_band() -> None:
    drawing = drawn([1.0, 1.2, 1.1], SPARK)
    assert drawing.line
    assert drawing.band == drawing.dots == drawing.levels == drawing.reference == ""


figures = st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False), st.just(0.0))


@given(st.lists(figures, min_size=1, max_size=40), st.sampled_from(METRICS_SHOWN), st.sampled_from([SMALL, SPARK]))
def test_everything_is_drawn_within_its_box(values, metric, box) -> None:
    values = [value if value is None or metric != "accuracy" else value / 1e9 for value in values]
    drawing = drawn(values, box, metric=metric, error=None)
    if drawing is None:
        assert sum(value is not None for value in values) < 2
        return
    for x, y in re.findall(r"([-\d.einfa+]+),([-\d.einfa+]+)", f"{drawing.line} {drawing.band} {drawing.dots}"):
        assert box.left <= float(x) <= box.right
        assert box.top <= float(y) <= box.bottom
    for found in NUMBER.findall(drawing.gaps):
        assert math.isfinite(float(found))
    assert all(box.top <= tick.at <= box.bottom for tick in drawing.y_ticks)
    assert len(drawing.y_ticks) <= 6
    assert all(box.left <= tick.at <= box.right for tick in drawing.x_ticks)
    assert 1 <= len(drawing.x_ticks) <= 4


@pytest.mark.parametrize("days", [2, 10, 89, 200, 365, 1200])
def test_dates_on_the_axis_are_few_and_differ(days) -> None:
    ticks = drawn([1.0] * days).x_ticks
    assert 1 <= len(ticks) <= 4
    assert len({tick.text for tick in ticks}) == len(ticks)


def test_axis_says_figures_in_the_metrics_own_words() -> None:
    assert [tick.text for tick in drawn([0.5, 0.52], metric="accuracy").y_ticks] == ["50%", "55%"]
    assert "1 s" in {tick.text for tick in drawn([1.0, 1.01]).y_ticks}
