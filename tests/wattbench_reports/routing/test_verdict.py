"""Worth building, not worth it, or not known: by the judged choices together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.routed import pick
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.model import Ceiling, RoutingChoice, RoutingVerdict, WorthBuilding
from wattbench_reports.routing.verdict import verdict

UNREAD = {"nearest": "the prompts are not on record"}


def _context(items: int, cheap: float = 0.95, **changes: object) -> StudyContext:
    scores, domains = by_domain({"cheap": {"a": cheap, "b": 0.3}, "dear": {"a": 0.8, "b": 0.9}}, items)
    return context_of(answers_of(scores, [1.0, 4.0], domains, systems=("cheap", "dear")), **changes)


def _by_domain(context: StudyContext) -> RoutingChoice:
    return judge(context, "domain", "", "accurate", pick(context.answers, context.answers.domain), ("cheap", "dear"))


def _always(context: StudyContext, column: int) -> RoutingChoice:
    columns = np.full(context.answers.items, column)
    return judge(context, "file", "always", "", pick(context.answers, columns), ("cheap", "dear"))


def _verdict(
    context: StudyContext, choices: Sequence[RoutingChoice], not_judged: dict[str, str] | None = None
) -> RoutingVerdict:
    answers = context.answers
    perfect = judge(context, "item", "", "", pick(answers, answers.score.argmax(axis=1)), answers.systems)
    return verdict(context, choices, Ceiling(perfect, None, "", None, None), not_judged or {})


def test_a_sure_gain_is_worth_building() -> None:
    context = _context(500)
    found = _verdict(context, [_always(context, 1), _by_domain(context)], UNREAD)
    assert found.answer == WorthBuilding.YES
    assert found.choice is not None
    assert found.choice.kind == "domain"
    assert found.gain is not None
    assert found.gain.low > 0
    assert found.least == 0.01
    assert found.judged == 2
    assert found.items_to_tell is None


def test_a_hybrid_above_the_ceiling_leaves_it_open() -> None:
    context = _context(500, cheap=0.1)
    answers = context.answers
    low = judge(context, "item", "", "", pick(answers, np.ones(answers.items, dtype=np.int64)), answers.systems)
    perfect = Ceiling(low, None, "", None, None)
    assert verdict(context, [], perfect, {}).answer == WorthBuilding.NO
    exceeded = dataclasses.replace(perfect, exceeded="hybrid answers more of them")
    assert verdict(context, [], exceeded, {}).answer == WorthBuilding.UNKNOWN


def test_few_items_do_not_tell_and_how_many_would_is_said() -> None:
    context = _context(12, cheap=0.5)
    found = _verdict(context, [_always(context, 0), _by_domain(context)])
    assert found.answer == WorthBuilding.UNKNOWN
    assert found.items_to_tell is not None
    assert found.items_to_tell > 24


def test_no_number_of_items_tells_what_unjudged_routers_gain() -> None:
    context = _context(12)
    assert _verdict(context, [_always(context, 1)]).items_to_tell is not None
    unread = _verdict(context, [_always(context, 1)], UNREAD)
    assert (unread.answer, unread.items_to_tell) == (WorthBuilding.UNKNOWN, None)


def test_no_gain_in_many_items_is_not_worth_it() -> None:
    context = _context(4000)
    choices = [_always(context, 1), _always(context, 0)]
    assert _verdict(context, choices).answer == WorthBuilding.NO
    unread = _verdict(context, choices, UNREAD)
    assert unread.answer == WorthBuilding.UNKNOWN
    assert unread.items_to_tell is None


def test_a_ceiling_without_gain_is_enough() -> None:
    scores = np.repeat([[1.0, 1.0], [0.0, 0.0]], 100, axis=0)
    context = context_of(answers_of(scores, [1.0, 2.0]))
    assert _verdict(context, [], UNREAD).answer == WorthBuilding.NO


def test_nothing_judged_is_not_known() -> None:
    found = _verdict(_context(500), [], UNREAD)
    assert (found.answer, found.choice, found.gain) == (WorthBuilding.UNKNOWN, None, None)


def test_one_block_tells_nothing() -> None:
    scores, domains = by_domain({"cheap": {"a": 1.0, "b": 0.0}, "dear": {"a": 0.0, "b": 1.0}}, 50)
    context = context_of(answers_of(scores, [1.0, 4.0], domains, cluster=np.zeros(100), systems=("cheap", "dear")))
    assert _verdict(context, [_by_domain(context)]).answer == WorthBuilding.UNKNOWN


def test_a_requirement_that_is_not_met_is_never_worth_it() -> None:
    context = _context(500, settings=DecisionSettings((Requirement("accuracy", 0.99),)))
    choice = _by_domain(context)
    assert choice.qualifies == Qualifies.NO
    assert _verdict(context, [choice]).answer != WorthBuilding.YES


@pytest.mark.parametrize(("aim", "worth"), [("cost", 0.0), ("benefit", 50.0)])
def test_other_aims(aim: str, worth: float) -> None:
    context = _context(500, aim=aim, worth=worth)
    found = _verdict(context, [_by_domain(context)])
    assert found.answer == WorthBuilding.YES
    assert found.gain is not None
    assert found.gain.estimate == pytest.approx(_by_domain(context).gain.estimate)


def test_a_gain_of_three_items_of_thirty_is_not_sure() -> None:
    scores = np.ones((30, 2))
    scores[:3, 1] = 0.0
    context = context_of(answers_of(scores, [4.0, 4.0], systems=("a", "b")))
    context = StudyContext(context.answers, type(context.baseline)("mix", 1, (1,)), context.settings)
    lucky = judge(context, "file", "x", "", pick(context.answers, np.zeros(30, dtype=np.int64)), ("a",))
    assert lucky.gain.estimate == pytest.approx(0.1)
    assert _verdict(context, [lucky]).answer == WorthBuilding.UNKNOWN


def test_a_coin_that_saves_within_the_room_of_a_requirement_is_no_router() -> None:
    context = _context(2000, aim="cost", settings=DecisionSettings((Requirement("accuracy", 0.75),)))
    answers = context.answers
    coin = np.random.default_rng(3).random(answers.items) < 0.8
    choice = judge(context, "file", "coin", "", pick(answers, coin.astype(np.int64)), ("cheap", "dear"))
    assert choice.qualifies == Qualifies.YES
    assert choice.gain.low > 0.4
    found = _verdict(context, [choice])
    assert found.answer != WorthBuilding.YES
    assert found.above_mix is not None
    assert found.above_mix.low < 0 < found.above_mix.high
    better = _verdict(context, [choice, _by_domain(context)])
    assert (better.answer, better.choice and better.choice.kind) == (WorthBuilding.YES, "domain")


def test_what_keeps_its_bounds_is_recommended_before_what_saves_more() -> None:
    context = _context(60, aim="cost", settings=DecisionSettings((Requirement("accuracy", 0.83),)))
    choices = [_always(context, 0), _always(context, 1), _by_domain(context)]
    found = _verdict(context, choices)
    assert found.choice is not None
    assert found.choice.kind == "domain"


def test_what_is_as_accurate_as_the_best_is_recommended_before_what_gains_more_on_a_mix() -> None:
    chances = {"cheap": {"a": 0.95, "b": 0.05}, "middle": {"a": 0.2, "b": 0.6}, "dear": {"a": 0.8, "b": 0.8}}
    scores, domains = by_domain(chances, 800)
    context = context_of(answers_of(scores, [1.0, 2.0, 10.0], domains, systems=tuple(chances)))
    lax, exact = (
        judge(context, "file", name, "", pick(context.answers, columns[context.answers.domain]), tuple(chances))
        for name, columns in {"lax": np.array([0, 1]), "exact": np.array([0, 2])}.items()
    )
    assert lax.gain.estimate > exact.gain.estimate > 0.01
    assert lax.accuracy_gain.estimate < 0 < exact.accuracy_gain.estimate
    found = _verdict(context, [lax, exact])
    assert found.choice is not None
    assert found.choice.name == "exact"
