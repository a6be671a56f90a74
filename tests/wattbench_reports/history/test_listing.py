"""Nights and series in rows: gaps are rows, and what must not be deleted is named."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattbench.errors import UserError
from wattbench_reports.export.any_rows import rows_text
from wattbench_reports.history import Change, History, Night, Reference, Trend, TrendPoint
from wattbench_reports.history.listing import (
    NIGHT_COLUMNS,
    SERIES_COLUMNS,
    TEXT_COLUMNS,
    night_rows,
    nights_behind_changes,
    series_rows,
    series_texts,
)


def night(run: str, day: date, *, backfilled: bool = False) -> Night:
    return Night(run, Path(run), day, f"{day}T02:00:00+00:00", "0123456789abcdef", backfilled, "sums")


def point(day: int, run: str | None, value: float | None) -> TrendPoint:
    return TrendPoint(date(2026, 3, day), run, value)


TREND = Trend(
    "small", "", "accuracy", "share",
    (point(1, "a", 0.8), point(2, "b", None), point(3, None, None), point(4, "d", 0.5)),
    (Change(date(2026, 3, 4), "d", 0.8, 0.5, -0.3, -0.05, 1),),
)  # fmt: skip


def test_nights_and_the_gaps_between_them() -> None:
    values = pd.DataFrame({"run": ["a", "a", "a", "d"], "system": ["small", "big", "big", "small"]})
    own = (night("a", date(2026, 3, 1)), night("d", date(2026, 3, 4)), night("e", date(2026, 3, 4), backfilled=True))
    pinned = Reference("d", "why", "who", date(2026, 3, 5))
    rows = night_rows(History(Path(), own, values, pinned), {"d": "regressed"})
    text = rows_text(NIGHT_COLUMNS, rows, "table")
    assert [line.split("  ")[0] for line in text.splitlines()] == [
        "date", "2026-03-01", "2026-03-02", "2026-03-04", "2026-03-04",
    ]  # fmt: skip
    assert "gap: 2 nights without a run" in text
    assert [row.get("systems") for row in rows] == ["big, small", None, "small", None]
    assert [row.get("verdict") for row in rows] == [None, None, "regressed", None]
    assert [row["notes"] for row in rows[2:]] == ["the reference", "backfilled"]


def test_a_series_has_its_gaps_and_its_changes() -> None:
    rows = series_rows((TREND,), system="small")
    assert [(row["run"], row["value"], row["change"]) for row in rows] == [
        ("a", 0.8, None), ("b", None, None), (None, None, None), ("d", 0.5, -0.3),
    ]  # fmt: skip
    lines = rows_text(SERIES_COLUMNS, rows, "csv").splitlines()
    assert lines[3] == "2026-03-03,,small,,accuracy,share,,,,,"
    for wrong in ({"system": "smal"}, {"metric": "speed"}, {"domain": "text"}):
        with pytest.raises(UserError, match="not in this history"):
            series_rows((TREND,), **wrong)


def test_the_nights_on_both_sides_of_a_change_are_to_be_kept() -> None:
    assert nights_behind_changes((TREND,)) == {
        "a": "the last night before accuracy of small changed",  # b has no figure
        "d": "accuracy of small changed",
    }


def test_rows_of_any_kind_are_written() -> None:
    rows = [{"a": np.float64(0.25), "b": datetime(2026, 3, 1, 2), "c": Decimal("1.5"), "d": [1, "x"], "e": True},
            {"a": float("nan"), "b": None, "c": "\x1b[31m", "d": {"k": 1}}]  # fmt: skip
    assert json.loads(rows_text("abcde", rows, "json")) == [
        {"a": 0.25, "b": "2026-03-01T02:00:00", "c": 1.5, "d": [1, "x"], "e": True},
        {"a": None, "b": None, "c": "\x1b[31m", "d": {"k": 1}, "e": None},
    ]
    table = rows_text("abcde", rows, "table")
    assert "\x1b" not in table
    assert table.splitlines()[1].split() == ["0.250", "2026-03-01T02:00:00", "1.50", "[1,", "'x']", "yes"]
    assert rows_text("ab", rows, "csv") == "a,b\n0.25,2026-03-01T02:00:00\n,\n"
    with pytest.raises(UserError, match="no format 'tabel'; did you mean 'table'"):
        rows_text("ab", rows, "tabel")


def trend(metric: str, unit: str, *values: float | None) -> Trend:
    points = tuple(point(place, f"run-{place}", value) for place, value in enumerate(values, start=1))
    return Trend("small", "", metric, unit, points, (Change(date(2026, 3, 2), "run-2", 1.0, 1.2, 0.2, 0.05, 1),))


def test_a_series_for_people_has_its_figures_in_one_unit_that_fits() -> None:
    texts = series_texts(series_rows((trend("latency_p50", "s", 77.2e-6, 0.9e-3, None),)))
    assert [row["value"] for row in texts] == ["77.2 µs", "900 µs", "–"]
    assert [row["change"] for row in texts] == [None, "+20.0%", None]
    apart = series_texts(series_rows((trend("joules_per_request", "J", 3e-7, 12.0),)))
    assert [row["value"] for row in apart] == ["300 nJ", "12.0 J"]
    shares = series_texts(series_rows((trend("accuracy", "share", 0.8, 0.7),)))
    assert [row["value"] for row in shares] == ["80.0%", "70.0%"]
    tokens = series_texts(series_rows((trend("output_tokens", "tokens", 0.0004, 12.0),)))
    assert [row["value"] for row in tokens] == ["0.000400 tokens", "12.0 tokens"]
    table = rows_text(TEXT_COLUMNS, texts, "table")
    assert "900 µs" in table and "under" not in table
