"""A router is held against the system that is advised for the same objective and requirements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up.records import call_on
from tests.made_up.routing_worlds import by_domain, routed_run
from tests.made_up.runs import FakeRun, FakeSystem
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision.decide_systems import decide
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.routing.baseline import advised
from wattbench_reports.routing.model import RoutingStudy, WorthBuilding
from wattbench_reports.routing.study import routing_study
from wattbench_reports.wording.routing import routing_verdict

CHANCES = {"best": {"a": 0.94, "b": 0.94}, "middle": {"a": 0.75, "b": 0.75}, "cheap": {"a": 0.74, "b": 0.3}}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """One model far above, one at 75%, and one as good as that on half of the items."""
    scores, domains = by_domain(CHANCES, 1000)
    scores[:1000, 2] = scores[:1000, 1]
    folder = tmp_path_factory.mktemp("three")
    return analyse(routed_run(folder, scores, [0.01, 0.002, 0.001], domains, systems=tuple(CHANCES)))


def studied(analysis: Analysis, **decision: object) -> RoutingStudy:
    again = analyse(analysis.measured.frames.run, Assumptions(decision=DecisionChoice(**decision)))
    study = call_on(routing_study, again)
    assert isinstance(study, RoutingStudy)
    return study


@pytest.mark.slow
def test_without_a_requirement_it_is_the_most_accurate(three: Analysis) -> None:
    """74.5% where one model alone has 75% and another 94%, and far above a random mix of the two: it is no gain."""
    study = studied(three)
    assert (study.aim, study.best_single) == ("accuracy", "best")
    assert study.verdict.answer != WorthBuilding.YES
    by_domain = study.of("domain", "0.25")
    assert by_domain is not None and by_domain.accuracy_gain.high < 0


@pytest.mark.parametrize(("least", "single"), [("0.7", "middle"), ("0.85", "best")])
def test_under_a_requirement_it_is_the_system_that_is_advised(three: Analysis, least: str, single: str) -> None:
    study = studied(three, min_accuracy=least)
    decision = call_on(
        decide, analyse(three.measured.frames.run, Assumptions(decision=DecisionChoice(min_accuracy=least)))
    )
    assert decision.chosen == study.best_single == single
    assert study.aim == "cost"


def test_a_router_below_the_best_accuracy_says_what_it_saves(three: Analysis) -> None:
    study = studied(three, min_accuracy="0.7")
    assert study.verdict.answer == WorthBuilding.YES
    choice = study.verdict.choice
    assert choice is not None and choice.met[0].low is not None and choice.met[0].low >= 0.7
    sentence = routing_verdict(study)
    assert "would save" in sentence and "where best alone answers" in sentence and "of its cost" in sentence


def test_where_a_hybrid_is_advised_it_is_the_first_of_its_members(analysed: Callable[[FakeRun], Analysis]) -> None:
    singles = (FakeSystem("small", accuracy=0.4, energy_j=1.0), FakeSystem("large", accuracy=0.9, energy_j=8.0))
    hybrid = FakeSystem("both", kind="hybrid", accuracy=0.9, energy_j=2.0, members=("small", "large"))
    run = analysed(FakeRun((*singles, hybrid), items=200))
    required = analyse(run.measured.frames.run, Assumptions(decision=DecisionChoice(min_accuracy="0.7")))
    decision = call_on(decide, required)
    assert decision.chosen == "both"
    assert advised(decision, ("small", "large")) == "large"
    assert advised(decision, ("small",)) is None
    assert advised(call_on(decide, run), ("small", "large")) is None
    study = call_on(routing_study, required)
    assert isinstance(study, RoutingStudy)
    assert study.best_single == "large"
    assert "both is advised without a new router, and is no candidate, so that gains are on large" in study.notes


@pytest.mark.slow
def test_copies_of_a_request_are_one_item(tmp_path: Path) -> None:
    """Ten copies of each request: the error is that of 40 requests, not of 400."""
    scores, domains = by_domain({"x": {"a": 0.9, "b": 0.4}, "y": {"a": 0.5, "b": 0.8}}, 20)
    words = [f"question {each} on {'sums' if name == 'a' else 'letters'} w{each}" for each, name in enumerate(domains)]
    many = {"score": scores.repeat(10, axis=0), "domain": [each for each in domains for _ in range(10)]}
    for name in ("plain", "copied"):
        (tmp_path / name).mkdir()
    plain = analyse(routed_run(tmp_path / "plain", cost=[1.0, 1.0], **many))
    prompts = [each for each in words for _ in range(10)]
    copied = analyse(routed_run(tmp_path / "copied", cost=[1.0, 1.0], prompts=prompts, **many))
    one, other = studied(plain), studied(copied)
    widths = [each.singles[0].accuracy.high - each.singles[0].accuracy.low for each in (one, other)]
    assert widths[1] > 2 * widths[0]
    assert (one.items, other.items) == (400, 40)
    assert one.verdict.answer == WorthBuilding.YES
    assert other.verdict.answer != WorthBuilding.YES
