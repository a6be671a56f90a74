"""The laws of a conclusion, over random tables and settings: what is printed does not contradict it."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made_up.folders import fresh_folder
from tests.made_up.imports import imported_table
from tests.made_up.records import call_on
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.decision import Decision, Qualifies, SystemDecision, decide
from wattbench_reports.export.comparison.decision_data import decision_data
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.wording.decision import decision_words

System = tuple[int, float, float]
"""Percent right, joules per request, seconds."""
Table = tuple[int, tuple[System, ...]]
"""Items, and systems."""

tables = st.tuples(
    st.sampled_from([8, 24, 60, 200]),
    st.lists(
        st.tuples(st.integers(0, 100), st.sampled_from([0.2, 1.0, 1.1, 3.0, 10.0]), st.sampled_from([0.05, 0.2, 1.0])),
        min_size=1,
        max_size=5,
    ).map(tuple),
)
choices = st.fixed_dictionaries(
    {},
    optional={
        "min_accuracy": st.sampled_from(["0.3", "0.55", "70%", "0.8", "0.95"]),
        "max_p95_s": st.sampled_from([0.1, 0.5, 2.0]),
        "max_joules_per_request": st.sampled_from([0.5, 1.05, 5.0]),
        "risk": st.sampled_from([0.02, 0.1, 0.3]),
    },
)


@lru_cache(maxsize=256)
def analysed(table: Table, order: tuple[int, ...] = (), scale: float = 1.0) -> Analysis:
    """Import a table. Items and costs vary a little, by rules that know only the system's own name."""
    items, systems = table
    folder = fresh_folder()
    rows = [
        f"s{number},{item},{int((item * 37 + 11) % items < round(right * items / 100))},"
        f"{scale * joules * (1 + 0.2 * math.sin(item * (number + 1)))},{seconds * (1 + 0.1 * math.cos(item))}"
        for number in order or range(len(systems))
        for right, joules, seconds in [systems[number]]
        for item in range(items)
    ]
    return analyse(imported_table("system,item,score,joules,seconds\n" + "\n".join(rows), folder))


def decided(table: Table, choice: dict[str, Any], **made: Any) -> Decision:
    analysis = analysed(table, **made)
    return call_on(decide, analysis.under(Assumptions(decision=DecisionChoice(**choice))))


def words_of(table: Table, choice: dict[str, Any]) -> str:
    analysis = analysed(table).under(Assumptions(decision=DecisionChoice(**choice)))
    return call_on(decision_words, analysis, call_on(decide, analysis)).advice


@pytest.mark.slow
@given(tables, choices)
@settings(deadline=None, max_examples=60)
def test_the_advised_system_meets_every_requirement_by_its_bounds(table: Table, choice: dict[str, Any]) -> None:
    decision = decided(table, choice)
    for each in decision.systems:
        for check in each.checks:
            kept = [each is None or (each >= check.required) is check.is_least for each in (check.low, check.high)]
            if check.low is not None and check.low != check.required != check.high:
                expected = {(True, True): Qualifies.YES, (False, False): Qualifies.NO}
                assert check.outcome is expected.get(tuple(kept), Qualifies.MAY)
    if decision.chosen is not None:
        chosen = decision.of(decision.chosen)
        assert not chosen.useless and not chosen.apart and chosen.counted
        for check, counted in zip(chosen.checks, chosen.counted_bounds, strict=True):
            assert check.outcome is Qualifies.YES
            assert counted >= check.required * (1 - 1e-6) if check.is_least else counted <= check.required * (1 + 1e-6)
    elif decision.settings.requirements and decision.surest is not None:
        assert not any(each.counted for each in decision.systems if not each.useless and not each.apart)
        assert decision.surest in words_of(table, choice)


@pytest.mark.slow
@given(tables, choices)
@settings(deadline=None, max_examples=60)
def test_no_other_system_that_can_be_advised_is_as_good_on_every_printed_axis(
    table: Table, choice: dict[str, Any]
) -> None:
    decision = decided(table, choice)
    shown = {decision.chosen, *([decision.between.cheaper, decision.between.dearer] if decision.between else [])}
    able = [each for each in decision.systems if each.counted and not each.useless and not each.apart]
    for one, other in itertools.product([each for each in able if each.system in shown], able):
        assert not _dominates(other, one), (other.system, one.system)


def _dominates(other: SystemDecision, one: SystemDecision) -> bool:
    pairs = [(-_estimate(other.accuracy), -_estimate(one.accuracy))]
    pairs += [(_estimate(other.cost_per_request), _estimate(one.cost_per_request))]
    pairs += [(_estimate(other.cost_per_correct), _estimate(one.cost_per_correct))]
    return all(a <= b for a, b in pairs) and any(a < b - 1e-9 * abs(b) for a, b in pairs)


def _estimate(interval: Any) -> float:
    return math.inf if interval is None else interval.estimate


@pytest.mark.slow
@given(tables, choices, st.integers(0, 100))
@settings(deadline=None, max_examples=30)
def test_another_system_moves_no_figure_and_no_bound(table: Table, choice: dict[str, Any], right: int) -> None:
    items, systems = table
    alone, more = decided(table, choice), decided((items, (*systems, (right, 2.0, 0.3))), choice)
    for each in alone.systems:
        same = more.of(each.system)
        assert same.accuracy == each.accuracy
        if same.cost_per_request is not None and each.cost_per_request is not None:
            one, other = each.cost_per_request, same.cost_per_request
            assert (other.estimate, other.low, other.high) == pytest.approx((one.estimate, one.low, one.high))
        for one, other in zip(each.checks, same.checks, strict=True):
            assert (other.estimate, other.low, other.high) == pytest.approx((one.estimate, one.low, one.high))
            assert (other.outcome, other.items_to_decide) == (one.outcome, one.items_to_decide)


