"""What is said of a gate before it starts: what it can find, and whether it can pass at all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from wattbench.api.gates import gate_power
from wattbench.api.gates.gate_power import items_by_domain, what_a_gate_finds
from wattbench.config import GatePolicy, TaskChoice

COUNTER = {"gpu0": "counter"}


@dataclass(frozen=True)
class Counted:
    """A cell of a plan."""

    choice: TaskChoice
    items: int | None


def cells(*numbers: int | None) -> list[Counted]:
    domains = ["text", "text", "code"]
    return [
        Counted(TaskChoice(task=f"t{index}", domain=domains[index]), number)
        for _ in range(2)  # of two systems
        for index, number in enumerate(numbers)
    ]


def test_items_are_counted_once_for_both_systems() -> None:
    assert items_by_domain(cells(10, 20, 30)) == {"text": 30, "code": 30}
    assert items_by_domain(cells(10, None, 30)) is None


def test_it_says_what_fails_and_nothing_of_what_it_finds_where_no_noise_is_known() -> None:
    [said] = what_a_gate_finds(GatePolicy(), {"text": 200, "code": 200}, COUNTER)
    assert said == (
        "With 400 items this gate fails a worsening by more than 5 points of accuracy, 5% of mean seconds per request "
        "or 5% of joules per request."
    )


def test_it_says_what_it_finds_where_a_calibration_knows_the_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_power, "calibrated_noise", lambda policy, environment: {"latency_mean": 0.2})
    _, said = what_a_gate_finds(GatePolicy(), {"text": 400}, COUNTER)
    assert said == "With 400 items this gate can find a rise of mean seconds per request by 10% (in 90% of gates)."


@pytest.mark.parametrize(("items", "points"), [(100, "10"), (400, "5"), (1200, "3"), (5000, "2")])
def test_the_margin_of_accuracy_is_what_so_many_items_can_pass(items: int, points: str) -> None:
    [said] = what_a_gate_finds(GatePolicy(), {"text": items}, {})
    assert f"more than {points} points of accuracy" in said


def test_a_cap_counts_and_joules_that_nothing_measures_do_not() -> None:
    policy = GatePolicy(max_items=100)
    for meters in ({}, {"cpu": "modelled"}):
        said = " ".join(what_a_gate_finds(policy, {"text": 400}, meters))
        assert "100 items" in said
        assert "joules" not in said


def test_a_gate_that_can_never_pass_is_a_warning_first() -> None:
    first, *_ = what_a_gate_finds(GatePolicy(max_items=2), {"text": 400}, COUNTER)
    assert first.startswith("WARNING: This gate can never pass: with 2 items")


def test_a_domain_that_is_guarded_needs_items_of_its_own() -> None:
    policy = GatePolicy(metrics={"accuracy": {"margin": 0.1, "each_domain": 0.1}})
    first, *_ = what_a_gate_finds(policy, {"text": 1000, "code": 4}, COUNTER)
    assert first.startswith("WARNING: ")
    assert "code" in first
    assert "text" not in first


def test_nothing_is_said_where_the_items_are_not_known() -> None:
    assert what_a_gate_finds(GatePolicy(), None, COUNTER) == []
