"""Arrays of a run: who may be a member, which items count, what they cost and how they are weighed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made_up.records import call_on, read_again
from tests.made_up.routing_worlds import routed_run
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import family_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision.problem import Problem
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.costs import PRICED, CostUnit
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.routing.answers.from_run import conditions, item_answers
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.candidates import candidates

SCORES = (np.random.default_rng(4).random((40, 3)) < [0.5, 0.7, 0.9]).astype(float)
COSTS = np.random.default_rng(5).gamma(2.0, size=(40, 3))
DOMAINS = ["b", "a"] * 20


def _arrays(analysis: Analysis) -> ItemAnswers:
    problem = call_on(Problem, analysis, analysis.weighed.settings)
    answers = call_on(item_answers, analysis, problem, candidates(analysis.measured, problem)[0])
    assert answers is not None
    return answers


def test_an_imported_table_gives_its_own_figures(tmp_path: Path) -> None:
    run = routed_run(tmp_path, SCORES, COSTS, DOMAINS, seconds=[1.0, 2.0, 3.0], repeats=[1 - SCORES])
    answers = _arrays(analyse(run))
    assert answers.systems == ("s0", "s1", "s2")
    assert (answers.unit, answers.label) == (CostUnit.MONEY, "USD")
    assert answers.score == pytest.approx(np.full((40, 3), 0.5))
    assert answers.cost == pytest.approx(COSTS)
    assert answers.amounts.keys() == {"money", "seconds"}
    assert answers.amounts["seconds"][0] == pytest.approx([1.0, 2.0, 3.0])
    assert [each[:, 0].tolist() for each in answers.halves] == [SCORES[:, 0].tolist(), (1 - SCORES)[:, 0].tolist()]
    assert [answers.domains[each] for each in answers.domain] == DOMAINS
    assert not answers.blocked
    assert answers.weight == pytest.approx(np.full(40, 1 / 40))


def test_without_costs_a_cost_is_the_share_sent_to_the_best(tmp_path: Path) -> None:
    answers = _arrays(analyse(routed_run(tmp_path, SCORES)))
    assert answers.unit is None
    assert answers.cost[0].tolist() == [float(each == SCORES.mean(axis=0).argmax()) for each in range(3)]
    assert answers.amounts == {}


def test_a_mix_weighs_the_domains(tmp_path: Path) -> None:
    run = routed_run(tmp_path, SCORES, COSTS, ["a"] * 30 + ["b"] * 10)
    answers = _arrays(analyse(run, Assumptions(workload=WorkloadChoice(mix="a=0.2,b=0.8"))))
    assert answers.mixed
    assert answers.weight[:30].sum() == pytest.approx(0.2)
    assert answers.weight[30:] == pytest.approx(np.full(10, 0.08))


def test_a_domain_without_a_share_has_no_items(tmp_path: Path) -> None:
    run = routed_run(tmp_path, SCORES, COSTS, ["a"] * 30 + ["b"] * 10)
    answers = _arrays(analyse(run, Assumptions(workload=WorkloadChoice(mix="a=1,b=0"))))
    assert answers.domains == ("a",)
    assert answers.items == 30


def test_figures_are_those_of_the_decision(analysed: Callable[[FakeRun], Analysis]) -> None:
    analysis = analysed(replace(family_run(), blocks=6))
    problem = call_on(Problem, analysis, analysis.weighed.settings)
    columns, left_out = candidates(analysis.measured, problem)
    answers = call_on(item_answers, analysis, problem, columns)
    assert answers.blocked
    assert answers.clusters == 6
    names = analysis.measured.basis.systems
    for place, column in enumerate(columns):
        assert answers.systems[place] == names[column]
        assert answers.mean(answers.score)[place] == pytest.approx(problem.figures.accuracy.estimates[column])
        assert answers.mean(answers.cost)[place] == pytest.approx(problem.cost.estimates[column], rel=0.05)
    hybrids = [each.system for each in analysis.measured.frames.run.systems().values() if each.members]
    assert hybrids
    assert all("hybrid" in left_out[name] for name in hybrids)


def test_what_one_system_was_not_asked_is_left_out_and_said(tmp_path: Path) -> None:
    analysis = analyse(routed_run(tmp_path, SCORES, COSTS, DOMAINS))
    table = analysis.measured.table
    trials = table.trials.copy()
    trials[:3, 1] = 0.0
    bills = analysis.paid.bills
    priced = bills.priced.copy()
    priced[4, 0] = 0.0
    holed = read_again(analysis, table=replace(table, trials=trials))
    holed = replace(holed, weighed=replace(holed.weighed, item_sums={**holed.weighed.item_sums, PRICED: priced}))
    problem = call_on(Problem, holed, holed.weighed.settings)
    answers = call_on(item_answers, holed, problem, (0, 1, 2))
    assert answers.items == 37
    assert answers.rows.tolist() == list(range(3, 40))
    others = [each for each in range(3, 40) if each != 4 and DOMAINS[each] == DOMAINS[4]]
    assert answers.cost[1, 0] == pytest.approx(COSTS[others, 0].mean())
    assert [each.split(" ")[0] for each in call_on(conditions, holed, problem, (0, 1, 2))] == ["3", "1"]


def test_no_item_in_common_gives_no_arrays(tmp_path: Path) -> None:
    analysis = analyse(routed_run(tmp_path, SCORES))
    table = analysis.measured.table
    empty = read_again(analysis, table=replace(table, trials=np.zeros_like(table.trials)))
    assert call_on(item_answers, empty, call_on(Problem, empty, empty.weighed.settings), (0, 1)) is None