@pytest.mark.slow
@given(tables, choices)
@settings(deadline=None, max_examples=40)
def test_a_looser_requirement_disqualifies_no_system(table: Table, choice: dict[str, Any]) -> None:
    strict = decided(table, choice | {"min_accuracy": "0.6", "max_joules_per_request": 2.0})
    loose = decided(table, choice | {"min_accuracy": "0.5", "max_joules_per_request": 2.5})
    rank = {Qualifies.NO: 0, Qualifies.MAY: 1, Qualifies.YES: 2}
    for each in strict.systems:
        assert rank[loose.of(each.system).qualifies] >= rank[each.qualifies]


@pytest.mark.slow
@given(tables, choices, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_the_order_of_systems_changes_nothing(table: Table, choice: dict[str, Any], random: Any) -> None:
    order = list(range(len(table[1])))
    random.shuffle(order)
    one, other = decided(table, choice), decided(table, choice, order=tuple(order))
    if len(set(table[1])) == len(table[1]):  # of equal systems the first is taken
        assert (one.chosen, one.surest, one.why_none) == (other.chosen, other.surest, other.why_none)
        assert {each.system: each.qualifies for each in one.systems} == {
            each.system: each.qualifies for each in other.systems
        }
        assert {each.system: each.counted for each in one.systems} == {
            each.system: each.counted for each in other.systems
        }


@pytest.mark.slow
@given(tables, choices)
@settings(deadline=None, max_examples=30)
def test_the_unit_of_joules_changes_nothing(table: Table, choice: dict[str, Any]) -> None:
    """A thousandfold of all joules and of what is required of them."""
    scaled = dict(choice)
    if "max_joules_per_request" in scaled:
        scaled["max_joules_per_request"] *= 1000
    one, other = decided(table, choice), decided(table, scaled, scale=1000.0)
    assert (one.chosen, one.surest, one.best) == (other.chosen, other.surest, other.best)
    if one.between is not None and other.between is not None:
        assert (one.between.cheaper, one.between.dearer) == (other.between.cheaper, other.between.dearer)


@pytest.mark.slow
@given(tables, choices)
@settings(deadline=None, max_examples=60)
def test_the_sentence_says_first_what_to_do_in_at_most_30_words(table: Table, choice: dict[str, Any]) -> None:
    text, decision = words_of(table, choice), decided(table, choice)
    assert len(text.split()) <= 30, text
    first = text.split()[0]
    assert first == ("Run" if decision.chosen else "Choose" if decision.between else first)
    assert first in ("Run", "Choose", "Measure")
    if decision.chosen is None and decision.between is None:
        assert first == "Measure" or text.startswith("Run none")


@pytest.mark.slow
@given(tables, choices)
@settings(deadline=None, max_examples=30)
def test_more_risk_qualifies_more(table: Table, choice: dict[str, Any]) -> None:
    analysis = analysed(table).under(Assumptions(decision=DecisionChoice(**choice)))
    less, more = (call_on(decide, analysis, replace(analysis.weighed.settings, risk=risk)) for risk in (0.05, 0.2))
    for each in less.systems:
        if each.qualifies is not Qualifies.MAY:
            assert more.of(each.system).qualifies is each.qualifies


cells = st.sampled_from(
    [("1", "2.5", "0.1"), ("0", "2.5", "0.2"), ("0.4", "", "9"), ("", "0", "0.1"), ("1", "1e-9", "")]
)
ragged = st.lists(
    st.lists(st.tuples(st.integers(0, 30), cells), min_size=1, max_size=31, unique_by=lambda row: row[0]),
    min_size=1,
    max_size=4,
)
of_domains = st.sampled_from([{}, {"min_accuracy": "0.5,a=0.6"}, {"min_accuracy": "0.4", "max_p95_s": 0.15}])
of_costs = st.sampled_from(
    [{}, {"max_joules_per_request": 2.6}, {"max_cost_per_request": 0.01}, {"worth_right": 1.0}, {"minimise": "seconds"}]
)


@given(ragged, of_domains, of_costs, st.sampled_from(["", "a=1,b=3", "a=1,b=0"]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_tables_with_gaps_come_to_a_sentence_or_a_named_error(
    systems: list[list[tuple[int, tuple[str, str, str]]]], required: dict[str, Any], costs: dict[str, Any], mix: str
) -> None:
    folder = fresh_folder()
    rows = [
        f"s{number},{item},{'ab'[item % 2]},{','.join(cell)},{0.002 * (number + 1)}"
        for number, of_system in enumerate(systems)
        for item, cell in of_system
    ]
    choice = DecisionChoice(**required, **costs)
    try:
        run = imported_table("system,item,domain,score,joules,seconds,cost\n" + "\n".join(rows), folder)
        analysis = analyse(run).under(Assumptions(workload=WorkloadChoice(mix or None), decision=choice))
    except UserError:
        return
    words = call_on(decision_words, analysis, call_on(decide, analysis))
    assert words.advice.split()[0] in ("Run", "Choose", "Measure")
    assert len(words.advice.split()) <= 30, words.advice
    json.dumps(decision_data(words), allow_nan=False)
    for text in (words.advice, *words.evidence, *(cell.text for row in words.table.rows for cell in row)):
        assert "{" not in text
        assert not {"nan", "None", "inf"} & set(text.split())
