"""A decision in words: golden texts for each kind of decision."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from tests.made_up import decisions
from tests.made_up.decisions import check, decision, quick, step, system
from wattbench_reports.decision.model import Acceptability, Decision, Leader, WhichRun
from wattbench_reports.export.comparison.decision_text import closing, decision_text
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision import (
    PHRASES,
    DecisionWords,
    advice,
    decision_rows,
    evidence,
    main_caveat,
    qualifies,
)
from wattbench_reports.wording.decision.evidence import more_items


def none_qualifies() -> Decision:
    """Three systems of which none is as accurate and as fast as required."""
    slow = check(0.3, 0.41, 0.01, quantity="p95")
    return decision([
        system("tuned", 0.55, 8.2, check(0.8, 0.55, 0.0), check(0.3, 0.212, 0.99, quantity="p95")),
        system("hybrid", 0.79, 4.67, check(0.8, 0.79, 0.3), check(0.3, 0.33, 0.04, quantity="p95")),
        system("base", 0.25, 2.0, check(0.8, 0.25, 0.0), slow),
    ], why_none="no system meets the requirements")  # fmt: skip


def none_likely() -> Decision:
    """A system that meets the requirement with a probability of 30%."""
    return decision([system("hybrid", 0.79, 4.67, check(0.8, 0.79, 0.3, items=900)),
                     system("base", 0.25, 2.0, check(0.8, 0.25, 0.0))])  # fmt: skip


def tied() -> Decision:
    """Seven systems that are not distinguishable."""
    systems = [
        system(f"model-{letter}", 0.8, 4 + 0.1 * number, check(0.7, 0.8, 0.999), p_best=0.4 - number / 20, regret=0.12)
        for number, letter in enumerate("abcdefg")
    ]
    names = tuple(each.system for each in systems)
    return decision(systems, chosen=names[0], best=names, items_to_decide=4_200)


def cheaper_may() -> Decision:
    """The cheaper of two systems may qualify; the dearer one does."""
    return decision(
        [
            system("generalist", 0.45, 12.9, check(0.3, 0.45, 0.99), p_best=0.2, regret=7.0),
            system("specialist", 0.36, 3.17, check(0.3, 0.36, 0.79, items=60), p_best=0.8, regret=0.0),
        ],
        chosen="generalist", best=("generalist", "specialist"), items_to_decide=60,
    )  # fmt: skip


def several_requirements() -> Decision:
    """One system meets all four, in the domain of arithmetic, too; of another the memory is not known."""

    def checks(accuracy: float, arithmetic: float, p_met: float) -> tuple:
        return (check(0.6, accuracy, 0.999), check(0.7, arithmetic, p_met, domain="arithmetic"),
                check(0.5, 0.212, 0.98, quantity="p95"), check(6.0, 4.67, 0.97, quantity="joules"))  # fmt: skip

    systems = [system("hybrid", 0.813, 4.67, *checks(0.813, 0.77, 0.91), p_best=0.9, regret=0.01),
               system("tuned", 0.71, 5.1, *checks(0.71, 0.71, 0.52), p_best=0.1, regret=0.4),
               system("base", 0.61, 3.0, *checks(0.61, 0.2, 0.0))]  # fmt: skip
    return decision(systems, chosen="hybrid", best=("hybrid",))


def long_hull() -> Decision:
    """Five systems along the hull, one off it that may be worth its cost, and a yardstick."""
    names = ("tiny", "small", "medium", "large", "huge")
    systems = [system(name, 0.3 + 0.12 * number, 2.0**number) for number, name in enumerate(names)]
    prices = (8.3, 16.7, 33.3, 66.7)
    return decision(
        [*systems, system("other", 0.53, 4.1), system("oracle", 0.95, 0.5, apart="it is a yardstick")],
        hull=tuple(step(names[n], names[n + 1], price, price * 0.8, price * 1.3) for n, price in enumerate(prices)),
        acceptability=Acceptability(
            (0.0, 100.0), {**dict.fromkeys(names, (0.18, 0.18)), "other": (0.0, 0.1)},
            (Leader(0.0, "tiny"), *(Leader(price, name) for price, name in zip(prices, names[1:], strict=True))),
        ),
    )  # fmt: skip


def many(number: int = 37) -> Decision:
    """Systems of a public table, most of which are dominated."""
    systems = [
        system(f"vendor/a-rather-long-name-of-a-model-v{index}", 0.5 + index / 100, 1.0 + (index * 7 % number))
        for index in range(number)
    ]
    names = [each.system for each in systems]
    best = {name: (0.06, 0.06) if index < 9 else (0.0, 0.01) for index, name in enumerate(names)}
    return decision(
        systems,
        hull=(step(names[0], names[-1], 2.5, 2.1, 2.9),),
        acceptability=Acceptability((0.0, 1.0), best, (Leader(0.0, names[0]),)),
    )


def no_costs(**changes: object) -> Decision:
    """What a request costs is not known of two systems."""
    rows = (("gpt", 0.9, 0.8), ("claude", 0.88, 0.2), ("llama", 0.6, 0.0))
    systems = [system(name, accuracy, None, p_best=p_best, regret=0.012) for name, accuracy, p_best in rows]
    plain = {"unit": None, "label": "", "objective": "accuracy", "chosen": "gpt", "best": ("gpt",), "why_none": ""}
    return decision(systems, **{**plain, **changes})


KINDS: dict[str, Callable[[], Decision]] = {
    "quick": quick,
    "quick, at least 80%": lambda: quick(at_least=0.8),
    "cheap but useless": decisions.cheap_but_useless,
    "requirements met, next": several_requirements,
    "none qualifies": none_qualifies,
    "none is likely to qualify": none_likely,
    "tied": tied,
    "a cheaper one may qualify": cheaper_may,
    "prices along a long hull": long_hull,
    "money": decisions.priced,
    "money, a worth": lambda: decisions.priced(worth=Worth(0.01)),
    "a loss": lambda: dataclasses.replace(
        decisions.priced(worth=Worth(0.001)),
        systems=(system("gpt", 0.9, 0.0049, benefit=Interval(-0.004, -0.005, -0.003), p_best=0.6),
                 system("llama", 0.6, 0.01, benefit=Interval(-0.008, -0.009, -0.007), p_best=0.4)),
    ),
    "no costs": no_costs,
    "no costs, tied": lambda: no_costs(best=("gpt", "claude"), items_to_decide=1_900),
    "two provenances": lambda: no_costs(unit=None, why_none="the joules are not comparable"),
    "one system": lambda: decision([system("only", 0.61, 3.2)]),
    "one system, required": lambda: decision(
        [system("only", 0.61, 3.2, check(0.5, 0.61, 0.97))], chosen="only", best=("only",)
    ),
    "one dominates": lambda: decision(
        [system("both", 0.9, 1.0), system("other", 0.6, 2.0)],
        acceptability=Acceptability((0.0,), {"both": (1.0,), "other": (0.0,)}, (Leader(0.0, "both"),)),
    ),
    "no scores": lambda: decision([system(name, None, cost) for name, cost in (("a", 4.5), ("b", 5.5))]),
    "no system": lambda: decision([system("oracle", 0.95, 0.5, apart="it is a yardstick")],
                                  why_none="only yardsticks took part, so there is nothing to choose"),
    "37 systems": many,
}  # fmt: skip


def in_words(made: Decision, provenance: str = "counter") -> DecisionWords:
    columns, rows = decision_rows(made)
    return DecisionWords(made, advice(made, {}, provenance=provenance), evidence(made), columns, rows, None)


def test_golden(golden) -> None:
    parts = []
    for kind, make in KINDS.items():
        parts += [f"## {kind}", "", *decision_text(in_words(make())), ""]
    golden("decisions.txt", "\n".join(parts))


@pytest.mark.parametrize("kind", KINDS)
def test_the_advice_is_one_sentence_and_the_table_fits_a_terminal(kind: str) -> None:
    words = in_words(KINDS[kind]())
    assert words.advice.endswith(".")
    assert ". " not in words.advice
    assert "{" not in words.advice
    assert len(words.rows) == len(words.decision.systems)
    assert max(cell_len(line) for line in closing(words)) <= 100


def test_modelled_joules_are_said() -> None:
    assert "5.74 [4.93, 6.81] J (modelled) with hybrid" in advice(quick(), {}, provenance="modelled")
    assert "4.67 J per request (partly modelled)" in advice(quick(at_least=0.8), {}, provenance="counter+modelled")


def test_a_bound_of_energy_or_time_is_of_the_machine_in_this_run_or_of_another_run() -> None:
    of_this = (
        "Whether a bound on {} is kept is said of the machine as it was in this run; of another run it is not known "
        "(one session)."
    )
    for quantity, there in (("joules", True), ("p95", True), ("accuracy", False), ("cost", False)):
        one = system("one", 0.8, 2.0, check(0.5, 0.8, 1.0, quantity=quantity))
        assert (of_this.format(quantity) in evidence(decision([one]))) is there
    bound = check(0.5, 0.8, 1.0, quantity="joules")
    known = decision([system("one", 0.8, 2.0, dataclasses.replace(bound, machine=WhichRun.ANOTHER_RUN))], sessions=5)
    assert "Whether a bound on joules is kept is said of another run on this machine (5 sessions)." in evidence(known)


def test_how_sure_a_choice_is_says_that_it_holds_for_another_run() -> None:
    systems = [system(name, 0.8, 2.0, check(0.5, 0.8, 1.0), p_best=0.6, regret=0.1) for name in ("one", "other")]
    first = decision(systems, chosen="one", objective="cost")
    known = dataclasses.replace(first, machine=WhichRun.ANOTHER_RUN, sessions=4)
    said = "That is of another run on this machine (4 sessions)."
    assert said in evidence(known) and said not in evidence(first)
    assert any("is best with a probability of" in each for each in evidence(first))


def test_from_few_items_the_regret_is_said_alone() -> None:
    systems = [system(name, 0.8, 2.0, check(0.5, 0.8, 1.0), regret=0.1) for name in ("one", "other")]
    said = evidence(decision(systems, chosen="one", objective="cost"))
    assert (
        "The expected regret of running one is 100 mJ per request; from fewer than 30 items it is not said how "
        "probably it is the best."
    ) in said


def test_a_useless_system_is_not_advised_and_its_gap_is_said() -> None:
    text = advice(quick(), {})
    assert "in place of rules-arithmetic, which answers no item of text correctly (0 of 32)" in text
    assert "Run rules-arithmetic" not in text


def test_a_system_has_the_name_that_the_caller_gives_it() -> None:
    assert "with the hybrid in place of" in advice(quick(), {"hybrid": "the hybrid"})


def test_what_is_not_known_is_said_in_the_cell() -> None:
    unknown = system("api", 0.9, 1.0, check(8.0, None, None, quantity="memory", reason="memory was not recorded"))
    assert qualifies(unknown) == "not known: memory was not recorded"


def test_no_figure_needs_an_exponent() -> None:
    for make in KINDS.values():
        said = "\n".join(decision_text(in_words(make())))
        assert "e-0" not in said
        assert "0.000" not in said


def test_every_phrase_is_used_with_fields_that_have_a_name() -> None:
    for text in PHRASES.values():
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text))


def test_the_main_caveat_can_change_the_choice(analysed, fake) -> None:
    systems = (fake.System("modelled", provenance="modelled"), fake.System("measured"))
    analysis = analysed(fake.Run(systems, items=20))
    codes = [each.code for each in analysis.comparison.caveats]
    assert {"mixed-provenance", "modelled-energy", "few-requests"} <= set(codes)
    caveat = main_caveat(analysis)
    assert caveat is not None
    assert caveat.code == "mixed-provenance"
    in_money = main_caveat(analysis, decisions.priced())
    assert in_money is not None
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
