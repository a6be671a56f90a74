"""Stretches of real gates keep their order, their pairs, and who answered."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.gate.calibration.simulate import stretches
from wattbench_reports.gate.evidence.model import Evidence, Round


def gate(short: int, long: int, torn: bool = False) -> Evidence:
    """Rounds whose seconds number them: short pairs, then long ones, then half a pair."""
    sizes = [1] * 2 * short + [4] * 2 * long + [1] * torn
    rounds = [
        Round(
            np.ones((size, 2)), np.full((size, 2), [number, number + 0.5]), None, (1.0, 2.0), pair=number // 2,
            money=(3.0, 4.0),
        )
        for number, size in enumerate(sizes)
    ]  # fmt: skip
    return Evidence("a", "b", tuple(rounds), True)


def numbers(evidence: Evidence) -> list[int]:
    return [int(one.seconds[0].min()) for one in evidence.rounds]


def test_every_start_is_a_stretch_in_order() -> None:
    found = [numbers(each) for each in stretches(gate(4, 0), items=6, most=99, swap=False)]
    assert found == [[0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 6, 7], [4, 5, 6, 7, 0, 1], [6, 7, 0, 1, 2, 3]]


def test_short_pairs_stay_first() -> None:
    found = [numbers(each) for each in stretches(gate(2, 4), items=99, most=99, swap=False)]
    assert all(set(each[:4]) == {0, 1, 2, 3} for each in found)
    assert [each[4:6] for each in found] == [[4, 5], [6, 7], [8, 9], [10, 11]]


def test_systems_are_exchanged_in_the_whole_gate() -> None:
    one, other = stretches(gate(3, 0), items=6, most=2, swap=True)
    for first, second in zip(one.rounds, other.rounds, strict=True):
        assert first.seconds.tolist() == second.seconds[:, ::-1].tolist()
        assert (first.energy_j, first.money) == ((1.0, 2.0), (3.0, 4.0))
        assert (second.energy_j, second.money) == ((2.0, 1.0), (4.0, 3.0))


@settings(max_examples=50)
@given(
    short=st.integers(0, 12), long=st.integers(0, 6), torn=st.booleans(), items=st.integers(1, 60),
    most=st.integers(1, 30), swap=st.booleans(),
)  # fmt: skip
def test_a_stretch_has_whole_pairs_each_once(
    short: int, long: int, torn: bool, items: int, most: int, swap: bool
) -> None:
    found = list(stretches(gate(short, long, torn), items=items, most=most, swap=swap))
    assert bool(found) == bool(short + long)
    assert len(found) <= max(most, 2 if swap else 1)
    for each in found:
        rounds = numbers(each)
        assert len(set(rounds)) == len(rounds)
        assert all(rounds[at + 1] == rounds[at] + 1 for at in range(0, len(rounds), 2))
        asked = sum(one.items for one in each.rounds)
        assert asked <= items or len(rounds) == 2
