"""Choices of systems against requirements."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.metrics.decision_settings import DecisionSettings, Quantity, Requirement
from wattbench_reports.routing.answers.routed import pick
from wattbench_reports.routing.judge import judge, p_qualifies, qualifies, weighted_quantile
from wattbench_reports.routing.model import RequirementMet, RoutingChoice

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
    assert choice.gain == choice.above_mix
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
    assert (choice.met[0].p_met is None) == (quantity in ("joules", "memory") or domain == "unknown")


def test_one_failed_requirement_is_enough() -> None:
    assert _judged(Requirement("memory", 2.0), Requirement("accuracy", 0.99)).qualifies == Qualifies.NO


def test_requirements_that_all_may_be_met_may_fail_together() -> None:
    one, both = (
        _judged(Requirement("accuracy", 0.9, "a")),
        _judged(Requirement("accuracy", 0.9, "a"), Requirement("p95", 0.9)),
    )
    p_one, p_both = p_qualifies(one.met), p_qualifies(both.met)
    assert p_one is not None
    assert p_both is not None
    assert 0.05 < p_both <= p_one < 0.95
    unlikely = [
        RequirementMet(Requirement("accuracy", 0.9), 0.89, 0.2),
        RequirementMet(Requirement("p95", 1.0), 1.1, 0.2),
    ]
    assert qualifies(unlikely) == Qualifies.NO


def test_quantiles_are_of_the_weight() -> None:
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.5, 0.4]), 0.5) == 1.0
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.5, 0.4]), 0.95) == 3.0
