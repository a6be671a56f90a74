"""Tabulate a decision: one row per system, in the order of the decision."""

from __future__ import annotations

from collections.abc import Callable

from wattbench_reports.decision.model import Decision, SystemDecision
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.presenter.model import Cell, Column, Table
from wattbench_reports.stats.percentiles import label
from wattbench_reports.wording.decision.advice import (
    currency_of,
    leaders_off_hull,
    may_be_worth,
    on_hull,
    taking_part,
)
from wattbench_reports.wording.decision.costs import CostWords, benefit_words, request_words, right_words
from wattbench_reports.wording.decision.phrases import PHRASES
from wattbench_reports.wording.decision.requirements import qualifies


def decision_table(decision: Decision) -> Table:
    """Tabulate a decision: a row per system in the order of the decision, which holds all that it needs.

    A column that no system has a figure for is left out. Without requirements the last one says what a further right
    answer costs, or which system dominates this one. A cell restates ``decision-<row>-<name of the column>``, of
    ``system``, ``accuracy``, ``per-request``, ``per-correct``, ``tail``, ``benefit``, ``qualifies`` and ``price``.
    """
    words = right_words(decision)
    systems = decision.systems
    columns = [Column("system")]
    cells = [[Cell(each.system, restates=f"decision-{row}-system") for row, each in enumerate(systems)]]

    def add(key: str, heading: str, cell: Callable[[SystemDecision], str], *, number: bool = True) -> None:
        texts = [cell(each) for each in systems]
        if any(text != units.NONE for text in texts):
            columns.append(Column(heading, numeric=number))
            cells.append([Cell(text, restates=f"decision-{row}-{key}") for row, text in enumerate(texts)])

    add("accuracy", "accuracy", lambda each: units.percent_interval(each.accuracy))
    if decision.unit is not None and decision.objective == "cost":
        requests = request_words(decision)
        heading = per_request_heading(requests)
        add("per-request", heading, lambda each: requests.bounds(each.cost_per_request))
    if decision.unit is not None:
        add("per-correct", per_correct_heading(words), lambda each: _per_correct(each, words))
    if decision.tail_share is not None:
        add("tail", label(decision.tail_share), lambda each: units.quantity(each.tail_latency_s, "s"))
    if decision.objective == "benefit":
        gains = benefit_words(decision)
        heading = f"net benefit per {gains.many} requests" if gains.many else "net benefit per request"
        add("benefit", heading, lambda each: gains.bounds(each.benefit))
    if decision.settings.requirements:
        add(
            "qualifies",
            "qualifies?",
            lambda each: qualifies(each, decision.choice_of, currency_of(decision)),
            number=False,
        )
    elif decision.objective == "prices" and len(systems) > 1:
        heading = f"{words.many} further right answers" if words.many else "a further right answer"
        add("price", heading, lambda each: price_cell(decision, each, words), number=False)
    return Table("", tuple(columns), tuple(zip(*cells, strict=True)), prose=not columns[-1].numeric)


_NAMES = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "CO2e", CostUnit.MONEY: "cost", CostUnit.SECONDS: "seconds"}


def per_request_heading(words: CostWords) -> str:
    """Name the column of costs per request: ``joules per request``."""
    assert words.unit is not None
    return f"{_NAMES[words.unit]} per {words.many} requests" if words.many else f"{_NAMES[words.unit]} per request"


def per_correct_heading(words: CostWords) -> str:
    """Name the column of costs per correct answer, in the reader's unit: ``joules per correct``."""
    assert words.unit is not None
    return f"{_NAMES[words.unit]} per {words.many} correct" if words.many else f"{_NAMES[words.unit]} per correct"


def _per_correct(system: SystemDecision, words: CostWords) -> str:
    none_right = system.accuracy is not None and system.accuracy.estimate == 0
    if system.cost_per_correct is None and system.cost_per_request is not None and none_right:
        return "none correct"
    return words.bounds(system.cost_per_correct)


def price_cell(decision: Decision, system: SystemDecision, words: CostWords) -> str:
    """Word the price of a further right answer, or why a system has none."""
    if system.apart:
        return PHRASES["apart"].format(reason=system.apart)
    step = next((each for each in decision.hull if each.dearer == system.system), None)
    if step is not None:
        return words.bounds(step.price)
    if _line(decision)[:1] == (system.system,):
        return PHRASES["cheapest_useless" if system.useless else "cheapest"]
    if system.useless:
        return PHRASES["in_doubt"]
    for name, low, high in leaders_off_hull(decision):
        if name == system.system:
            key = "choice_between" if low > 0 else "choice_below"
            return PHRASES[key].format(low=words.amount(low), price=words.amount(high), high=words.amount(high))
    if system.cost_per_request is None or system.accuracy is None:
        return PHRASES["cost_unknown"] if system.cost_per_request is None else units.NONE
    if may_be_worth(decision, system):
        return PHRASES["may_be_best"]
    return _dominated(decision, system)


def _line(decision: Decision) -> tuple[str, ...]:
    """List the systems that are the best choice at some worth of a right answer, the cheapest first."""
    return on_hull(decision.hull) or (() if decision.chosen is None else (decision.chosen,))


def _dominated(decision: Decision, system: SystemDecision) -> str:
    """Name the cheapest system of the hull that is as accurate and costs as little.

    Where there is none, say that a mixture of two systems of the hull is.
    """
    by_name = {each.system: each for each in taking_part(decision)}
    for name in _line(decision):
        if not by_name[name].useless and _as_good(by_name[name], system):
            return PHRASES["dominated"].format(name=name)
    return PHRASES["between"]


def _as_good(one: SystemDecision, other: SystemDecision) -> bool:
    if one.accuracy is None or other.accuracy is None or one.cost_per_request is None or other.cost_per_request is None:
        return False
    return (
        one.accuracy.estimate >= other.accuracy.estimate
        and one.cost_per_request.estimate <= other.cost_per_request.estimate
    )
