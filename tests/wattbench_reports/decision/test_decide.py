"""Decisions on tables whose answers are computed by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from scipy.stats import binomtest

from tests.made_up.digests import without_digests
from tests.made_up.imports import imported_table
from tests.made_up.records import call_on
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision import Decision, Qualifies, decide
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.wording.decision import advice, evidence

ITEMS = 40
SYSTEMS = {"cheap": (20, 1.0), "middle": (30, 3.0), "dominated": (26, 5.0), "dear": (34, 11.0)}
"""Right answers of 40, and what each request costs. A system answers the first items rightly, so that what a worse one
can answer a better one can, too."""


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Analysis]:
    """Import a table and analyse it under a reader's settings."""

    def make(
        systems: Mapping[str, tuple[int, float]] = SYSTEMS, *, column: str = "joules", seconds: float = 0.2, **choice
    ) -> Analysis:
        rows = [
            f"{name},{item},{int(item < right)},{cost},{seconds}"
            for name, (right, cost) in systems.items()
            for item in range(ITEMS)
        ]
        run = imported_table(f"system,item,score,{column},seconds\n" + "\n".join(rows), tmp_path)
        return analyse(run, Assumptions(decision=DecisionChoice(**choice)))

    return make


def by_name(decision: Decision) -> dict:
    return {each.system: each for each in decision.systems}


@pytest.mark.parametrize(("column", "unit"), [("joules", CostUnit.JOULES), ("cost", CostUnit.MONEY)])
def test_without_requirements_each_further_right_answer_has_a_price(table, column: str, unit: CostUnit) -> None:
    decision = call_on(decide, table(column=column))
    assert (decision.objective, decision.unit, decision.chosen) == ("prices", unit, None)
    # 1 / .5 per right answer is the least, and dear is the most accurate.
    assert (decision.between.cheaper, decision.between.dearer) == ("cheap", "dear")
    assert [each.estimate for each in (decision.between.first, decision.between.last)] == pytest.approx([8, 80])
    # (3 - 1) / (30/40 - 20/40) = 8, and (11 - 3) / (34/40 - 30/40) = 80; 26/40 at 5 is below the line.
    steps = [(step.cheaper, step.dearer, step.price.estimate, step.gain.estimate) for step in decision.hull]
    assert steps == [
        ("cheap", "middle", pytest.approx(8), pytest.approx(0.25)),
        ("middle", "dear", pytest.approx(80), pytest.approx(0.1)),
    ]
    # Joules do not vary, so that the bounds are 2 / (gain +- t SE(gain)) with t(39) = 2.0227. Of the difference 10 of
    # 40 are 1: its variance is .25 x .75 / 39 = .004808. The added answers add to each: (21 - 42 x .5^2) / (41 x 40)
    # - (20 - 20^2 / 40) / (40 x 39) = .006402 - .006410, which is below 0: nothing; (31 - 42 (31/42)^2) / 1640
    # - (30 - 22.5) / 1560 = .004951 - .004808 = .000143. SE = sqrt(.004951) = .07036.
    first = decision.hull[0].price
    assert first.low == pytest.approx(2 / (0.25 + 2.0227 * 0.07036), rel=0.03)
    assert first.high == pytest.approx(2 / (0.25 - 2.0227 * 0.07036), rel=0.1)
    # 4 of 40: .1 x .9 / 39 = .002308, with .000143 and (35 - 42 (35/42)^2) / 1640 - (34 - 28.9) / 1560 = .000288
    # added; SE = .0523, so that .1 - 2.02 SE is below 0: the price has no upper bound.
    second = decision.hull[1].price
    assert second.low == pytest.approx(8 / (0.1 + 2.0227 * 0.0523), rel=0.05)
    assert second.high == math.inf
    assert [each.system for each in decision.systems] == ["cheap", "middle", "dear", "dominated"]
    assert by_name(decision)["dominated"].not_excluded_from_front


def test_the_leaders_are_those_of_the_hull(table) -> None:
    assert [(leader.system, leader.from_worth) for leader in call_on(decide, table()).leaders] == [
        ("cheap", 0.0), ("middle", pytest.approx(8)), ("dear", pytest.approx(80)),
    ]  # fmt: skip


def bound_of(right: int, risk: float = 0.1) -> float:
    """The lower bound of Clopper and Pearson."""
    return binomtest(right, ITEMS).proportion_ci(1 - 2 * risk, "exact").low


