"""Lines and legends that are drawn without matplotlib: nothing that can be seen is left out, and nothing overlaps."""

from __future__ import annotations

import re

from wattbench_reports.figures.flowing_legend import ROW, LegendEntry, flowing_legend


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
