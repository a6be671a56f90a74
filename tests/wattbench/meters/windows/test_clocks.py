"""A meter at the wall whose stamps are of another clock, found by the course of its power."""

from __future__ import annotations

import random

import pytest

from wattbench.meters import Reading, WindowEvidence, judge
from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.signals import Contention
from wattbench.records import WindowLabel

LABEL = WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured")
LENGTH_S = 60.0


def reasons(
    late_s: float, seed: int, *, varied_w: float = 150.0, wall: str = "integrated", linked: bool = True
) -> list[str]:
    """Reasons for a window of a GPU whose power varies, and a meter of 1 Hz at the wall whose clock is another."""
    draws = random.Random(seed)
    levels_w: list[float] = []
    while len(levels_w) < 1200:
        levels_w += [200.0 + draws.uniform(-varied_w, varied_w)] * draws.randint(5, 120)
    other_w = levels_w if linked else [200.0 + draws.uniform(-varied_w, varied_w) for _ in levels_w]

    def power_w(course_w: list[float], at_s: float) -> float:
        return course_w[int((at_s + 60.0) * 5.0)]

    readings, count_j = [], 0.0
    for i in range(-20, int(LENGTH_S * 10) + 20):
        readings.append(Reading(i / 10, {"gpu0": count_j}))
        count_j += power_w(levels_w, i / 10) / 10
    for second in range(-2, int(LENGTH_S) + 3):
        true_w = sum(power_w(other_w, second - late_s - tenth / 10) for tenth in range(10)) / 10
        readings.append(Reading(float(second), power_w={"wall": 90.0 + 1.15 * true_w + draws.gauss(0.0, 3.0)}))
    row = judge(
        WindowEvidence(
            label=LABEL, started_s=0.0, finished_s=LENGTH_S, readings=readings,
            provenance={"gpu0": "counter", "wall": wall}, step_s={"gpu0": 0.1, "wall": 1.0},
            contention=Contention(dict.fromkeys(Signal, 0.0), 4.0),
        )
    )  # fmt: skip
    clocks = [reason for reason in row.reasons if "time stamps are" in reason]
    assert not clocks or not row.valid
    return clocks


@pytest.mark.parametrize("late_s", [3.0, -4.0, 12.0])
def test_another_clock_is_named_with_what_to_do(late_s: float) -> None:
    (reason,) = reasons(late_s, 1)
    how = "late" if late_s > 0 else "early"
    assert reason.startswith(f"wall: its time stamps are {abs(late_s):.1f} s {how}, as its power changes")
    assert reason.endswith(f"the power of gpu0: correct its clock, or add {-late_s:+.1f} to offset_s")


@pytest.mark.parametrize(
    "settings",
    [
        {"late_s": 0.0},
        {"late_s": 3.0, "wall": "replayed"},
        {"late_s": 3.0, "varied_w": 5.0},
        {"late_s": 0.0, "linked": False},
    ],
    ids=["one clock", "another machine's", "steady", "another outlet's"],
)
def test_one_clock_or_nothing_to_compare_is_no_fault(settings: dict[str, float]) -> None:
    assert [reasons(seed=seed, **settings) for seed in range(5)] == [[]] * 5  # type: ignore[arg-type]


def test_how_often_it_errs() -> None:
    assert sum(bool(reasons(0.0, seed)) for seed in range(30)) == 0
    assert sum(bool(reasons(4.0, seed)) for seed in range(30)) >= 28
