"""Ties are sets: the best, and every system that is not shown to be behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.comparison.paired_tests import AccuracyGap, EnergyGap
from wattbench_reports.comparison.ties import (
    ALPHA,
    accuracy_leaders,
    accuracy_rivals,
    energy_leaders,
    energy_rivals,
    is_significant,
    tied_with,
)
from wattbench_reports.stats import Interval, holm

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


@dataclass(frozen=True)
class Made:
    """Comparisons with given differences and p-values, by the name of the other system."""

    differences: dict[str, float | None]
    p_values: dict[str, float]

    def accuracy(self, first: str, second: str, *, detectable: bool = True) -> AccuracyGap | None:
        difference = self.differences[second]
        return None if difference is None else AccuracyGap(Interval(difference, -1, 1), self.p_values[second], 0.1, 9)

    def joules(self, first: str, others: Sequence[str]) -> list[EnergyGap]:
        return [EnergyGap(0.5 + (self.differences[name] or 0.0) / 2, self.p_values[name], 1.5, 9) for name in others]


@given(P_VALUES, st.data())
def test_behind_is_worse_and_significant_after_holm(p_values: list[float], data: st.DataObject) -> None:
    names = [f"s{number}" for number in range(len(p_values))]
    signs = data.draw(st.lists(st.sampled_from([-0.5, 0.0, 0.5]), min_size=len(names), max_size=len(names)))
    pairs = Made(dict(zip(names, signs, strict=True)), dict(zip(names, p_values, strict=True)))
    shown = [p is not None and p <= ALPHA for p in holm(p_values)]
    for rivals in (accuracy_rivals(pairs, "best", names), energy_rivals(pairs, "best", names)):
        assert [each.beaten for each in rivals] == [own and sign > 0 for own, sign in zip(shown, signs, strict=True)]
        assert [each.better for each in rivals] == [own and sign < 0 for own, sign in zip(shown, signs, strict=True)]
        tied = tied_with("best", rivals)
        assert tied[0] == "best"
        assert list(tied[1:]) == [each.system for each in rivals if not each.beaten]


def test_without_items_in_common_nothing_is_shown_and_the_family_is_no_larger() -> None:
    pairs = Made({"a": 0.4, "b": None}, {"a": ALPHA, "b": 0.0})
    compared, apart = accuracy_rivals(pairs, "best", ["a", "b"])
    assert compared.beaten, "one comparison is adjusted for one"
    assert (apart.difference, apart.p_value, apart.beaten, apart.better) == (None, None, False, False)
    assert tied_with("best", (compared, apart)) == ("best", "b")


@pytest.mark.parametrize(("p_value", "shown"), [(None, False), (ALPHA, True), (0.0501, False)])
def test_a_missing_p_value_shows_nothing(p_value: float | None, shown: bool) -> None:
    assert is_significant(p_value) is shown


@dataclass(frozen=True)
class Levels:
    """Systems of given levels, lower is better in joules: every pair differs by the difference of their levels."""

    levels: dict[str, float]
    error: float

    def p_value(self, first: str, second: str) -> float:
        return math.erfc(abs(self.levels[first] - self.levels[second]) / self.error / math.sqrt(2))

    def accuracy(self, first: str, second: str, *, detectable: bool = True) -> AccuracyGap | None:
        difference = self.levels[second] - self.levels[first]
        return AccuracyGap(Interval(difference, -1, 1), self.p_value(first, second), 0.1, 9)

    def joules(self, first: str, others: Sequence[str], *, detectable: bool = True) -> list[EnergyGap]:
        ahead = {name: 0.5 + (self.levels[name] - self.levels[first]) / 2 for name in others}
        return [EnergyGap(ahead[name], self.p_value(first, name), 1.5, 9) for name in others]


def test_leaders_are_what_elimination_over_all_pairs_leaves() -> None:
    pairs = Levels({"best": 0.0, "close": 0.05, "far": 0.5, "further": 0.6}, error=0.1)
    names = list(pairs.levels)
    for rivals in (energy_leaders(pairs, names), accuracy_leaders(pairs, names)):
        assert [(each.system, each.beaten) for each in rivals] == [("close", False), ("far", True), ("further", True)]
        assert tied_with("best", rivals) == ("best", "close")


def test_more_systems_need_a_larger_difference() -> None:
    """p = .02 for the last against the first: shown between two systems, and not among eight."""
    levels = {"first": 0.0, **{f"s{number}": 0.01 * number for number in range(1, 7)}, "last": 0.2326}
    pairs = Levels(levels, error=0.1)
    alone, among = energy_leaders(pairs, ["first", "last"]), energy_leaders(pairs, list(levels))
    assert alone[-1].beaten
    assert not among[-1].beaten


def test_who_cannot_be_compared_is_among_the_leaders() -> None:
    @dataclass(frozen=True)
    class Unknown(Levels):
        def joules(self, first: str, others: Sequence[str], *, detectable: bool = True) -> list[EnergyGap]:
            return [EnergyGap(0.5, None, None, 9) for _ in others]

    rivals = energy_leaders(Unknown({"a": 0.0, "b": 9.0}, error=0.1), ["a", "b"])
    assert [(each.p_value, each.beaten) for each in rivals] == [(None, False)]
