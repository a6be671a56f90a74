"""A trend laid out by days."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.made_up.site_history import made_up
from wattbench_reports.site.series import Breaks, Level, series_of

STEPPED = ("generalist", "", "latency_p50")


def trend_of(made, key=STEPPED):
    return next(t for t in made.trends if (t.system, t.domain, t.metric) == key)


def laid_out(made):
    return series_of(trend_of(made), Breaks(made.history))


def test_a_day_without_a_night_is_a_gap_and_not_a_break(tmp_path) -> None:
    made = made_up(tmp_path, missing=[4, 5])
    series = laid_out(made)
    assert np.flatnonzero(np.isnan(series.values)).tolist() == [4, 5]
    assert series.nights == 28
    assert series.breaks == ()
    assert series.stretches == (range(30),)


def test_other_conditions_begin_the_series_anew(tmp_path) -> None:
    made = made_up(tmp_path, broken={"generalist": 12})
    series = laid_out(made)
    assert [(each.day, each.date.isoformat()) for each in series.breaks] == [(12, "2026-01-13")]
    assert series.stretches == (range(12), range(12, 30))


def test_a_break_after_a_gap_is_dated_to_the_first_night_of_the_new(tmp_path) -> None:
    made = made_up(tmp_path, missing=[11, 12, 13], broken={"generalist": 12})
    assert [each.day for each in laid_out(made).breaks] == [14]


def test_levels_run_from_change_to_change(tmp_path) -> None:
    made = made_up(tmp_path, steps={STEPPED: (20, 1.5)})
    series = laid_out(made)
    ((place, change),) = series.changes
    assert place == 20
    assert series.levels == ((Level(0, 20, change.before), Level(20, 29, change.after)),)


def test_levels_stay_within_their_stretch(tmp_path) -> None:
    made = made_up(tmp_path, steps={STEPPED: (20, 1.5)}, broken={"generalist": 12})
    ((before, after),) = laid_out(made).levels
    assert (before.first, before.last, after.last) == (12, 20, 29)


def test_the_reference_is_drawn_only_where_it_can_be_set_beside(tmp_path) -> None:
    made = made_up(tmp_path, broken={"generalist": 12}, pinned=2)
    series = laid_out(made)
    assert series.reference == Level(0, 11, series.values[2])
    assert laid_out(made_up(tmp_path, pinned=None)).reference is None


def test_a_figure_without_a_known_error_has_no_width(tmp_path) -> None:
    made = made_up(tmp_path)
    trend = trend_of(made)
    points = tuple(dataclasses.replace(each, standard_error=None) for each in trend.points)
    series = series_of(dataclasses.replace(trend, points=points), Breaks(made.history))
    assert (series.low == series.values).all()
    assert (series.high == series.values).all()
