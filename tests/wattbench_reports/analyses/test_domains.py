"""Systems by domains: matrices as the file has them, the best only where shown, specialists against generalists."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.made_up.percentiles import figure_of, percentile_of
from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import as_text, table
from wattbench_reports.analyses.domains import best_by_domain, tail_of_cells
from wattbench_reports.analyses.specialists import specialists
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.formatting import units
from wattbench_reports.sections.domains import domains_section
from wattbench_reports.sections.verdict.verdict import verdicts
from wattbench_reports.stats.percentiles import label


@pytest.fixture
def family(make_run, fake):
    return make_run(fake.family(50))


def test_every_cell_is_the_files(family) -> None:
    section = call_on(domains_section, analyse(family))
    rows = pd.read_parquet(family.layout.items_table)
    rows["seconds"] = rows["finished_s"] - rows["started_s"]
    accuracy, joules, seconds = (
        table(section, f"{name} by domain") for name in ("Accuracy", "Joules per correct answer", "Latency p90")
    )
    assert list(accuracy) == rows["system"].unique().tolist()
    for (system, domain), own in rows.groupby(["system", "domain"]):
        correct, spent = own["correct"].sum(), own["energy_j"].sum()
        assert accuracy[system][domain].startswith(units.percent(correct / len(own)))
        shown = units.quantity(spent / correct, "J").split()[0] if correct else "none correct"
        assert joules[system][domain].startswith(shown)
        assert figure_of(seconds[system][domain]) == units.quantity(percentile_of(own["seconds"], 0.9), "s")


@pytest.mark.parametrize(("items", "share"), [(6, 0.5), (43, 0.5), (44, 0.9), (89, 0.9), (90, 0.95)])
def test_one_percentile_for_all_cells_and_never_from_too_few(analysed, fake, items: int, share: float) -> None:
    analysis = analysed(fake.Run(fake.plain().systems, items=items))
    assert tail_of_cells(analysis.measured) == share
    (long,) = (own for passage in call_on(domains_section, analysis).passages for own in passage.folded)
    headings = [column.label for column in long.columns if column.label.startswith("Latency")]
    assert headings == list(dict.fromkeys(["Latency p50", f"Latency {label(share)}"]))
    assert len(long.rows) == 6
    assert all((row[5].text == "–") == (items < 7) for row in long.rows)
    assert len(headings) == 1 or all(row[6].text != "–" for row in long.rows)


def test_bold_is_who_the_verdict_shows_to_be_the_best(family) -> None:
    analysis = analyse(family)
    best = best_by_domain(analysis.measured)
    for verdict in verdicts(analysis.measured)[1:]:
        energy, accuracy = verdict.picks
        found = best[verdict.domain]
        # A pick of one name is shown to be the best; of several, none is.
        assert (found.accuracy is not None) == (" or " not in accuracy.answer)
        assert (found.j_per_correct is not None) == (" or " not in energy.answer)
        for name, pick in ((found.accuracy, accuracy), (found.j_per_correct, energy)):
            assert name is None or pick.answer.startswith(name)
    assert any(each.accuracy for each in best.values())


def test_merely_first_is_not_bold(analysed, fake) -> None:
    twins = (fake.System("a", accuracy=0.5), fake.System("b", accuracy=0.52))
    analysis = analysed(fake.Run(twins, items=20))
    assert all(
        each.accuracy is None and each.j_per_correct is None for each in best_by_domain(analysis.measured).values()
    )
    matrices = call_on(domains_section, analysis).passages[0].tables
    assert not [cell for each in matrices for row in each.rows for cell in row if cell.style == "best"]


def test_yardsticks_are_never_the_best(family) -> None:
    best = best_by_domain(analyse(family).measured)
    assert "told" not in {name for each in best.values() for name in (each.accuracy, each.j_per_correct)}


def test_joules_that_may_not_be_compared_have_no_best(make_run, fake) -> None:
    run = make_run(
        fake.Run((fake.System("a", energy_j=1.0), fake.System("b", energy_j=9.0, provenance="modelled")), items=60)
    )
    assert all(each.j_per_correct is None for each in best_by_domain(analyse(run).measured).values())


def test_specialists_against_a_bootstrap_by_hand(family) -> None:
    rows = pd.read_parquet(family.layout.items_table)
    rng = np.random.default_rng(8)
    found = specialists(analyse(family).measured)
    assert [(each.system, each.domain) for each in found] == [
        (f"specialist-{domain}", domain) for domain in ("arithmetic", "text", "logic", "time")
    ]
    for each in found:
        assert [side.at_home for side in each.comparisons] == [True, False]
        for side in each.comparisons:
            here = rows[(rows["domain"] == each.domain) == side.at_home]
            means = here[here["system"].isin(["base", "tuned"])].groupby("system")["correct"].mean()
            assert side.generalist == means.idxmax()
            ours, theirs = (
                here[here["system"] == name].sort_values(["domain", "task", "doc_id"])
                for name in (each.system, side.generalist)
            )
            assert side.items == len(ours)
            assert side.accuracy == pytest.approx(ours["correct"].mean())
            assert side.difference.estimate == pytest.approx(ours["correct"].mean() - theirs["correct"].mean())
            ratio = (ours["energy_j"].sum() / ours["correct"].sum()) / (
                theirs["energy_j"].sum() / theirs["correct"].sum()
            )
            assert side.times_the_joules.estimate == pytest.approx(ratio)
            assert side.j_per_correct == pytest.approx(ours["energy_j"].sum() / ours["correct"].sum())
            if not side.at_home:
                continue
            picks = rng.integers(0, len(ours), size=(4000, len(ours)))
            sums = [
                own[name].to_numpy()[picks].sum(axis=1) for own in (ours, theirs) for name in ("energy_j", "correct")
            ]
            low, high = np.quantile(sums[0] / sums[1] / (sums[2] / sums[3]), (0.025, 0.975))
            assert side.times_the_joules.low == pytest.approx(low, rel=0.06)
            assert side.times_the_joules.high == pytest.approx(high, rel=0.06)


def test_what_stands_between_the_joules_is_said(make_run, fake) -> None:
    cases = {
        "differ in provenance": fake.System("s", "specialist", domain="text", provenance="modelled"),
        "answered nothing correctly": fake.System("s", "specialist", domain="text", accuracy=0.0),
        "windows of s are": fake.System("s", "specialist", domain="text", invalid=("throttled",)),
    }
    for number, (said, system) in enumerate(cases.items()):
        run = make_run(dataclasses.replace(fake.Run((fake.System("g"), system)), id=f"n{number}"))
        (found,) = specialists(analyse(run).measured)
        assert all(side.times_the_joules is None and said in side.reason for side in found.comparisons)
        assert said in as_text(call_on(domains_section, analyse(run)))


def test_without_a_generalist_there_is_nothing_to_set_it_against(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("s", "specialist", domain="text"), fake.System("m", "moe"))))
    section = call_on(domains_section, analyse(run))
    assert section.passages[1].sentences == ("No generalist answered the same items as s, so there is no comparison.",)


def test_without_specialists_there_is_no_passage_on_them(analysed, fake) -> None:
    assert len(call_on(domains_section, analysed(fake.plain())).passages) == 1


def test_a_specialist_that_was_never_asked_at_home_is_shown_elsewhere(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("g"), fake.System("s", "specialist", domain="music"))))
    (found,) = specialists(analyse(run).measured)
    assert [side.at_home for side in found.comparisons] == [False]


@pytest.mark.slow
def test_too_many_cells_are_not_drawn(analysed, fake) -> None:
    systems = tuple(fake.System(f"s{place}") for place in range(12))
    tasks = tuple((f"t{place}", f"d{place}") for place in range(17))
    section = call_on(domains_section, analysed(fake.Run(systems, tasks, items=2)))
    assert section.passages[0].figure is None
    assert any("Too many" in sentence for sentence in section.passages[0].sentences)


def test_golden(analysed, fake, golden) -> None:
    golden("domains.txt", as_text(call_on(domains_section, analysed(fake.family()))))
