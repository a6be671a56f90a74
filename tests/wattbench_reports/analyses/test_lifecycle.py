"""What was trained, what it cost, when that is saved against every other system, and what a year of requests takes."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.made_up.prices import with_prices
from tests.made_up.records import call_on
from wattbench.records import read_run
from wattbench_reports.analyses.break_even import break_evens
from wattbench_reports.analyses.lifecycle import CumulativeEnergy, cumulative_energies, least_energy_ranges, totals
from wattbench_reports.analyses.training_cost import trainings
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.figures import CourseLine, Handover, lifecycle
from wattbench_reports.figures.drawing import complete
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.sections.lifecycle.lifecycle import lifecycle_section


def tuned(fake, name: str = "tuned", kind: str = "specialist", **more):
    ledger = more.pop("ledger", None) or {name: fake.trained()}
    return fake.System(name, kind, **{"accuracy": 0.7, "energy_j": 2.0, "training": ledger, **more})


def declared(energy_j: float = 7200.0, **more) -> dict[str, object]:
    """As `DeclaredTraining.summary` has it."""
    return {
        "method": "declared", "documents": None, "tokens": None, "teacher_tokens": None, "seconds": None,
        "energy_j": {"declared": energy_j}, "provenance": {"declared": "declared"}, "cpu": None,
        "source": "its model card", "year": 2024, "gpu_hours": None, "grams_co2e": None, **more,
    }  # fmt: skip


@pytest.fixture
def found(analysed, fake):
    """Systems in, the analysis and the section out."""

    def make(*systems, **settings):
        analysis = analysed(fake.Run(systems, **settings))
        return analysis, call_on(lifecycle_section, analysis)

    return make


def rows(section, caption: str) -> list[list[str]]:
    (table,) = [t for p in section.passages for t in (*p.tables, *p.folded) if t.caption.startswith(caption)]
    return [[cell.text for cell in row] for row in table.rows]


def said(section) -> str:
    return " ".join(sentence for passage in section.passages for sentence in passage.sentences)


def pair(analysis, system: str, against: str):
    (even,) = [each for each in call_on(break_evens, analysis) if (each.system, each.against) == (system, against)]
    return even


def test_all_that_was_trained_is_summed(found, fake) -> None:
    ledger = {"one": fake.trained(100.0), "two": fake.trained(20.0, teacher_tokens=500)}
    carbon = {"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.5}
    analysis, _ = found(fake.System("base"), tuned(fake, ledger=ledger), carbon=carbon)
    (training,) = call_on(trainings, analysis)
    assert (training.energy_j, training.seconds, training.tokens, training.teacher_tokens) == (
        120.0,
        1080.0,
        360_000,
        500,
    )
    assert training.provenance == "counter"
    assert training.grams_co2e == pytest.approx(120.0 / 3.6e6 * 150)
    assert [step.name for step in training.steps] == ["one", "two"]


def test_what_one_step_does_not_say_is_not_known_of_all(found, fake) -> None:
    analysis, section = found(fake.System("base"), tuned(fake, ledger={"one": fake.trained(), "big": declared()}))
    (training,) = call_on(trainings, analysis)
    assert training.energy_j == 10_800.0
    assert training.provenance == "counter+declared"
    assert (training.tokens, training.seconds) == (None, None)
    assert rows(section, "Training of")[0][2:5] == ["–", "–", "–"]


def brute_force(table: pd.DataFrame, ours: str, theirs: str, outlay_j: float, draws: int = 3000):
    """(estimate, low, high) of outlay / (J theirs - J ours), item by item from the records."""
    sums = table.groupby(["system", "task", "doc_id"])[["energy_j", "correct"]].sum()
    a, b = (sums.loc[name].sort_index().to_numpy() for name in (ours, theirs))

    def answers(rows: np.ndarray) -> float:
        (own_j, own), (other_j, other) = a[rows].sum(axis=0), b[rows].sum(axis=0)
        saved = other_j / other - own_j / own
        return outlay_j / saved if saved > 0 else math.inf

    rng = np.random.default_rng(99)
    drawn = [answers(rng.integers(0, len(a), len(a))) for _ in range(draws)]
    return answers(np.arange(len(a))), *np.quantile(drawn, [0.025, 0.975])


def test_break_even_against_the_records_by_brute_force(make_run, fake) -> None:
    dear, cheap = fake.trained(3600.0), fake.trained(900.0)
    run = make_run(
        fake.Run(
            (
                fake.System("base", energy_j=16.0),
                tuned(fake, ledger={"tuned": dear}),
                tuned(fake, "lite", "distilled", accuracy=0.6, energy_j=6.0, ledger={"lite": cheap}),
            )
        )
    )
    table = pd.read_parquet(run.layout.items_table)
    analysis = analyse(run)
    for against, outlay_j in (("base", 3600.0), ("lite", 2700.0)):  # the other one's own training counts
        even = pair(analysis, "tuned", against)
        estimate, low, high = brute_force(table, "tuned", against, outlay_j, draws=1500)
        assert even.outlay_j == outlay_j
        assert even.payback is not None
        assert even.payback.answers.estimate == pytest.approx(estimate)
        assert even.payback.answers.low == pytest.approx(low, rel=0.1)
        assert even.payback.answers.high == pytest.approx(high, rel=0.1)
    back = pair(analysis, "lite", "tuned")  # the same moment, seen from the other side
    assert back.ahead
    assert back.payback == pair(analysis, "tuned", "lite").payback


def test_what_needs_more_joules_is_never_paid_back(found, fake) -> None:
    analysis, section = found(fake.System("base", energy_j=1.0), tuned(fake, energy_j=64.0))
    payback = pair(analysis, "tuned", "base").payback
    assert payback is not None
    assert math.isinf(payback.answers.estimate)
    (row,) = rows(section, "Break-even in")
    assert row[4:6] == ["never", "under 1%"]


def test_at_once_where_it_took_less_to_train_and_takes_less_to_run(found, fake) -> None:
    lite = tuned(fake, "lite", "distilled", energy_j=1.0, ledger={"lite": fake.trained(60.0)})
    _, section = found(tuned(fake, energy_j=8.0), lite)
    told = {(row[0], row[1].removesuffix(" (strongest)")): row for row in rows(section, "Break-even in")}
    assert told["lite", "tuned"][3:6] == ["−3.54 kJ", "at once", "over 99%"]
    assert told["tuned", "lite"][4:6] == ["never", "under 1%"]


def test_ahead_until_the_other_one_catches_up(found, fake) -> None:
    lite = tuned(fake, "lite", "distilled", energy_j=8.0, ledger={"lite": fake.trained(60.0)})
    analysis, section = found(tuned(fake, energy_j=1.0), lite)
    told = {(row[0], row[1].removesuffix(" (strongest)")): row for row in rows(section, "Break-even in")}
    assert told["lite", "tuned"][4].startswith("at once, until ")
    assert told["lite", "tuned"][5] == "under 1%"
    caught, paid = pair(analysis, "lite", "tuned").payback, pair(analysis, "tuned", "lite").payback
    assert caught is not None
    assert caught == paid


def test_joules_of_another_provenance_are_refused_and_it_is_said_why(found, fake) -> None:
    ledger = {"tuned": fake.trained(provenance="modelled")}
    analysis, section = found(fake.System("base"), tuned(fake, ledger=ledger))
    assert pair(analysis, "tuned", "base").payback is None
    (row,) = rows(section, "Break-even in")
    assert row[4] == (
        "not available: their joules differ in provenance: modelled for the training of tuned, counter for the answers"
    )
    assert row[5] == "–"


def test_declared_joules_are_set_against_measured_ones_with_a_word_of_warning(found, fake) -> None:
    base = fake.System("base", energy_j=16.0)
    analysis, section = found(base, tuned(fake, ledger={"big": declared(grams_co2e=12.5, gpu_hours=3.0)}))
    even = pair(analysis, "tuned", "base")
    assert even.declared
    ours, theirs = (analysis.measured.systems[name].j_per_correct.estimate for name in ("tuned", "base"))
    assert even.payback is not None
    assert even.payback.answers.estimate == pytest.approx(7200.0 / (theirs - ours))
    assert rows(section, "Break-even in")[0][6] == "declared / counter"
    assert "The training of big is declared, not measured; source: its model card, 2024." in said(section)
    assert "Break-even values that involve tuned divide declared training joules by answer joules" in said(section)
    assert rows(section, "All trained components")[0][6:] == [
        "7.20 kJ", "declared", "its model card, 2024 (3 GPU-hours, 12.5 g CO2e)",
    ]  # fmt: skip


def test_nothing_declared_nothing_warned_of(found, fake) -> None:
    _, section = found(fake.System("base", energy_j=16.0), tuned(fake))
    assert "declared" not in said(section)


@pytest.mark.parametrize(
    ("base", "own", "reason"),
    [
        ({"energy_j": None}, {}, "base has no joules"),
        ({}, {"invalid": ("throttled",)}, "the measured windows of tuned are not all valid"),
        ({"accuracy": 0.0}, {}, "nothing answered correctly by base"),
        ({}, {"unread": True}, "the joules of its training are not known"),
        ({}, {"unmetered": 40}, "tuned has no joules"),
    ],
)
def test_why_there_is_no_figure(found, fake, base, own, reason: str) -> None:
    more = dict(own)
    if more.pop("unread", False):
        more["ledger"] = {"tuned": fake.trained(None)}
    analysis, section = found(fake.System("base", **base), tuned(fake, **more))
    assert pair(analysis, "tuned", "base").reason == reason
    assert rows(section, "Break-even in")[0][4] == f"not available: {reason}"


def test_a_specialist_is_set_against_others_in_its_domain(found, fake) -> None:
    analysis, section = found(
        fake.System("base", energy_j=16.0), tuned(fake, accuracy=0.0, by_domain={"text": 0.9}, domain="text")
    )
    even = pair(analysis, "tuned", "base")
    assert even.domain == "text"
    assert even.payback is not None
    assert even.payback.probability == 1.0
    assert rows(section, "Break-even in")[0][2] == "text"


def test_yardsticks_take_no_part(found, fake) -> None:
    routes = {"arithmetic": ("tuned",), "text": ("tuned",)}
    told = fake.System(
        "told", "hybrid", members=("tuned",), routes=routes, router="oracle", training={"tuned": fake.trained()}
    )
    analysis, section = found(tuned(fake, kind="generalist"), told)
    assert [training.system for training in call_on(trainings, analysis)] == ["tuned"]
    assert call_on(break_evens, analysis) == ()
    assert [total.system for total in call_on(totals, analysis)] == ["tuned"]
    assert "When the training has paid for itself" not in [passage.heading for passage in section.passages]


def test_the_strongest_alternative_is_the_thriftiest_that_is_not_less_accurate(found, fake) -> None:
    weak = fake.System("weak", "specialist", accuracy=0.05, energy_j=0.25)
    strong = fake.System("strong", "moe", accuracy=0.7, energy_j=6.0)
    stronger = fake.System("stronger", "moe", accuracy=0.8, energy_j=12.0)
    analysis, section = found(weak, strong, stronger, tuned(fake, accuracy=0.7), fake.System("base", accuracy=0.3))
    assert [each.against for each in call_on(break_evens, analysis) if each.rival] == ["strong"]
    assert [row[1] for row in rows(section, "Break-even in")] == ["strong (strongest)", "base"]
    assert [row[1] for row in rows(section, "Break-even against every other system (4 pairs)")] == [
        "weak", "strong (strongest)", "stronger", "base",
    ]  # fmt: skip


def test_who_has_no_equal_has_no_strongest_alternative(found, fake) -> None:
    _, section = found(fake.System("base", accuracy=0.1), tuned(fake, accuracy=0.9))
    assert "There is no strongest alternative to tuned" in said(section)


def test_what_is_shared_and_what_is_not_on_record_is_said(found, fake) -> None:
    ledger = {"tuned": fake.trained(), "mix": fake.trained()}
    _, section = found(
        fake.System("base"), tuned(fake), tuned(fake, "mix", "moe", ledger=ledger), fake.System("rules", "specialist")
    )
    sentences = section.passages[0].sentences
    assert sentences[0] == "No training is on record for rules: its cost is unknown, not zero."
    assert sentences[1].startswith("tuned is counted in full for each of several systems")
    assert "only where a ledger or a declaration states it" in section.lead
    assert [row[0] for row in rows(section, "All trained components, each once (2)")] == ["tuned", "mix"]


def test_a_year_is_its_requests_the_training_and_the_manufacture(make_run, fake) -> None:
    carbon = {"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25}
    run = make_run(fake.Run((fake.System("base"), tuned(fake)), carbon=carbon))
    table = pd.read_parquet(run.layout.items_table)
    found = call_on(
        totals, analyse(run, Assumptions(CarbonChoice(embodied="{g_per_device_hour: 36, source: a, year: 2024}"))), 500
    )
    for total, spent_j in zip(found, (0.0, 3600.0), strict=True):
        own = table[table["system"] == total.system]
        assert total.requests_j == pytest.approx(own["energy_j"].mean() * 500)
        assert total.energy_j == pytest.approx(own["energy_j"].mean() * 500 + spent_j)
        seconds = (own["finished_s"] - own["started_s"]).mean() * 500
        grams = (total.energy_j or 0.0) / 3.6e6 * 125 + seconds / 3600 * 36
        assert total.grams_co2e == pytest.approx(grams)
        assert total.training_recorded == (spent_j > 0)


def test_without_an_intensity_there_are_no_grams(found, fake) -> None:
    analysis, section = found(fake.System("base"), tuned(fake))
    assert {total.grams_co2e for total in call_on(totals, analysis)} == {None}
    assert rows(section, "Joules and CO2e of 1,000,000 requests")[0][-1] == "–"


def test_a_run_without_a_training_still_has_its_year_and_its_fleet(analysed, fake) -> None:
    section = call_on(lifecycle_section, analysed(fake.plain()))
    assert section is not None
    assert [passage.heading for passage in section.passages] == ["1,000,000 requests", "Fleet size"]


# Slopes a thousandth apart at least: nearer ones cross where rounding decides.
LINES = st.lists(
    st.tuples(st.integers(0, 10**6).map(float), st.integers(1, 10**6).map(lambda slope: slope / 1000)),
    min_size=1,
    max_size=12,
)


@given(LINES)
def test_the_stretches_are_the_lowest_lines_everywhere(lines: list[tuple[float, float]]) -> None:
    known = [CumulativeEnergy(str(place), *line) for place, line in enumerate(lines)]
    found = least_energy_ranges(known)
    assert found[0].first == 1.0
    assert found[-1].last == math.inf
    by_name = {course.system: course for course in known}
    for before, after in pairwise(found):
        assert before.last == after.first
        assert by_name[after.system].j_per_correct < by_name[before.system].j_per_correct
    for stretch in found:
        for answers in (stretch.first, min(stretch.last, 1e12), (stretch.first + min(stretch.last, 1e12)) / 2):
            least = min(course.joules(answers) for course in known)
            assert by_name[stretch.system].joules(answers) == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_only_courses_that_may_be_compared_are_drawn(found, fake) -> None:
    analysis, section = found(
        fake.System("base"),
        tuned(fake),
        tuned(fake, "odd", ledger={"odd": fake.trained(provenance="modelled")}),
        fake.System("hot", "moe", invalid=("throttled",)),
        fake.System("mute", "moe", accuracy=0.0),
    )
    drawn = call_on(cumulative_energies, analysis)
    assert [course.system for course in drawn.comparable] == ["base", "tuned"]
    assert dict(drawn.left_out).keys() == {"odd", "hot", "mute"}
    assert "odd (provenance modelled for its training, counter for its answers)" in said(section)


def test_who_is_cheapest_is_asked_of_the_most_accurate_alone(found, fake) -> None:
    analysis, section = found(
        fake.System("rules", "specialist", accuracy=0.3, energy_j=0.0625),
        fake.System("plain", accuracy=0.7, energy_j=16.0),
        tuned(fake, accuracy=0.7, energy_j=2.0),
    )
    assert [course.system for course in call_on(cumulative_energies, analysis).accurate] == ["plain", "tuned"]
    table = rows(section, "System with the fewest")
    assert [row[0] for row in table] == ["plain", "tuned"]
    even = pair(analysis, "tuned", "plain").payback
    assert even is not None
    assert float(table[1][1].replace(",", "")) == pytest.approx(even.answers.estimate, rel=0.01)
    assert "Of all systems, rules uses the fewest in the long run" in said(section)


@given(LINES, st.floats(10.0, 1e15))
def test_the_figure_is_drawn_of_any_lines(lines: list[tuple[float, float]], last: float) -> None:
    known = [CourseLine(f"<b>{place}$^", place, *line) for place, line in enumerate(lines)]
    (axes,) = complete(lifecycle(known, [Handover(5.0, 100.0, "<b>0$^")], last), Figure(layout="constrained"))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_legend_handles_labels()[1] == [line.system for line in known]
    assert [each.get_text() for each in axes.texts] == ["5.00"]


def test_golden(analysed, fake, golden) -> None:
    family = fake.family()
    base, *others = family.systems
    elsewhere = dataclasses.replace(base, name="acme", accuracy=0.6, energy_j=2.5, training={"acme": declared(7.2e6)})
    section = call_on(lifecycle_section, analysed(dataclasses.replace(family, systems=(base, elsewhere, *others))))
    assert section is not None
    lines = [f"== {section.title}", section.lead]
    for passage in section.passages:
        lines += [f"-- {passage.heading}", *passage.sentences]
        if passage.figure:
            lines += [f"({passage.figure.label}) {passage.figure.caption}"]
        for table in (*passage.tables, *passage.folded):
            lines += [f"[{table.caption}]", " | ".join(column.label for column in table.columns)]
            lines += [" | ".join(cell.text for cell in row) for row in table.rows]
            lines += [table.note] if table.note else []
    text = "\n".join(lines) + "\n"
    golden("lifecycle.txt", text)


def test_a_training_pays_for_itself_in_money_by_hand(make_run, fake) -> None:
    """It was paid for, and costs less to ask; a correct answer is the same in all draws, so the bounds are narrow."""
    ledger = {"tuned": declared(cost=500.0, currency="EUR")}
    systems = (fake.System("base", accuracy=1.0), tuned(fake, accuracy=1.0, ledger=ledger))
    run = make_run(fake.Run(systems))
    with_prices(run.layout.root, {"base": {"per_request": 0.03}, "tuned": {"per_request": 0.01}})
    even = pair(analyse(read_run(run.layout.root)), "tuned", "base").money
    assert (even.outlay, even.ahead) == (500.0, False)
    assert even.payback.answers.estimate == pytest.approx(500 / 0.02)
    assert even.payback.answers.low == pytest.approx(25_000)
    assert even.payback.probability == 1.0


def test_a_training_without_a_cost_takes_the_price_of_its_electricity(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("base"), tuned(fake, ledger={"tuned": fake.trained(3.6e6)}))))
    kwh = {"price_per_kwh": 0.4, "currency": "EUR"}
    with_prices(run.layout.root, {"base": {"per_request": 0.03}, "tuned": {"per_request": 0.01}}, kwh)
    analysis = analyse(read_run(run.layout.root))
    assert pair(analysis, "tuned", "base").money.outlay == pytest.approx(0.4)
    section = call_on(lifecycle_section, analysis)
    assert rows(section, "Break-even in money")[0][3] == "0.400 EUR"


def test_a_training_of_another_currency_or_of_unknown_money_has_no_break_even(make_run, fake) -> None:
    for ledger, why in (
        (declared(cost=500.0, currency="USD"), "was paid for in USD"),
        (fake.trained(100.0), "no price of electricity"),
    ):
        run = make_run(fake.Run((fake.System("base"), tuned(fake, ledger={"tuned": ledger})), id=why[:3]))
        with_prices(run.layout.root, {"base": {"per_request": 0.03}, "tuned": {"per_request": 0.01}})
        even = pair(analyse(read_run(run.layout.root)), "tuned", "base").money
        assert (even.outlay, even.payback) == (None, None)
        assert why in even.reason
