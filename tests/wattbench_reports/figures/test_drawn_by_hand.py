"""Lines and legends that are drawn without matplotlib: nothing that can be seen is left out, and nothing overlaps."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.figures.flowing_legend import ROW, LegendEntry, flowing_legend
from wattbench_reports.figures.line_path import line_path


def corners(d: str) -> list[list[tuple[float, float]]]:
    """The points of each unbroken piece of a path."""
    pieces = [piece.split("L") for piece in d.split("M")[1:]]
    return [[(float(point.split()[0]), float(point.split()[1])) for point in piece] for piece in pieces]


def passed(pieces: list[list[tuple[float, float]]]) -> set[tuple[float, float]]:
    """Every point that level and upright steps of whole numbers pass through, and all corners."""
    found = set()
    for piece in pieces:
        found |= set(piece)
        for (x, y), (to_x, to_y) in pairwise(piece):
            if x == to_x or y == to_y:
                for across in range(int(min(x, to_x)), int(max(x, to_x)) + 1):
                    found |= {(across, up) for up in range(int(min(y, to_y)), int(max(y, to_y)) + 1)}
    return found


@given(
    st.lists(st.tuples(st.integers(0, 3), st.one_of(st.just(float("nan")), st.integers(0, 3).map(float))), max_size=40)
)
def test_a_path_passes_through_all_points_and_breaks_where_the_line_does(steps: list[tuple[int, float]]) -> None:
    x, y = np.cumsum([float(step) for step, _ in steps]), np.array([up for _, up in steps], dtype=np.float64)
    whole: list[list[tuple[float, float]]] = [[]]
    for across, up in zip(x.tolist(), y.tolist(), strict=True):
        if np.isnan(up):
            whole.append([])
        else:
            whole[-1].append((across, up))
    whole = [piece for piece in whole if piece]
    found = corners(line_path(x, y))
    assert len(found) == len(whole)
    assert passed(found) == passed(whole)
    for ours, theirs in zip(found, whole, strict=True):
        assert (ours[0], ours[-1]) == (theirs[0], theirs[-1])


def test_a_level_line_is_its_two_ends_and_numbers_are_short() -> None:
    assert line_path(np.linspace(0, 10, 500), np.full(500, 2.04)) == "M0 2L10 2"


def test_a_peak_that_is_there_twice_is_drawn() -> None:
    assert line_path(np.zeros(4), np.array([0.0, 1.0, 1.0, 0.0])) == "M0 0L0 1L0 0"
    assert line_path(np.array([0.0, 0.0, 1.0, 1.0]), np.zeros(4)) == "M0 0L1 0"


def legend_of(*texts: str, right: float = 300.0) -> tuple[list[tuple[float, float]], float]:
    entries = [LegendEntry(text, lambda x, y: f'<path d="M{x} {y}"/>') for text in texts]
    drawn, below = flowing_legend(entries, 10.0, right, 5.0)
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)", drawn)], below


def test_entries_follow_each_other_and_wrap() -> None:
    places, below = legend_of("cpu", "dram", "w" * 30, "gpu0")
    (first_x, first_y), (second_x, second_y), (third_x, third_y), _ = places
    assert first_x == third_x == 10.0
    assert second_x > first_x
    assert first_y == second_y
    assert third_y == first_y + ROW
    assert below == 5.0 + 2 * ROW


def test_a_name_wider_than_the_drawing_has_a_row_of_its_own_and_no_entries_take_no_room() -> None:
    places, below = legend_of("w" * 200, "cpu")
    assert [x for x, _ in places] == [10.0, 10.0]
    assert below == 5.0 + 2 * ROW
    assert legend_of() == ([], 5.0)
