"""Choices of systems against requirements."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.metrics.decision_settings import DecisionSettings, Quantity, Requirement
from wattbench_reports.routing.answers.routed import pick
from wattbench_reports.routing.judge import judge, weighted_quantile
from wattbench_reports.routing.model import RoutingChoice

SCORES, DOMAINS = by_domain({"cheap": {"a": 0.9, "b": 0.2}, "dear": {"a": 0.8, "b": 0.9}}, 400)


def _judged(*requirements: Requirement) -> RoutingChoice:
    answers = answers_of(SCORES, [1.0, 4.0], DOMAINS, systems=("cheap", "dear"), seconds=[0.2, 0.8])
    context = context_of(answers, settings=DecisionSettings(requirements))
    return judge(context, "domain", "", "accurate", pick(answers, answers.domain), answers.systems)


def test_figures_of_a_choice() -> None:
    choice = _judged()
    assert choice.shares == pytest.approx({"cheap": 0.5, "dear": 0.5})
    assert choice.cost.estimate == pytest.approx(2.5)
    assert choice.amounts.keys() == {"money", "seconds"}
    assert choice.cost_gain.estimate == pytest.approx(-1.5)
    assert choice.amount_gains["seconds"].estimate == pytest.approx(-0.3)
    assert choice.accuracy.estimate - choice.accuracy_gain.estimate == pytest.approx(SCORES[:, 1].mean())
    assert choice.above_mix is not None
    assert choice.gain == choice.accuracy_gain
    assert choice.p95_s == pytest.approx(0.8)
    assert choice.qualifies == Qualifies.YES


@pytest.mark.parametrize(
    ("quantity", "bound", "domain", "expected"),
    [
        ("accuracy", 0.85, None, Qualifies.YES),
        ("accuracy", 0.95, None, Qualifies.NO),
        ("accuracy", 0.9, "a", Qualifies.MAY),
        ("accuracy", 0.8, "b", Qualifies.YES),
        ("accuracy", 0.8, "unknown", Qualifies.MAY),
        ("p95", 0.9, None, Qualifies.YES),
        ("p95", 0.5, None, Qualifies.NO),
        ("cost", 3.0, None, Qualifies.YES),
        ("cost", 2.0, None, Qualifies.NO),
        ("joules", 2.0, None, Qualifies.MAY),
        ("memory", 2.0, None, Qualifies.MAY),
    ],
)
def test_requirements(quantity: Quantity, bound: float, domain: str | None, expected: Qualifies) -> None:
    choice = _judged(Requirement(quantity, bound, domain))
    assert choice.qualifies == expected
    assert (choice.met[0].low is None) == (quantity in ("joules", "memory") or domain == "unknown")


def test_requirements_are_met_together_where_each_is() -> None:
    """Each at the reader's risk (intersection-union): one that is open leaves all of them open."""
    sure, other = Requirement("accuracy", 0.85), Requirement("p95", 0.9)
    open_one = Requirement("accuracy", 0.9, "a")
    assert _judged(sure, other).qualifies == Qualifies.YES
    assert _judged(sure, open_one).qualifies == Qualifies.MAY
    assert _judged(open_one, Requirement("p95", 0.5)).qualifies == Qualifies.NO


@given(st.lists(st.sampled_from([0.7, 0.85, 0.88, 0.9, 0.93, 0.99]), min_size=2, max_size=2, unique=True))
def test_a_looser_requirement_disqualifies_no_router(bounds: list[float]) -> None:
    rank = {Qualifies.NO: 0, Qualifies.MAY: 1, Qualifies.YES: 2}
    loose, strict = (_judged(Requirement("accuracy", each)).qualifies for each in sorted(bounds))
    assert rank[loose] >= rank[strict]


def test_what_is_said_of_a_requirement_is_read_off_its_bounds() -> None:
    for bound in (0.85, 0.895, 0.95):
        met = _judged(Requirement("accuracy", bound)).met[0]
        assert met.low is not None and met.high is not None
        assert met.low < met.estimate < met.high
        expected = Qualifies.YES if met.low >= bound else Qualifies.NO if met.high < bound else Qualifies.MAY
        assert met.outcome == expected


def test_quantiles_are_of_the_weight() -> None:
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.5, 0.4]), 0.5) == 1.0
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.5, 0.4]), 0.95) == 3.0
