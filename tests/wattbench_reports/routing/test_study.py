"""The whole study of imported runs, from records to verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.made_up.records import call_on
from tests.made_up.routing_worlds import by_domain, routed_run
from tests.made_up.runs import FakeRun, FakeSystem
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.routing.context import RoutingOptions
from wattbench_reports.routing.model import RoutingStudy, WorthBuilding
from wattbench_reports.routing.study import NONE_MEETS, routing_study

SCORES, DOMAINS = by_domain(
    {"small": {"sums": 0.95, "text": 0.3}, "middle": {"sums": 0.6, "text": 0.6}, "large": {"sums": 0.8, "text": 0.9}},
    300,
)


@pytest.fixture(scope="module")
def complementary(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A small system that is best in one domain, and a large one in the other."""
    folder = tmp_path_factory.mktemp("complementary")
    names = ("small", "middle", "large")
    return analyse(routed_run(folder, SCORES, [0.001, 0.004, 0.01], DOMAINS, systems=names, seconds=[0.1, 0.3, 0.9]))


def _study(analysis: Analysis, options: RoutingOptions | None = None) -> RoutingStudy:
    found = call_on(routing_study, analysis) if options is None else call_on(routing_study, analysis, options)
    assert isinstance(found, RoutingStudy)
    return found


def test_without_requirements_it_is_against_the_most_accurate_system(complementary: Analysis) -> None:
    study = _study(complementary)
    assert (study.aim, study.best_single, study.hull) == ("accuracy", "large", ("small", "large"))
    assert study.items == 600
    assert study.blocks is None
    assert [each.name for each in study.singles] == ["small", "middle", "large"]
    assert study.ceiling.best.accuracy.estimate == pytest.approx(SCORES.max(axis=1).mean())
    assert study.why_no_residents


def test_a_gain_by_domain_is_found_and_held_out(complementary: Analysis) -> None:
    study = _study(complementary)
    best = study.of("domain", "accurate")
    assert best.shares == pytest.approx({"large": 0.5, "middle": 0.0, "small": 0.5}, abs=0.01)
    assert best.accuracy.estimate == pytest.approx((SCORES[:300, 0].mean() + SCORES[300:, 2].mean()) / 2, abs=0.01)
    assert study.verdict.answer == WorthBuilding.YES
    assert study.verdict.choice.accuracy_gain.estimate > 0
    assert study.control.gain.low < 0.01
    assert {"nearest", "classifier"} <= set(study.not_judged)
    assert study.tolerance.assigned == ("small", "large")
    assert study.cascades


def test_nothing_held_out_is_above_the_ceiling(complementary: Analysis) -> None:
    study = _study(complementary)
    ceiling = study.ceiling
    built = [*study.choices, *study.singles, *([] if study.control is None else [study.control])]
    assert all(each.accuracy.estimate <= ceiling.best.accuracy.estimate for each in built)
    assert ceiling.gain is None or all(each.gain.estimate <= ceiling.gain.estimate + 1e-9 for each in study.choices)


@pytest.mark.slow
def test_prompts_are_read_where_they_are_on_record(tmp_path: Path) -> None:
    words = [f"add {item} and {item + 1}" if name == "sums" else f"spell the word number {item} backwards"
             for item, name in enumerate(DOMAINS)]  # fmt: skip
    names = ("small", "middle", "large")
    run = routed_run(tmp_path, SCORES, [0.001, 0.004, 0.01], None, words, systems=names)
    study = _study(analyse(run))
    assert list(study.not_judged) == ["domain"]
    for kind in ("nearest", "classifier"):
        choice = study.of(kind, "accurate")
        assert choice.accuracy_gain.low > 0.02
    assert study.verdict.answer == WorthBuilding.YES


def test_the_routers_own_cost_is_in_every_cost_and_in_the_verdict(complementary: Analysis) -> None:
    assumed, dear = _study(complementary), _study(complementary, RoutingOptions(router_money=0.02))
    assert (assumed.router_own_from["money"], dear.router_own_from["money"]) == ("assumed", "named")
    for one, other in zip(assumed.choices, dear.choices, strict=True):
        more = 0.02 - assumed.router_own["money"]
        assert other.cost.estimate - one.cost.estimate == pytest.approx(more, abs=1e-3)  # costs set where it is asked
    assert assumed.verdict.answer == WorthBuilding.YES
    assert dear.verdict.answer != WorthBuilding.YES
    assert dear.verdict.saving is not None and dear.verdict.saving.high < 0


def test_requirements_make_it_a_saving(tmp_path: Path, complementary: Analysis) -> None:
    required = Assumptions(decision=DecisionChoice(min_accuracy="0.8"))
    study = _study(analyse(complementary.measured.frames.run, required))
    assert (study.aim, study.best_single) == ("cost", "large")
    assert study.verdict.least == pytest.approx(0.0005)


def test_where_no_single_system_meets_what_is_required_a_router_may(complementary: Analysis) -> None:
    required = Assumptions(decision=DecisionChoice(min_accuracy="0.88"))
    study = _study(analyse(complementary.measured.frames.run, required))
    assert (study.aim, study.best_single) == ("accuracy", "large")
    assert study.notes[0] == NONE_MEETS
    assert study.verdict.answer == WorthBuilding.YES
    assert study.verdict.choice.met[0].estimate == pytest.approx(0.92, abs=0.02)


def test_a_worth_makes_it_net_benefit(complementary: Analysis) -> None:
    worthy = Assumptions(decision=DecisionChoice(worth_right=0.001, cost_wrong=0.0001))
    study = _study(analyse(complementary.measured.frames.run, worthy))
    assert (study.aim, study.best_single) == ("benefit", "small")
    assert study.verdict.least == pytest.approx(0.01 * 0.0011)


@pytest.mark.parametrize(
    ("members", "said"),
    [(("small", "huge"), "no system 'huge'"), (("small",), "at least two"), (("small", "small"), "at least two")],
)
def test_members_that_cannot_be(complementary: Analysis, members: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError, match=said):
        call_on(routing_study, complementary, RoutingOptions(members=members))


def test_one_system_has_no_router(tmp_path: Path) -> None:
    found = call_on(routing_study, analyse(routed_run(tmp_path, np.ones((9, 1)))))
    assert isinstance(found, str)
    assert "fewer than two" in found


def test_a_run_with_a_hybrid_is_studied_by_its_members(analysed: Callable[[FakeRun], Analysis]) -> None:
    singles = (FakeSystem("small", accuracy=0.4, energy_j=1.0), FakeSystem("large", accuracy=0.8, energy_j=8.0))
    hybrid = FakeSystem("both", kind="hybrid", accuracy=0.8, energy_j=4.0, members=("small", "large"))
    study = _study(analysed(FakeRun((*singles, hybrid), blocks=6)))
    assert study.systems == ("small", "large")
    assert list(study.left_out) == ["both"]
    assert study.blocks == 6
    with pytest.raises(UserError, match="both cannot be a member"):
        call_on(
            routing_study, analysed(FakeRun((*singles, hybrid), blocks=6)), RoutingOptions(members=("both", "small"))
        )


def test_systems_that_answer_alike_are_not_worth_a_router(tmp_path: Path) -> None:
    alike = np.repeat((np.arange(200) % 3 > 0)[:, None], 2, axis=1)
    study = _study(analyse(routed_run(tmp_path, alike, [0.01, 0.02])))
    assert study.best_single == "s0"
    assert study.verdict.answer == WorthBuilding.NO
    assert study.verdict.ceiling_gain.estimate == 0.0