def test_the_least_cost_of_those_shown_to_meet_the_accuracy_is_chosen(table) -> None:
    decision = call_on(decide, table(min_accuracy="70%"))
    assert (decision.objective, decision.chosen, decision.why_none) == ("cost", "dear", "")
    rows = by_name(decision)
    for name, (right, _) in SYSTEMS.items():
        check = rows[name].checks[0]
        interval = binomtest(right, ITEMS).proportion_ci(0.8, "exact")
        assert (check.low, check.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
        p_value = binomtest(right, ITEMS, 0.7, "greater").pvalue
        assert check.least_risk == (pytest.approx(p_value, rel=1e-6) if p_value < 0.499 else 1.0)
    outcomes = {name: row.qualifies for name, row in rows.items()}
    assert outcomes == {
        "dear": Qualifies.YES, "middle": Qualifies.MAY, "dominated": Qualifies.MAY, "cheap": Qualifies.NO,
    }  # fmt: skip
    # By Holm the surest of three that are not shown to fail is judged at .1 / 3.
    assert rows["dear"].counted
    assert rows["dear"].counted_bounds[0] == pytest.approx(bound_of(34, 0.1 / 3))
    assert decision.choice_of == 3
    assert rows["middle"].checks[0].items_to_decide is not None
    assert rows["dear"].checks[0].items_to_decide is None
    assert (decision.best, decision.items_to_decide) == (("dear",), None)
    assert [each.system for each in decision.systems] == ["dear", "middle", "dominated", "cheap"]
    assert "middle or 1 other may qualify, too, at less cost" in advice(decision, {})


def test_a_system_that_meets_the_accuracy_by_itself_alone_is_the_surest_and_not_advised(table) -> None:
    """Of 40 answers 34 are right: at least .752 by itself, at least .711 as the surest of three that may."""
    assert bound_of(34, 0.1 / 3) < 0.74 < bound_of(34)
    decision = call_on(decide, table(min_accuracy="74%"))
    dear = by_name(decision)["dear"]
    assert (decision.chosen, decision.surest) == (None, "dear")
    assert (dear.qualifies, dear.counted) == (Qualifies.YES, False)
    assert decision.items_to_decide is not None
    text = advice(decision, {})
    assert text.startswith("Measure about ")
    assert "dear is surest (85.0%, at least 71.1% as one of 3)" in text
    assert call_on(decide, table({"dear": SYSTEMS["dear"]}, min_accuracy="74%")).chosen == "dear", (
        "alone there is no choice"
    )


def test_a_reader_takes_another_risk(table) -> None:
    assert call_on(decide, table(min_accuracy="74%", risk=0.3)).chosen == "dear"
    assert call_on(decide, table(min_accuracy="70%", risk=0.01)).chosen is None
    check = by_name(call_on(decide, table(min_accuracy="70%", risk=0.01)))["dear"].checks[0]
    assert check.low == pytest.approx(bound_of(34, 0.01))


def test_a_domain_can_be_required_and_what_is_unknown_is_said(table) -> None:
    with pytest.raises(Exception, match="no domain 'text' in this run"):
        table(min_accuracy="0.5,text=0.9")
    decision = call_on(decide, table(max_memory_gib=2.0, min_accuracy="0.8"))
    check = by_name(decision)["dear"].checks[1]
    assert (check.low, check.reason, check.outcome) == (None, "its memory was not recorded", Qualifies.MAY)
    assert (decision.chosen, decision.surest) == (None, None)
    assert decision.why_none == "whether the requirements are met is not known: its memory was not recorded"


def test_nothing_is_chosen_where_no_system_meets_the_requirements(table) -> None:
    decision = call_on(decide, table(max_joules_per_request=0.5))
    assert (decision.chosen, decision.surest, decision.best) == (None, "cheap", ())
    assert decision.why_none == "no system meets the requirements"
    assert {each.qualifies for each in decision.systems} == {Qualifies.NO}
    assert advice(decision, {}).startswith("Run none of them yet: none has an energy use of at most 500 mJ")


def test_latency_is_judged_from_few_requests(table) -> None:
    """All of 40 in time: at least .1^(1/40) = .944 are, which is not .95; as one of four it takes 72 requests."""
    decision = call_on(decide, table(max_p95_s=0.3))
    assert {round(each.checks[0].low, 3) for each in decision.systems} == {0.944}
    assert {each.checks[0].items_to_decide for each in decision.systems} == {5}
    assert (decision.chosen, decision.items_to_decide) == (None, 32)
    assert call_on(decide, table({"only": (30, 3.0)}, max_p95_s=0.3, risk=0.2)).chosen == "only"
    assert {each.checks[0].within for each in call_on(decide, table(max_p95_s=0.2)).systems} == {1.0}, (
        "0.2 s are within 0.2 s"
    )
    late = call_on(decide, table(max_p95_s=0.1))
    assert {each.qualifies for each in late.systems} == {Qualifies.NO}


def test_any_limit_of_latency_that_all_keep_leaves_the_choice_to_the_cost(tmp_path: Path) -> None:
    """400 answers within 0.13 s keep a p95 of 10 s; the 94% system is not dropped for it."""
    rows = [
        f"{name},{item},{int(item % 100 < right)},{cost},{0.05 + 0.08 * (item % 40) / 40}"
        for name, right, cost in (("weak", 75, 2.0), ("strong", 94, 1.0))
        for item in range(400)
    ]
    run = imported_table("system,item,score,joules,seconds\n" + "\n".join(rows), tmp_path)
    for limit_s in (0.2, 1.0, 10.0):
        decision = call_on(decide, analyse(run, Assumptions(decision=DecisionChoice(max_p95_s=limit_s))))
        assert decision.chosen == "strong"
        assert by_name(decision)["strong"].checks[0].low == pytest.approx(0.1 ** (1 / 400))


def test_few_items_are_enough_where_one_system_is_better_in_both(table) -> None:
    """24 items: 100% right at 6.5 J against 50% at 32 J."""
    analysis = table({"exact": (ITEMS, 6.5), "loose": (20, 32.0)})
    assert advice(call_on(decide, analysis), {}) == (
        "Run exact: it is the most accurate (100.0%) and no other costs less than 6.50 J per right answer."
    )
    assert call_on(decide, table({"exact": (ITEMS, 6.5), "loose": (20, 32.0)}, min_accuracy="0.8")).chosen == "exact"


def test_a_system_in_doubt_is_not_advised(table) -> None:
    decision = call_on(decide, table({"rule": (0, 0.1), "good": (30, 3.0), "better": (34, 4.0)}))
    assert by_name(decision)["rule"].useless == "answers no item correctly (0 of 40)"
    assert [(step.cheaper, step.dearer) for step in decision.hull] == [("rule", "good"), ("good", "better")]
    assert [leader.system for leader in decision.leaders] == ["good", "better"]
    assert (decision.between.cheaper, decision.between.dearer) == ("good", "better")
    assert decision.systems[-1].system == "rule"
    chosen = call_on(
        decide, table({"rule": (0, 0.1), "good": (30, 3.0), "better": (34, 4.0)}, max_joules_per_request=10.0)
    )
    assert chosen.chosen == "good"


def test_a_system_alone_and_a_table_without_costs_are_decided(table, tmp_path) -> None:
    alone = call_on(decide, table({"only": (30, 3.0)}, min_accuracy="0.5"))
    assert (alone.chosen, alone.best, alone.hull) == ("only", ("only",), ())
    prices = call_on(decide, table({"only": (30, 3.0)}))
    assert (prices.objective, prices.chosen, prices.hull, prices.why_none) == ("prices", "only", (), "")
    by_seconds = call_on(decide, table(SYSTEMS, column="output_tokens"))
    assert (by_seconds.objective, by_seconds.unit, by_seconds.chosen) == ("prices", CostUnit.SECONDS, "dear")
    rows = [f"{name},{item},{int(item < right)}" for name, (right, _) in SYSTEMS.items() for item in range(ITEMS)]
    run = imported_table("system,item,score\n" + "\n".join(rows), tmp_path)
    without = call_on(decide, analyse(run))
    assert (without.objective, without.unit, without.label) == ("accuracy", None, "")
    assert without.chosen == "dear"
    assert "middle" in without.best
    assert "cheap" not in without.best


def test_answers_without_scores_are_decided_by_cost(tmp_path: Path) -> None:
    run = imported_table(
        "system,item,joules\n" + "".join(f"{s},{i},{c}\n" for s, c in (("a", 1), ("b", 2)) for i in range(9)),
        tmp_path,
    )
    decision = call_on(decide, analyse(run, Assumptions(decision=DecisionChoice(max_joules_per_request=5.0))))
    assert (decision.chosen, decision.hull) == ("a", ())
    required = call_on(decide, analyse(run, Assumptions(decision=DecisionChoice(min_accuracy="0.5"))))
    assert required.why_none == "whether the requirements are met is not known: no answer was scored"


def test_the_most_net_benefit_is_chosen_where_answers_are_worth_money(table) -> None:
    """Per request 20 x accuracy - 10 x (1 - accuracy) - cost: 4, 9.5, 4.5 and 4.5."""
    decision = call_on(decide, table(column="cost", worth_right=20.0, cost_wrong=10.0))
    assert (decision.objective, decision.unit, decision.chosen) == ("benefit", CostUnit.MONEY, "middle")
    rows = by_name(decision)
    benefits = {name: rows[name].benefit.estimate for name in SYSTEMS}
    assert benefits == pytest.approx({"cheap": 4.0, "middle": 9.5, "dominated": 4.5, "dear": 4.5})
    # 30 x sqrt of the variance of 30 of 40, with the added answers: .004951 = (31 - 42 (31/42)^2) / 1640.
    half = 2.0227 * 30 * math.sqrt(0.004951)
    assert rows["middle"].benefit.high - 9.5 == pytest.approx(half, rel=0.06)
    assert decision.best == ("middle",)
    assert [each.system for each in decision.systems] == ["middle", "dominated", "dear", "cheap"]


def test_a_highest_cost_in_money_is_required(table) -> None:
    decision = call_on(decide, table(column="cost", max_cost_per_request=4.0, min_accuracy="0.6"))
    rows = by_name(decision)
    risks = [rows[name].checks[1].least_risk for name in ("cheap", "middle", "dominated", "dear")]
    assert risks == [0.0, 0.0, 1.0, 1.0]
    assert decision.chosen == "middle"
    assert rows["dear"].qualifies == Qualifies.NO
    assert by_name(call_on(decide, table(max_cost_per_request=4.0)))["dear"].checks[0].reason == "no price is known"


def test_a_carbon_price_needs_grams_of_every_system(table) -> None:
    decision = call_on(decide, table(column="cost", carbon_price_per_tonne=50.0))
    assert (decision.unit, decision.objective, decision.hull) == (None, "accuracy", ())


def test_a_second_has_a_price_in_a_suite(table) -> None:
    """0.2 s at 5 each are added to every request, of a run whose suite says so."""
    analysis = table(column="cost")
    path = analysis.measured.frames.run.layout.root / "run.json"
    header = json.loads(path.read_text())
    header["suite"].setdefault("suite", {})["decide"] = {"cost_per_second": 5.0, "min_accuracy": 0.7}
    path.write_text(json.dumps(header))
    decision = call_on(decide, analyse(read_run(without_digests(path.parent))))
    assert decision.chosen == "dear"
    costs = {name: row.cost_per_request.estimate for name, row in by_name(decision).items()}
    assert costs == pytest.approx({"cheap": 2.0, "middle": 4.0, "dominated": 6.0, "dear": 12.0})
    per_correct = by_name(decision)["dear"].cost_per_correct
    assert per_correct.estimate == pytest.approx(12 / 0.85)
    assert per_correct.low < per_correct.estimate < per_correct.high


@pytest.mark.parametrize("choice", [{}, {"max_p95_s": 1.0}, {"worth_right": 5.0, "cost_wrong": 1.0}])
def test_nothing_is_advised_where_no_answer_is_right(table, choice: dict) -> None:
    decision = call_on(decide, table({"cheap": (0, 1.0), "dear": (0, 11.0)}, column="cost", **choice))
    assert (decision.chosen, decision.hull) == (None, ())
    assert {each.useless for each in decision.systems} == {"answers no item correctly (0 of 40)"}
    assert advice(decision, {}) == "Run none of them yet: no system answers any item correctly."


def test_a_system_without_a_rival_on_its_documents_is_not_advised(tmp_path: Path) -> None:
    rows = [f"{name},{item + first},{item % 2},1" for name, first in (("a", 0), ("b", 90)) for item in range(40)]
    run = imported_table("system,item,score,joules\n" + "\n".join(rows), tmp_path)
    decision = call_on(decide, analyse(run))
    assert (decision.chosen, decision.hull) == (None, ())
    assert advice(decision, {}) == "Run none of them yet: a and b have no item in common."


def test_answers_that_were_not_scored_are_not_all_wrong(tmp_path: Path) -> None:
    rows = [f"{name},{item},1" for name in "ab" for item in range(40)]
    run = imported_table("system,item,joules\n" + "\n".join(rows), tmp_path)
    decision = call_on(decide, analyse(run))
    assert [each.useless for each in decision.systems] == ["", ""]
    assert advice(decision, {}) == "Run none of them yet: no answer was scored."


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"minimise": "joules"}, "too few costs in joules can be compared: no joules were measured"),
        (
            {"carbon_price_per_tonne": 50.0},
            "too few costs in money can be compared: the carbon price",
        ),
    ],
)
def test_a_cost_that_was_asked_for_and_is_not_known_is_said_in_the_advice(table, choice: dict, why: str) -> None:
    decision = call_on(decide, table(column="cost", **choice))
    assert "is 85.0% accurate; costs cannot be compared" in advice(decision, {})
    assert any(each.startswith(f"Costs are not compared: {why}") for each in evidence(decision))
