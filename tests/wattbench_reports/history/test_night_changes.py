"""The comparisons of the last night: sizes always, bounds from the fifth night on, a state that follows from them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.history_of_figures import Figures, day, history_of
from wattbench.errors import MissingExtraError
from wattbench.records.schema.gate import Waiver
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy, Rule
from wattbench_reports.history import NightChange, night_changes
from wattbench_reports.history.night_changes import as_printed, state_of

KEY = ("a", "", "latency_p50")


def scattered(seed: int, count: int, level: float = 0.5, sd: float = 0.01) -> np.ndarray:
    return level * np.exp(np.random.default_rng(seed).normal(0.0, sd, count))


def changes(figures: Figures, policy: Policy = NIGHT_POLICY, **given: Any) -> dict[str, NightChange]:
    """What the last night's figures of one system show, by what they are compared with."""
    made = night_changes(history_of(figures, **given), policy)
    assert len({each.against for each in made}) == len(made)
    return {each.against: each for each in made}


def test_a_threefold_slowdown_in_the_fifth_night_is_worse() -> None:
    change = changes({KEY: np.array([1.0, 1.02, 0.99, 1.01, 3.0])})["four_weeks"]
    assert (change.state, change.worse, change.blocks) == ("worse", True, True)
    assert change.label == "4 nights from 2026-01-01 to 2026-01-04"
    assert change.change == pytest.approx(3.0 / 1.005 - 1, abs=0.001)
    assert change.low is not None
    assert change.low > 0.1


def test_before_the_fifth_night_nothing_is_shown() -> None:
    (change,) = changes({KEY: np.array([1.0, 1.02, 0.99, 1.01])}).values()
    assert (change.state, change.note) == ("too_few_nights", "too few nights (3 of 4 before this one)")
    assert (change.low, change.high, change.detectable) == (None, None, None)
    assert change.change == pytest.approx(0.01, abs=0.001)


def test_the_first_night_is_compared_with_nothing() -> None:
    assert changes({KEY: np.ones(1)}) == {}


@pytest.mark.slow
def test_the_interval_of_an_unchanged_night_holds_none_as_often_as_it_says() -> None:
    held = []
    for seed in range(200):
        change = changes({KEY: scattered(seed, 25)})["four_weeks"]
        assert change.low is not None
        assert change.high is not None
        held.append(change.low <= 0 <= change.high)
    assert np.mean(held) >= 0.91  # 200 of 95%: standard error 1.5%


def test_a_night_of_the_smallest_detectable_size_shows_it_and_one_below_does_not() -> None:
    figures = scattered(3, 30)
    plain = changes({KEY: figures})["four_weeks"]
    assert plain.detectable is not None
    assert plain.before is not None
    for factor, state in ((1.002, "worse"), (0.998, "open")):
        figures[-1] = plain.before * (1 + plain.detectable) * factor
        assert changes({KEY: figures})["four_weeks"].state == state


@pytest.mark.parametrize(
    ("metric", "low", "high", "margin", "state"),
    [
        ("latency_p50", -0.02, 0.1004, 0.1, "within"), ("latency_p50", -0.02, 0.1006, 0.1, "open"),
        ("latency_p50", 0.1004, 0.2, 0.1, "open"), ("latency_p50", 0.1006, 0.2, 0.1, "worse"),
        ("latency_p50", -0.2, -0.1006, 0.1, "better"), ("latency_p50", -0.2, -0.05, 0.1, "within"),
        ("accuracy", -0.05, 0.2, 0.05, "within"), ("accuracy", -0.3, -0.06, 0.05, "worse"),
        ("accuracy", 0.06, 0.3, 0.05, "better"), ("accuracy", -0.06, 0.3, 0.05, "open"),
    ],
)  # fmt: skip
def test_states_follow_from_the_bounds_as_printed(
    metric: str, low: float, high: float, margin: float, state: str
) -> None:
    assert state_of(metric, low, high, margin) == state


def test_where_either_direction_counts_better_is_worse() -> None:
    assert state_of("latency_p50", -0.3, -0.2, 0.1, either=True) == "worse"
    assert state_of("latency_p50", -0.12, 0.0, 0.1, either=True) == "open"
    assert state_of("latency_p50", -0.05, 0.05, 0.1, either=True) == "within"


