"""A routing study in words: golden texts for each verdict and aim, and what no text may do."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tests.made_up import routing_studies as made
from tests.made_up.routing_studies import study, verdict, within
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.presenter.text import as_text
from wattbench_reports.routing.model import MeasuredHybrid, RoutingStudy, WorthBuilding
from wattbench_reports.sections.routing import routing_words
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing import PHRASES, choices_table, routing_sentences, routing_verdict, study_measures

UNKNOWN, NO = WorthBuilding.UNKNOWN, WorthBuilding.NO


def may_qualify() -> RoutingStudy:
    """A saving that is clear, and a requirement that is not."""
    saves = made.saving(UNKNOWN)
    return replace(saves, verdict=replace(saves.verdict, items_to_tell=None))


def only_prompts_would_tell() -> RoutingStudy:
    """By domain nothing is gained, and routers that read requests were not judged."""
    made_up = made.not_worth_it()
    return replace(made_up, verdict=replace(made_up.verdict, answer=UNKNOWN))


def hybrid_above() -> RoutingStudy:
    """Nothing is gained by the candidates, and a hybrid that asks another system is above all of them."""
    above = "hybrid answers 81.3% of the same items correctly, because it asks tuned, which is not among these systems"
    made_up = made.perfect_gains_nothing()
    return replace(made_up, verdict=replace(made_up.verdict, answer=UNKNOWN),
                   ceiling=replace(made_up.ceiling, exceeded=above))  # fmt: skip


def with_a_hybrid(above: float) -> RoutingStudy:
    """A router gains, and the run has one whose accuracy is by so much above that."""
    gains = made.worth_building()
    accuracy = gains.verdict.choice.accuracy.estimate + above
    return replace(gains, hybrid=MeasuredHybrid("hybrid", accuracy, ("small", "large")))


def always_the_best() -> RoutingStudy:
    """Choosing by domain sends every request to the best system."""
    same = replace(made.by_domain(0.0, 0.0), shares={made.BEST: 1.0}, accuracy_gain=within(0, 0))
    return study(same, verdict=verdict(NO, same, judged=1))


def above_its_cost() -> RoutingStudy:
    """A router that costs more than the best system alone, and gains accuracy."""
    dear = made.choice("classifier", 0.74, 0.0141, to_best=0.9, setting="accurate", gain=within(0.034, 0.012))
    return study(dear, answer=UNKNOWN, sampled=400, notes=("answers without a cost have the mean of theirs",))


def fails_requirements() -> RoutingStudy:
    """No router meets what is required."""
    saves = made.saving(NO)
    below = replace(saves.choices[0].met[0], high=0.675)
    failing = replace(saves.choices[0], qualifies=Qualifies.NO, met=(below,))
    return replace(saves, choices=(failing,), verdict=verdict(NO, failing, least=0.0006))


KINDS: dict[str, Callable[[], RoutingStudy | str]] = {
    "accuracy, not worth it": made.not_worth_it,
    "accuracy, worth building": made.worth_building,
    "accuracy, worth building, and a hybrid is as accurate": lambda: with_a_hybrid(0.0),
    "accuracy, not known": made.not_known,
    "accuracy, worth building as it is cheaper": made.cheaper,
    "accuracy, above the best system's cost": above_its_cost,
    "joules, residents": made.in_joules,
    "cost, worth building": made.saving,
    "cost, not worth it": fails_requirements,
    "cost, may qualify": may_qualify,
    "benefit, worth building": made.with_worth,
    "benefit, not worth it": lambda: made.with_worth(NO, 0.0001),
    "benefit, not known": lambda: made.with_worth(UNKNOWN, 0.0009),
    "no costs": made.without_costs,
    "no router judged": made.no_router_judged,
    "only prompts would tell": only_prompts_would_tell,
    "a hybrid above": hybrid_above,
    "always the best": always_the_best,
    "a perfect router gains nothing": made.perfect_gains_nothing,
    "37 systems": made.many,
    "no study": lambda: "fewer than two systems answered the same items",
}


def test_the_words_of_every_kind_of_study(golden: Callable[[str, str], None]) -> None:
    said = []
    for name, made_up in KINDS.items():
        each = made_up()
        said += [f"## {name}", "", routing_verdict(each), ""]
        said += (
            []
            if isinstance(each, str)
            else [f"- {sentence}" for some in routing_sentences(each).values() for sentence in some]
        )
        said.append("")
    golden("routing-words.txt", "\n".join(said))


@pytest.mark.parametrize("name", ["accuracy, worth building", "joules, residents", "cost, may qualify", "37 systems"])
def test_a_terminal_shows_tables(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"routing-{name.replace(', ', '-').replace(' ', '-')}.txt", as_text(routing_words(KINDS[name]())))


@pytest.mark.parametrize("name", KINDS)
def test_no_line_is_wider_than_the_terminal(name: str) -> None:
    lines = as_text(routing_words(KINDS[name]())).splitlines()
    assert max(map(cell_len, lines)) <= 100
    assert all(line.isprintable() for line in lines)


def test_infinite_bounds_and_hostile_names_are_text() -> None:
    wide = made.by_words(Interval(0.02, -math.inf, math.inf))
    hostile = replace(made.not_worth_it(), choices=(wide,), verdict=verdict(UNKNOWN, wide),
                      left_out={"\x1b[31m<script>": "it has\nno score"})  # fmt: skip
    text = as_text(routing_words(hostile))
    assert "gains 2.0 points [−∞, ∞] of accuracy" in text
    assert "\x1b" not in text


def test_the_gain_is_held_against_one_system_alone() -> None:
    said = routing_verdict(made.worth_building())
    assert "where gpt-4 alone answers 70.6%: 2.7 points [1.1, 4.3] more, and saves 46% [43, 48] of its cost" in said
    assert "random mix" not in said
    assert "gpt-4-1106-preview alone answers 84.2%: 2.7 points" in routing_verdict(made.without_costs())
    dear = routing_verdict(above_its_cost())
    assert "gains 3.4 points [2.2, 4.6] of accuracy on gpt-4 alone, and costs 15% [9, 20] more; --worth-right" in dear
    whole = study_measures(above_its_cost()).best.cost.estimate
    tenfold = Interval(-9.0 * whole, -9.2 * whole, -8.8 * whole)
    dear = routing_verdict(replace(above_its_cost(), verdict=replace(above_its_cost().verdict, saving=tenfold)))
    assert "of accuracy on gpt-4 alone, and costs 10.0 [9.80, 10.2] times as much; --worth-right" in dear


@pytest.mark.parametrize("of", [made.cheaper, made.saving])
def test_what_is_recommended_below_the_best_accuracy_says_what_it_saves(of: Callable[[], RoutingStudy]) -> None:
    made_up = of()
    choice = made_up.verdict.choice
    top = max(made_up.singles, key=lambda each: each.accuracy.estimate)
    assert choice is not None and choice.accuracy.estimate < top.accuracy.estimate
    sentence = routing_verdict(made_up)
    assert f"{100 * choice.accuracy.estimate:.1f}%" in sentence
    assert f"{100 * top.accuracy.estimate:.1f}%" in sentence
    assert "would save" in sentence


def test_settings_that_come_to_the_same_have_one_row() -> None:
    same = [made.by_words(setting=setting) for setting in ("accurate", "value", "0.5")]
    names = [row[0].text for row in choices_table(study_measures(study(*same, answer=WorthBuilding.YES))).rows]
    assert [name for name in names if name.startswith("classifier")] == ["classifier, accurate"]


def test_of_many_routers_ten_are_shown_and_the_others_counted() -> None:
    table = choices_table(study_measures(made.many()))
    assert sum(row[0].text.startswith("router-") for row in table.rows) == 10
    assert "4 more routers not shown." in table.note
    assert "33 more systems not shown." in table.note
    assert len(table.rows) == 10 + 4 + 3


def test_a_phrase_has_only_named_fields() -> None:
    for key, phrase in PHRASES.items():
        fields = [field for _, field, _, _ in string.Formatter().parse(phrase) if field is not None]
        assert all(field.isidentifier() for field in fields), key


def test_a_hybrid_that_is_less_accurate_than_the_router_is_not_named() -> None:
    assert routing_verdict(with_a_hybrid(-0.001)) == routing_verdict(made.worth_building())
    assert "hybrid" in routing_verdict(with_a_hybrid(0.001))
