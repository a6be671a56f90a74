"""Ties are sets: the best, and every system that is not shown to be behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.comparison.paired_tests import AccuracyGap, EnergyGap
from wattbench_reports.comparison.ties import ALPHA, accuracy_rivals, energy_rivals, is_significant, tied_with
from wattbench_reports.stats import Interval, holm

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


@dataclass(frozen=True)
class Made:
    """Comparisons with given differences and p-values, by the name of the other system."""

    differences: dict[str, float | None]
    p_values: dict[str, float]

    def accuracy(self, first: str, second: str) -> AccuracyGap | None:
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
