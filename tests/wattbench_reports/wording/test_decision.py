"""A decision in words: golden texts for each kind of decision."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from tests.made_up import decisions
from tests.made_up.decisions import check, decision, quick, step, system
from wattbench_reports.decision.model import Between, Decision, Leader, WhichRun
from wattbench_reports.export.comparison.decision_section import decision_section
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.presenter.text import text_lines
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision import (
    PHRASES,
    DecisionWords,
    advice,
    decision_table,
    evidence,
    main_caveat,
    qualifies,
)
from wattbench_reports.wording.decision.advice import more_items


def none_qualifies() -> Decision:
    """Three systems of which none is as accurate and as fast as required."""
    slow = check(0.3, 0.41, 0.71, 0.83, quantity="p95", within=0.78)
    return decision([
        system("tuned", 0.55, 8.2, check(0.8, 0.55, 0.5, 0.6), check(0.3, 0.2, 0.97, 1.0, quantity="p95", within=1.0)),
        system("hybrid", 0.79, 4.67, check(0.8, 0.79, 0.75, 0.83), slow),
        system("base", 0.25, 2.0, check(0.8, 0.25, 0.21, 0.3), slow),
    ], surest="hybrid", why_none="no system meets the requirements")  # fmt: skip


def none_shown() -> Decision:
    """A system for which the requirement is open."""
    return decision([system("hybrid", 0.79, 4.67, check(0.8, 0.79, 0.75, 0.83, items=900), counted_bounds=(0.741,)),
                     system("base", 0.25, 2.0, check(0.8, 0.25, 0.21, 0.3))],
                    surest="hybrid", items_to_decide=1_400)  # fmt: skip


def alone_enough() -> Decision:
    """A system that meets the requirement by itself, and not as one of two."""
    return decision([system("hybrid", 0.84, 4.67, check(0.8, 0.84, 0.8004, 0.9), counted=False, counted_bounds=(0.79,)),
                     system("base", 0.79, 2.0, check(0.8, 0.79, 0.76, 0.82))],
                    surest="hybrid", items_to_decide=80)  # fmt: skip


def tied() -> Decision:
    """Seven systems that are not distinguishable."""
    systems = [
        system(f"model-{letter}", 0.8, 4 + 0.1 * number, check(0.7, 0.8, 0.75, 0.84))
        for number, letter in enumerate("abcdefg")
    ]
    names = tuple(each.system for each in systems)
    return decision(systems, chosen=names[0], best=names, items_to_decide=4_200)


def cheaper_may() -> Decision:
    """The cheaper of two systems may qualify; the dearer one does."""
    return decision(
        [
            system("generalist", 0.45, 12.9, check(0.3, 0.45, 0.39, 0.5)),
            system("specialist", 0.36, 3.17, check(0.3, 0.36, 0.29, 0.43, items=60)),
        ],
        chosen="generalist", best=("generalist",),
    )  # fmt: skip


def several_requirements() -> Decision:
    """One system meets all four, in the domain of arithmetic, too; of another the memory is not known."""

    def checks(accuracy: float, arithmetic: float) -> tuple:
        return (check(0.6, accuracy, accuracy - 0.04, accuracy + 0.04),
                check(0.7, arithmetic, arithmetic - 0.06, arithmetic + 0.06, domain="arithmetic"),
                check(0.5, 0.212, 0.97, 0.999, quantity="p95", within=0.99),
                check(6.0, 4.67, 4.2, 5.1, quantity="joules"))  # fmt: skip

    systems = [system("hybrid", 0.813, 4.67, *checks(0.813, 0.77)),
               system("tuned", 0.71, 5.1, *checks(0.71, 0.71)),
               system("base", 0.61, 3.0, *checks(0.61, 0.2))]  # fmt: skip
    return decision(systems, chosen="hybrid", best=("hybrid",))


def long_hull() -> Decision:
    """Five systems along the hull, one off it that may be worth its cost, and a yardstick."""
    names = ("tiny", "small", "medium", "large", "huge")
    systems = [system(name, 0.3 + 0.12 * number, 2.0**number) for number, name in enumerate(names)]
    prices = (8.3, 16.7, 33.3, 66.7)
    hull = tuple(step(names[n], names[n + 1], price, price * 0.8, price * 1.3) for n, price in enumerate(prices))
    return decision(
        [*systems, system("other", 0.53, 4.1, not_excluded_from_front=True),
         system("oracle", 0.95, 0.5, apart="it is a yardstick")],
        between=Between("tiny", "huge", hull[0].price, hull[-1].price), hull=hull,
        leaders=(Leader(0.0, "tiny"), *(Leader(price, name) for price, name in zip(prices, names[1:], strict=True))),
    )  # fmt: skip


def many(number: int = 37) -> Decision:
    """Systems of a public table, most of which are dominated."""
    systems = [
        system(
            f"vendor/a-rather-long-name-of-a-model-v{index}", 0.5 + index / 100, 1.0 + (index * 7 % number),
            not_excluded_from_front=index < 9,
        )
        for index in range(number)
    ]  # fmt: skip
    names = [each.system for each in systems]
    hull = (step(names[0], names[-1], 2.5, 2.1, 2.9),)
    pair = Between(names[0], names[-1], hull[0].price, hull[0].price)
    return decision(systems, between=pair, hull=hull, leaders=(Leader(0.0, names[0]), Leader(2.5, names[-1])))


def no_costs(**changes: object) -> Decision:
    """What a request costs is not known of two systems."""
    systems = [system(name, accuracy, None) for name, accuracy in (("gpt", 0.9), ("claude", 0.88), ("llama", 0.6))]
    plain = {"unit": None, "label": "", "objective": "accuracy", "chosen": "gpt", "best": ("gpt",), "why_none": "",
             "why_no_cost": "what a request costs cannot be compared"}  # fmt: skip
    return decision(systems, **{**plain, **changes})


KINDS: dict[str, Callable[[], Decision]] = {
    "quick": quick,
    "quick, at least 80%": lambda: quick(at_least=0.8),
    "cheap but useless": decisions.cheap_but_useless,
    "requirements met, next": several_requirements,
    "none qualifies": none_qualifies,
    "none is shown to qualify": none_shown,
    "one by itself alone": alone_enough,
    "a domain is not known": lambda: decision(
        [system("hybrid", 0.79, 4.67, check(0.8, 0.79, 0.75, 0.83, domain="arithmetic", items=900)),
         system("base", 0.75, 2.0, check(0.8, 0.75, 0.71, 0.81, domain="arithmetic"))],
        surest="hybrid", items_to_decide=1_400,
    ),
    "tied": tied,
    "a cheaper one may qualify": cheaper_may,
    "prices along a long hull": long_hull,
    "money": decisions.priced,
    "money, a worth": lambda: decisions.priced(worth=Worth(0.01)),
    "a loss": lambda: dataclasses.replace(
        decisions.priced(worth=Worth(0.001)),
        systems=(system("gpt", 0.9, 0.0049, benefit=Interval(-0.004, -0.005, -0.003)),
                 system("llama", 0.6, 0.01, benefit=Interval(-0.008, -0.009, -0.007))),
    ),
    "no costs": no_costs,
    "no costs, tied": lambda: no_costs(best=("gpt", "claude"), items_to_decide=1_900),
    "two provenances": lambda: no_costs(why_no_cost="the joules are not comparable"),
    "one system": lambda: decision([system("only", 0.61, 3.2)], chosen="only", best=("only",)),
    "one system, required": lambda: decision(
        [system("only", 0.61, 3.2, check(0.5, 0.61, 0.55, 0.67))], chosen="only", best=("only",)
    ),
    "two are tied": lambda: decision(
        [system("one", 0.9, 1.0), system("other", 0.89, 1.02)],
        chosen="one", best=("one", "other"), leaders=(Leader(0.0, "one"),),
    ),
    "one dominates": lambda: decision(
        [system("both", 0.9, 1.0), system("other", 0.6, 2.0)],
        chosen="both", best=("both",), leaders=(Leader(0.0, "both"),),
    ),
    "no scores": lambda: decision([system(name, None, cost) for name, cost in (("a", 4.5), ("b", 5.5))], chosen=None),
    "no system": lambda: decision([system("oracle", 0.95, 0.5, apart="it is a yardstick")],
                                  why_none="only yardsticks took part, so there is nothing to choose"),
    "37 systems": many,
}  # fmt: skip


def in_words(made: Decision, provenance: str = "counter") -> DecisionWords:
    return DecisionWords(made, advice(made, {}, provenance=provenance), evidence(made), decision_table(made), None)


def test_golden(golden) -> None:
    parts = []
    for kind, make in KINDS.items():
        parts += [f"## {kind}", "", *text_lines(decision_section(in_words(make()))), ""]
    golden("decisions.txt", "\n".join(parts))


@pytest.mark.parametrize("kind", KINDS)
def test_the_advice_is_one_sentence_of_30_words_and_the_table_fits_a_terminal(kind: str) -> None:
    words = in_words(KINDS[kind]())
    assert words.advice.endswith(".")
    assert ". " not in words.advice
    assert "{" not in words.advice
    assert len(words.advice.split()) <= 30
    assert words.advice.split()[0] in ("Run", "Measure", "Choose")
    of_the_rest = advice(words.decision, {}, dropped=True)
    assert len(of_the_rest.split()) <= 30 and "{" not in of_the_rest
    assert len(words.table.rows) == len(words.decision.systems)
    assert max(cell_len(line) for line in text_lines(decision_section(words))) <= 100


def test_modelled_joules_are_said() -> None:
    assert "7.87 J (modelled)" in advice(decisions.cheap_but_useless(), {}, provenance="modelled")
    assert "4.67 J per request (partly modelled)" in advice(quick(at_least=0.7), {}, provenance="counter+modelled")


def test_a_bound_of_energy_or_time_is_of_the_machine_in_this_run_or_of_another_run() -> None:
    of_this = "Bounds on {} are of the machine as it was in this run; of another run they are not known (one session)."
    for quantity, there in (("joules", True), ("p95", True), ("accuracy", False), ("cost", False)):
        one = system("one", 0.8, 2.0, check(0.5, 0.8, 0.7, 0.9, quantity=quantity))
        assert (of_this.format(quantity) in evidence(decision([one]))) is there
    bound = check(0.5, 0.8, 0.7, 0.9, quantity="joules")
    known = decision([system("one", 0.8, 2.0, dataclasses.replace(bound, machine=WhichRun.ANOTHER_RUN))], sessions=5)
    assert "Bounds on joules are of another run on this machine (5 sessions)." in evidence(known)


def test_the_choice_is_counted_where_there_is_one() -> None:
    counted = "As one chosen of 3, hybrid has at least 76.1% (Holm)."
    assert counted in evidence(quick(at_least=0.7))
    assert counted in evidence(quick(at_least=0.8))
    alone = decision([system("only", 0.61, 3.2, check(0.5, 0.61, 0.55, 0.67))], chosen="only", best=("only",))
    assert evidence(alone)[0] == "Each bound is wrong with a risk of at most 10%."
    assert not any("(Holm)" in each for each in evidence(alone))


def test_a_bound_that_rounds_to_what_is_required_is_said_to_be_near_it() -> None:
    near = system("near", 0.83, 1.0, check(0.8, 0.83, 0.79996, 0.86))
    assert qualifies(near, 1) == "open: just below 80.0% to 86.0%"
    over = system("over", 0.83, 1.0, check(0.8, 0.83, 0.80004, 0.86))
    assert qualifies(over, 1) == "yes: at least just above 80.0%"
    at = system("at", 0.83, 1.0, check(0.8, 0.83, 0.8, 0.86))
    assert qualifies(at, 1) == "yes: at least 80.0%"


def test_a_system_that_is_shown_to_be_worse_in_both_columns_is_not_said_to_be_best_perhaps() -> None:
    """By the test of the front alone it is not excluded, as few blocks show little."""
    made = decision(
        [
            system("better", 0.8, 4.0),
            system("worse", 0.35, 4.1, not_excluded_from_front=True),
            system("near", 0.76, 4.1, not_excluded_from_front=True),
        ],
        chosen="better",
        best=("better",),
    )
    last = [row[-1].text for row in decision_table(made).rows]
    assert last == ["costs the least", "dominated by better", "may be best"]


def test_a_system_has_the_name_that_the_caller_gives_it() -> None:
    assert advice(quick(), {"hybrid": "the hybrid"}).startswith("Run the hybrid: it is")


def test_of_a_run_that_dropped_systems_no_more_is_said_than_of_those_asked_to_the_end() -> None:
    alone = KINDS["one system"]()
    assert "only system" in advice(alone, {})
    assert "only system" not in advice(alone, {}, dropped=True)
    for kind, make in KINDS.items():
        text = advice(make(), {}, dropped=True)
        for claim in ("none has", "none is", "none meets", "no other system", "next is"):
            assert claim not in text, (kind, text)


def test_what_is_not_known_is_said_in_the_cell() -> None:
    unknown = system("api", 0.9, 1.0, check(8.0, None, None, None, quantity="memory", reason="memory was not recorded"))
    assert qualifies(unknown, 1) == "not known: memory was not recorded"


def test_every_phrase_is_used_with_fields_that_have_a_name() -> None:
    for text in PHRASES.values():
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text))


def test_the_main_caveat_can_change_the_choice(analysed, fake) -> None:
    systems = (fake.System("modelled", provenance="modelled"), fake.System("measured"))
    analysis = analysed(fake.Run(systems, items=20))
    codes = [each.code for each in analysis.comparison.caveats]
    assert {"mixed-provenance", "modelled-energy", "few-requests"} <= set(codes)
    caveat = main_caveat(analysis.comparison)
    assert caveat.code == "mixed-provenance"
    in_money = main_caveat(analysis.comparison, decisions.priced())
    assert in_money.code == "few-requests"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "a few more items"),
        (9, "a few more items"),
        (10, "about 10 more items"),
        (70_712, "about 70,700 more items"),
    ],
)
def test_further_items_have_three_digits(count: int, said: str) -> None:
    assert more_items(count) == said
