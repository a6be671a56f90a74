"""Worth building, not worth it, or not known: by the judged choices together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.routing_worlds import answers_of, by_domain, context_of
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.item_answers import pick
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.model import Ceiling, RoutingChoice, RoutingVerdict, WorthBuilding
from wattbench_reports.routing.router_own import with_own_cost
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
    assert found.choice.kind == "domain"
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
    assert found.gain.estimate == pytest.approx(_by_domain(context).gain.estimate)


def test_a_gain_of_three_items_of_thirty_is_not_sure() -> None:
    scores = np.ones((30, 2))
    scores[:3, 1] = 0.0
    context = context_of(answers_of(scores, [4.0, 4.0], systems=("a", "b")))
    context = StudyContext(context.answers, type(context.baseline)("accuracy", 1, (1,)), context.settings)
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
    assert found.above_mix.low < 0 < found.above_mix.high
    better = _verdict(context, [choice, _by_domain(context)])
    assert (better.answer, better.choice and better.choice.kind) == (WorthBuilding.YES, "domain")


def test_what_keeps_its_bounds_is_recommended_before_what_saves_more() -> None:
    context = _context(60, aim="cost", settings=DecisionSettings((Requirement("accuracy", 0.83),)))
    choices = [_always(context, 0), _always(context, 1), _by_domain(context)]
    found = _verdict(context, choices)
    assert found.choice.kind == "domain"


def test_of_what_is_worth_building_what_is_as_accurate_is_recommended_before_what_saves_more() -> None:
    scores, domains = by_domain(
        {"cheap": {"a": 0.9, "b": 0.3, "c": 0.9}, "dear": {"a": 0.9, "b": 0.95, "c": 0.92}}, 3000
    )
    context = context_of(answers_of(scores, [1.0, 10.0], domains, systems=("cheap", "dear")))
    columns = {"lax": np.array([0, 1, 0]), "exact": np.array([0, 1, 1])}
    lax, exact = (_routed(context, name, each[context.answers.domain]) for name, each in columns.items())
    assert lax.cost.estimate < exact.cost.estimate
    assert -0.01 < lax.accuracy_gain.estimate < 0
    context_way = _verdict(context, [lax, exact])
    assert context_way.choice.name == ("exact" if exact.accuracy_gain.estimate >= 0 else "lax")


def _routed(context: StudyContext, name: str, columns: np.ndarray, own: float = 0.0) -> RoutingChoice:
    routed = with_own_cost(pick(context.answers, columns), {"money": own}, context.answers.unit)
    return judge(context, "file", name, "", routed, context.answers.systems)


def three_systems(items: int = 3000, **changes: object) -> StudyContext:
    """One system at 94%, one at 75%, and one at 60% that is as good as the second on half of the items."""
    chances = {"best": {"a": 0.94, "b": 0.94}, "middle": {"a": 0.75, "b": 0.75}, "cheap": {"a": 0.74, "b": 0.46}}
    scores, domains = by_domain(chances, items // 2)
    return context_of(answers_of(scores, [10.0, 2.0, 1.0], domains, systems=tuple(chances)), **changes)


def test_a_router_below_one_model_alone_is_not_worth_building() -> None:
    """74.3% where one model alone has 75.0% and another 94.0%: far above a random mix of the cheap two."""
    context = three_systems()
    router = _routed(context, "x", np.where(context.answers.domain == 0, 2, 1))
    single = context.answers.mean_score
    assert single[1] > router.accuracy.estimate - 0.01
    assert router.above_mix is not None and router.above_mix.low > 0.02
    found = _verdict(context, [router])
    assert found.answer == WorthBuilding.NO
    assert found.accuracy is not None and found.accuracy.high < 0


def test_under_a_requirement_it_is_held_against_the_cheapest_that_meets_it() -> None:
    context = three_systems(aim="cost", settings=DecisionSettings((Requirement("accuracy", 0.7),)))
    context = dataclasses.replace(context, baseline=dataclasses.replace(context.baseline, single=1))
    router = _routed(context, "x", np.where(context.answers.domain == 0, 2, 1))
    found = _verdict(context, [router])
    assert (found.answer, found.way) == (WorthBuilding.YES, "cheaper")
    assert found.saving is not None and found.saving.low > 0
    met = router.met[0]
    assert met.low is not None and met.low >= 0.7
    dear = _routed(context, "x", np.where(context.answers.domain == 0, 2, 1), own=0.45)
    assert _verdict(context, [dear]).answer == WorthBuilding.NO


def test_the_routers_own_cost_is_in_what_it_saves() -> None:
    scores, domains = by_domain({"cheap": {"a": 0.8, "b": 0.3}, "dear": {"a": 0.8, "b": 0.9}}, 500)
    scores[:500, 0] = scores[:500, 1]
    context = context_of(answers_of(scores, [1.0, 4.0], domains, systems=("cheap", "dear")))
    columns = context.answers.domain
    found = _verdict(context, [_routed(context, "free", columns)])
    assert (found.answer, found.way) == (WorthBuilding.YES, "cheaper")
    assert found.saving is not None and found.saving.estimate == pytest.approx(1.5)
    dear = _verdict(context, [_routed(context, "dear", columns, own=1.6)])
    assert dear.answer != WorthBuilding.YES
    assert dear.saving is not None and dear.saving.high < 0


def test_more_accurate_at_more_cost_is_the_readers_to_price() -> None:
    found = _verdict(_context(500), [_routed(_context(500), "dear", _context(500).answers.domain, own=4.0)])
    assert found.answer == WorthBuilding.UNKNOWN
    assert found.accuracy is not None and found.accuracy.low > 0
    assert found.items_to_tell is None


def test_a_coin_between_two_alike_systems_is_no_router() -> None:
    """As accurate, and cheaper by a quarter: so is asking the cheap one."""
    rng = np.random.default_rng(1)
    scores = np.repeat(rng.random((4000, 1)) < 0.75, 2, axis=1).astype(float)
    scores[:4, 0] = 0.0
    context = context_of(answers_of(scores, [1.0, 2.0], systems=("cheap", "dear")))
    coin = _routed(context, "coin", (rng.random(4000) < 0.5).astype(np.int64))
    assert coin.cost_gain.high < -0.4 and coin.accuracy_gain.low > -0.01
    assert _verdict(context, [coin]).answer != WorthBuilding.YES


def test_without_costs_it_is_accuracy_alone() -> None:
    scores, domains = by_domain({"cheap": {"a": 0.95, "b": 0.3}, "dear": {"a": 0.8, "b": 0.9}}, 500)
    context = context_of(answers_of(scores, None, domains, systems=("cheap", "dear")))
    better, same = _routed(context, "x", context.answers.domain), _routed(context, "y", np.ones(1000, dtype=np.int64))
    found = _verdict(context, [better, same])
    assert (found.answer, found.way, found.saving) == (WorthBuilding.YES, "accurate", None)
    assert _verdict(context, [same]).answer == WorthBuilding.NO


@given(st.integers(0, 10**6), st.integers(30, 400), st.floats(0.0, 3.0))
@settings(max_examples=60)
def test_no_verdict_is_refuted_by_its_bounds(seed: int, items: int, own: float) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.random((items, 3)) < rng.uniform(0.2, 0.95, 3)).astype(float)
    context = context_of(
        answers_of(scores, rng.uniform(0.5, 5.0, 3), cluster=np.arange(items) % 8 if seed % 2 else None)
    )
    choices = [_routed(context, str(each), rng.integers(0, 3, items), own) for each in range(3)]
    choices.append(_routed(context, "perfect", scores.argmax(axis=1), own))
    found = _verdict(context, choices)
    assert found.choice is not None and found.accuracy is not None and found.saving is not None
    assert found.least_saving is not None
    assert (found.answer == WorthBuilding.YES) == bool(found.way)
    if found.way == "accurate":
        assert found.accuracy.low > 0 and found.saving.low >= -found.least_saving
    if found.way == "cheaper":
        assert found.saving.low > 0 and found.accuracy.low > -0.01
    if found.answer == WorthBuilding.NO:
        assert found.accuracy.high < 0.01 or found.ceiling_gain.high < 0.01
    for figure, estimate in ((found.accuracy, found.choice.accuracy_gain), (found.saving, found.choice.cost_gain)):
        assert figure.low <= abs(estimate.estimate) * np.sign(figure.estimate) <= figure.high
