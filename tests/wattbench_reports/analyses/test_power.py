"""What is cut or joined where a run is long: the same as the plain rule, and nothing that can be seen is lost."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.analyses.power import PowerLine, _apart
from wattbench_reports.figures.power_trace import _joined


@given(st.lists(st.integers(0, 400), min_size=1, max_size=80, unique=True).map(sorted), st.integers(0, 60))
def test_readings_far_enough_apart(quarters: list[int], least: int) -> None:
    at_s, least_s = np.array(quarters) / 4, least / 4
    plain = [0]
    for place in range(1, len(at_s)):
        if at_s[place] >= at_s[plain[-1]] + least_s:
            plain.append(place)
    if plain[-1] != len(at_s) - 1:
        plain[max(1, len(plain) - 1) :] = [len(at_s) - 1]
    assert _apart(at_s, least_s) == plain


def test_no_reading_and_no_distance() -> None:
    assert _apart(np.empty(0), 1.0) == []


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), min_size=1, max_size=20))
def test_joined_bands_cover_what_the_bands_covered(bands: list[tuple[int, int]]) -> None:
    edges = np.array(sorted((start, start + length) for start, length in bands), dtype=np.float64)
    found = _joined(edges, 20_000.0)  # of which 1 is not seen
    at = np.arange(0, 350, 0.5)

    def covered(some: np.ndarray) -> np.ndarray:
        return ((some[:, 0] <= at[:, None]) & (at[:, None] <= some[:, 1])).any(axis=1)

    assert (covered(found) >= covered(edges)).all()
    assert (found[1:, 0] - found[:-1, 1] > 1).all()
    # Only gaps that are not seen are filled.
    gaps = at[covered(found) & ~covered(edges)]
    assert all(edges[edges[:, 0] > moment, 0].min() - edges[edges[:, 1] < moment, 1].max() <= 1 for moment in gaps)


@given(
    st.lists(st.tuples(st.integers(0, 200), st.one_of(st.none(), st.integers(0, 90))), min_size=2, max_size=40),
    st.integers(0, 200),
    st.integers(0, 200),
    st.booleans(),
)
def test_highest_watts_of_a_window(
    readings: list[tuple[int, int | None]], start: int, length: int, counted: bool
) -> None:
    readings = sorted(readings, key=lambda reading: reading[0])
    at_s = np.array([moment / 4 for moment, _ in readings])
    power_w = np.array([np.nan if watts is None else float(watts) for _, watts in readings])
    line = PowerLine("gpu0", "counter", counted, at_s, power_w)
    points = list(zip(at_s, power_w, strict=True))
    if counted:  # the treads of the stair
        pairs = itertools.pairwise(points)
        points = [((first + second) / 2, w) for (first, w), (second, v) in pairs if w == v]
    inside = [w for moment, w in points if start / 4 <= moment <= (start + length) / 4 and np.isfinite(w)]
    assert line.highest_w(start / 4, (start + length) / 4) == max(inside, default=None)
