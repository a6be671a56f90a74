"""A system on the last night against itself on another: by how nights scatter, and only once that is known."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.wattbench_reports.history.conftest import day
from wattbench_reports.gate.policy import Policy, Rule, Waiver
from wattbench_reports.gate.result import MetricVerdict, Verdict
from wattbench_reports.history import History, Reference, drift

Maker = Callable[..., History]
POLICY = Policy((Rule("latency_p50", 0.1), Rule("joules_per_request", 0.1, only_if_measured=True)))


def nights(seed: int, count: int, last: float = 1.0, sd: float = 0.01) -> np.ndarray:
    figures = 0.5 * np.exp(np.random.default_rng(seed).normal(0.0, sd, count))
    figures[-1] = 0.5 * last
    return figures


def verdict(history: History, policy: Policy = POLICY, metric: str = "latency_p50") -> MetricVerdict:
    [result] = drift(history, policy).previous.values()
    return next(each for each in result.metrics if each.metric == metric)


@pytest.mark.parametrize(
    ("last", "sd", "expected"),
    [
        (1.3, 0.01, Verdict.REGRESSED),
        (1.0, 0.01, Verdict.PASS),
        (0.8, 0.01, Verdict.IMPROVED),
        (1.06, 0.05, Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts_agree_with_their_bounds(in_memory: Maker, last: float, sd: float, expected: Verdict) -> None:
    figures = nights(1, 40, last, sd)
    figures[-2] = 0.5
    given = verdict(in_memory({("a", "", "latency_p50"): figures}))
    assert given.verdict is expected
    assert given.low < given.change < given.high
    assert given.change == pytest.approx(last - 1, abs=1e-9)
    assert (given.low > 0.025) == (expected is Verdict.REGRESSED)
    assert (given.high <= 0.1) == (expected in (Verdict.PASS, Verdict.IMPROVED))


@pytest.mark.parametrize("count", [2, 9])
def test_before_ten_nights_there_is_no_verdict(in_memory: Maker, count: int) -> None:
    given = verdict(in_memory({("a", "", "latency_p50"): nights(1, count, 3.0)}))
    assert given.verdict is Verdict.INCONCLUSIVE
    assert given.reason == f"Too few nights ({count} of 10): nothing could have been found."
    assert given.change == pytest.approx(3.0 * 0.5 / nights(1, count)[-2] - 1)
    assert given.low is None


def test_the_tenth_night_has_one(in_memory: Maker) -> None:
    assert verdict(in_memory({("a", "", "latency_p50"): nights(1, 10, 3.0)})).verdict is Verdict.REGRESSED


def test_nights_without_a_change_regress_as_rarely_as_a_gate_may(in_memory: Maker) -> None:
    given = [verdict(in_memory({("a", "", "latency_p50"): nights(seed, 20, 1.0, sd=0.08)})) for seed in range(200)]
    own = [each.verdict for each in given]
    assert own.count(Verdict.REGRESSED) <= 0.05 * 200


def test_a_freak_among_freaks_raises_no_alarm(in_memory: Maker) -> None:
    """A night ten standard deviations off raises one where nights are normal, and none where there are many such."""
    rng = np.random.default_rng(3)
    normal = {("a", str(place), "latency_p50"): nights(place, 120) for place in range(6)}
    heavy = {
        ("a", str(place), "latency_p50"): 0.5 * np.exp(0.007 * rng.standard_t(3, 120)) for place in range(6)
    }  # fmt: skip
    for others, expected in ((normal, {("previous", "a", "latency_p50")}), (heavy, set())):
        figures = nights(9, 120, 1.15)
        figures[-2] = 0.5
        assert drift(in_memory(others | {("a", "", "latency_p50"): figures}), POLICY).lasting == expected


def test_what_does_not_count_raises_no_alarm(in_memory: Maker) -> None:
    history = in_memory({("a", "", "latency_p50"): nights(1, 60, 1.5)})
    assert drift(history, POLICY).lasting
    waiver = Waiver("latency_p50", "known", datetime.date(2027, 1, 1))
    assert not drift(history, replace(POLICY, waivers=(waiver,))).lasting
    assert not verdict(history, replace(POLICY, waivers=(waiver,))).blocks
    assert not drift(history, Policy((Rule("latency_p50", 0.1, blocks=False),))).lasting
    better = in_memory({("a", "", "latency_p50"): nights(1, 60, 0.5)})
    assert not drift(better, POLICY).lasting
    assert drift(better, Policy((Rule("latency_p50", 0.1, either=True),))).lasting


def test_modelled_joules_are_not_measured(in_memory: Maker) -> None:
    history = in_memory({("a", "", "joules_per_request"): nights(1, 60, 1.5)}, provenance="modelled")
    given = verdict(history, metric="joules_per_request")
    assert (given.verdict, given.blocks) == (Verdict.NOT_MEASURED, False)
    assert not drift(history, POLICY).lasting
    assert drift(history, replace(POLICY, judge_modelled=True)).lasting


def test_other_conditions_are_not_comparable(in_memory: Maker) -> None:
    history = in_memory({("a", "", "latency_p50"): nights(1, 30)}, conditions=lambda night: str(night == 29))
    given = verdict(history)
    assert (given.verdict, given.change) == (Verdict.NOT_COMPARABLE, None)


def test_a_missing_figure_is_not_measured_or_no_system_at_all(in_memory: Maker) -> None:
    figures = {("a", "", "latency_p50"): nights(1, 30), ("a", "", "joules_per_request"): nights(2, 30)}
    figures["a", "", "latency_p50"][-2] = np.nan
    assert verdict(in_memory(figures)).verdict is Verdict.NOT_MEASURED
    del figures["a", "", "joules_per_request"]
    assert not drift(in_memory(figures), POLICY).previous


def test_the_reference_and_its_nights_are_named(in_memory: Maker) -> None:
    reference = Reference("run-004", "the first release", "ann", day(5))
    found = drift(in_memory({("a", "", "latency_p50"): nights(1, 60, 1.5)}, reference=reference), POLICY)
    assert found.reference["a"].runs == ("run-004", "run-059")
    assert found.reference["a"].verdict is Verdict.REGRESSED
    assert found.lasting == {("previous", "a", "latency_p50"), ("reference", "a", "latency_p50")}