@given(st.floats(-0.5, 0.5), st.floats(0.0, 0.5), st.floats(0.01, 0.5), st.floats(1.0, 5.0))
def test_with_a_wider_margin_a_state_is_no_worse(low: float, width: float, margin: float, factor: float) -> None:
    order = ("worse", "open", "within")
    first, second = (
        order.index(state_of("latency_p50", low, low + width, each).replace("better", "within"))
        for each in (margin, factor * margin)
    )
    assert first <= second


def test_halves_are_rounded_as_they_are_printed() -> None:
    assert (as_printed(0.00125), as_printed(-0.00125), as_printed(3e7)) == (0.001, -0.001, 3e7)


@pytest.mark.parametrize(
    ("policy", "provenance"),
    [
        (Policy((Rule("accuracy", 0.05),)), "rapl"),
        (Policy((Rule("joules_per_correct", 0.1, blocks=False),)), "rapl"),
        (NIGHT_POLICY, "modelled"),
        (
            Policy(NIGHT_POLICY.rules, waivers=(Waiver(metric="joules_per_correct", reason="known", until=day(400)),)),
            "rapl",
        ),
    ],
    ids=["not in the policy", "does not block", "modelled", "waived"],
)
def test_what_is_not_judged_is_not_called_worse(policy: Policy, provenance: str) -> None:
    figures = scattered(4, 30)
    figures[-1] *= 1.5
    change = changes({("a", "", "joules_per_correct"): figures}, policy, provenance=provenance)["four_weeks"]
    assert (change.state, change.blocks, change.worse) == ("not_judged", False, True)


def test_other_conditions_are_not_comparable() -> None:
    change = changes({KEY: scattered(1, 20)}, conditions=lambda night: "new" if night == 19 else "old")["four_weeks"]
    assert (change.state, change.change, change.before) == ("not_comparable", None, None)
    assert change.note == "other items, machine or meters"


def test_a_reference_of_other_conditions_is_not_comparable() -> None:
    made = changes({KEY: scattered(1, 20)}, conditions=lambda night: "new" if night > 9 else "old", reference=3)
    assert made["reference"].state == "not_comparable"
    assert made["four_weeks"].state == "within"


def test_the_reference_is_compared_too_with_the_error_of_two_nights() -> None:
    figures = np.concatenate([scattered(1, 30), scattered(2, 30, level=0.54)])
    made = changes({KEY: figures}, reference=3)
    change = made["reference"]
    assert (change.label, change.change) == (str(day(3)), pytest.approx(0.08, abs=0.03))
    widths = [each.high - each.low for each in (change, made["four_weeks"])]  # type: ignore[operator]
    assert widths[0] == pytest.approx(np.sqrt(2) * widths[1], rel=0.15)


def test_the_best_stretch_is_since_the_reference() -> None:
    figures = np.concatenate([scattered(1, 30, 0.45), scattered(2, 60)])
    assert changes({KEY: figures})["best"].label == "28 nights from 2026-01-01 to 2026-01-28"
    since = changes({KEY: figures}, reference=35)["best"].label
    assert since > f"28 nights from {day(35)}"


def test_the_worse_come_first_and_the_biggest_of_them() -> None:
    figures = {(name, "", "latency_p50"): scattered(seed, 20) for seed, name in enumerate("abcdef")}
    figures["b", "", "latency_p50"][-1] = 0.5 * 1.5
    figures["d", "", "latency_p50"][-1] = 0.5 * 1.3
    figures["c", "", "latency_p50"][-1] = 0.5 * 0.6
    made = night_changes(history_of(figures))
    assert [(each.system, each.state) for each in made[:3]] == [("b", "worse"), ("d", "worse"), ("c", "better")]


def test_one_answer_more_or_less_is_no_change() -> None:
    figures = np.full(40, 0.6)
    figures[-1] = 0.595
    change = changes({("a", "", "accuracy"): figures})["four_weeks"]
    assert (change.state, change.worse) == ("within", True)
    assert change.low is not None
    assert change.high is not None
    assert change.low < 0 < change.high


def test_a_shape_needs_ruptures_and_a_night_without_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    own = scattered(5, 200)
    assert changes({KEY: own})["best"].state == "within"
    with pytest.raises(MissingExtraError, match=r"^The shape of a change needs .*wattbench\[history\]"):
        changes({KEY: own * np.exp(np.linspace(0.0, np.log(1.1), 200))})
