"""Figures of a trend, and gaps, in words."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.site_history import FIRST
from wattbench_reports.history import Change
from wattbench_reports.site import words
from wattbench_reports.site.nights_page import gap_between, gaps


@pytest.mark.parametrize(
    ("value", "error", "metric", "text"),
    [
        (0.45, 0.05, "accuracy", "45.0% [35.2, 54.8]"),
        (0.99, 0.05, "accuracy", "99.0% [89.2, 100.0]"),
        (0.82, 0.01, "latency_p50", "820 [800, 840] ms"),
        (12.0, None, "joules_per_request", "12.0 J"),
        (12.0, float("nan"), "joules_per_request", "12.0 J"),
        (None, None, "ttft", "–"),
    ],
)
def test_a_figure_with_its_interval(value, error, metric, text) -> None:
    assert words.figure_interval(value, error, metric) == text


@pytest.mark.parametrize(
    ("before", "after", "metric", "text"),
    [
        (0.6, 0.55, "accuracy", "−5.0 points"),
        (0.55, 0.6, "accuracy", "+5.0 points"),
        (1.0, 1.05, "latency_p50", "+5.0%"),
        (10.0, 8.0, "joules_per_correct", "−20.0%"),
        (0.0, 1.0, "ttft", "from 0 s"),
    ],
)
def test_a_change(before, after, metric, text) -> None:
    assert words.shift(before, after, metric) == text


def test_a_change_point_in_a_line() -> None:
    step = Change(FIRST, "run", 0.92, 1.15, 0.25, 0.1, 3)
    assert words.change(step, "latency_p50") == "920 ms → 1.15 s (+25.0%, limit 10.0%)"
    fall = Change(FIRST, "run", 0.8, 0.7, -0.1, -0.05, 3)
    assert words.change(fall, "accuracy") == "80.0% → 70.0% (−10.0 points, limit 5.0 points)"


def days(*places: int) -> list[datetime.date]:
    return [FIRST + datetime.timedelta(days=place) for place in places]


def test_gaps_are_told_newest_first() -> None:
    assert gaps(days(0, 2, 3, 7)) == ["2026-01-05 to 2026-01-07 (3 nights)", "2026-01-02 (1 night)"]
    assert gaps(days(0, 1, 1, 2)) == []
    assert gap_between(*days(4, 5)) == ""


@given(st.sets(st.integers(0, 60), min_size=1))
def test_gaps_count_every_missing_date_once(places) -> None:
    told = sum(int(re.search(r"\((\d+) night", gap)[1]) for gap in gaps(days(*places)))
    assert told == max(places) - min(places) + 1 - len(places)
