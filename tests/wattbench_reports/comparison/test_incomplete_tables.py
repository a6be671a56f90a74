"""Tables in which systems lack rows: what is compared, what is advised, and what is said of the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.imports import imported_table
from tests.made_up.records import call_on
from wattbench.records import RunRecords
from wattbench_reports.comparability.joules import JouleOwner
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.comparison.paired_tests import WeighedPairs
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.decision import decide
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs, decided
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.workload import WorkloadChoice

Imported = Callable[..., RunRecords]


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    """Import a table."""
    return lambda table, name="table", **settings: imported_table(table, tmp_path, name, **settings)


def answers(system: str, items: Iterable[int], share: float, joules: float, seed: int = 1) -> pd.DataFrame:
    """Answers of a system, of which each a share is right and takes about so many joules."""
    numbers = np.array(list(items))
    rng = np.random.default_rng([seed, int(1000 * share)])
    right = rng.permutation(len(numbers)) < share * len(numbers)
    used = joules * rng.uniform(0.8, 1.2, len(numbers))
    return pd.DataFrame({"system": system, "item": numbers, "score": right.astype(int), "joules": used.round(3)})


def missing_row() -> pd.DataFrame:
    return pd.concat([answers("A", range(500), 0.58, 10.5), answers("B", range(499), 0.9, 1.5)])


@pytest.mark.parametrize("choice", [DecisionChoice(), DecisionChoice("0.8")])
def test_one_missing_row_does_not_reverse_the_advice(imported: Imported, choice: DecisionChoice) -> None:
    words = call_on(decided, analyse(imported(missing_row()), Assumptions(decision=choice)))
    assert words.advice.startswith("Run B: ")
    assert not any(each.apart for each in words.decision.systems)


def test_what_lacks_rows_is_a_caveat_of_its_figures(imported: Imported) -> None:
    analysis = analyse(imported(missing_row()))
    (said,) = [each for each in analysis.comparison.caveats if each.code == "different-documents"]
    assert said.systems == ("B",)
    assert "1 of 500 items" in said.text
    right = int(answers("B", range(499), 0.9, 1.5)["score"].sum())
    assert f"between {right / 5:.1f}% and {(right + 1) / 5:.1f}%" in said.text
    gap = analysis.measured.pairs().accuracy("A", "B")
    assert gap.items == 499
    assert {each.system: each.items for each in analysis.comparison.systems} == {"A": 500, "B": 499}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (range(500, 600), "cheap-good and expensive-bad have no item in common"),
        (range(480, 600), "cheap-good and expensive-bad have only 20 of 500 items in common"),
        (range(400, 600), "cheap-good and expensive-bad have only 100 of 500 items in common"),
    ],
)
def test_a_system_with_too_few_items_in_common_is_no_reason_to_advise_another(
    imported: Imported, items: range, expected: str
) -> None:
    table = pd.concat([answers("expensive-bad", range(500), 0.1, 1000.0), answers("cheap-good", items, 1.0, 1.0)])
    for choice in (DecisionChoice(), DecisionChoice("0.05"), DecisionChoice("0.99")):
        words = call_on(decided, analyse(imported(table), Assumptions(decision=choice)))
        assert words.advice == f"Run none of them yet: {expected}."
        assert words.decision.chosen is None
        assert all(each.apart for each in words.decision.systems)


def test_a_third_system_is_named_and_the_others_are_compared(imported: Imported) -> None:
    table = pd.concat([missing_row(), answers("C", range(100), 1.0, 0.1)])
    analysis = analyse(imported(table))
    words = call_on(decided, analysis)
    assert words.advice.startswith("Run B: ")
    assert {each.system: each.apart for each in words.decision.systems}["C"] == (
        "it has only 100 of 500 items in common with A"
    )
    (pair, _) = [each for each in analysis.comparison.caveats if each.code == "few-in-common"]
    assert pair.systems == ("A", "C")
    assert "Over these the accuracy of A minus that of C is −37.0 points" in pair.text


def test_a_run_of_this_harness_that_lacks_rows_is_compared(analysed, fake) -> None:
    run = fake.Run((fake.System("a", accuracy=0.4), fake.System("b", accuracy=0.9, energy_j=1.0, skip_docs=1)))
    decision = call_on(decide, analysed(run))
    assert {each.system: each.apart for each in decision.systems} == {"a": "", "b": ""}
    assert call_on(decided, analysed(run)).advice.startswith("Run b: ")


def test_two_imports_pair_their_items_where_one_lacks_a_row(imported: Imported) -> None:
    """Names that are no numbers are numbered by their order, which a missing one changes."""
    table = pd.concat([answers("A", range(100), 0.5, 5.0), answers("B", range(100), 0.9, 1.0)])
    table = table.assign(item="item " + table["item"].astype(str))
    one = imported(table[table["system"] == "A"], "one")
    other = imported(table[(table["system"] == "B") & (table["item"] != "item 3")], "other")
    comparison = side_by_side([one, other])
    assert (comparison.data.items, comparison.data.common) == (100, 99)
    (order,) = [each for each in comparison.ranked.standings if each.figure == "accuracy"]
    assert [(each.system, each.beaten) for each in order.places] == [("B", None), ("A", True)]
    (said,) = [each for each in comparison.caveats if each.code == "different-documents"]
    assert said.systems == ("B",)


def test_the_data_are_looked_at_first(imported: Imported) -> None:
    a = answers("A", range(500), 0.58, 10.5).assign(seconds=1.0, prompt_tokens=12, output_tokens=7)
    b = answers("B", range(499), 0.9, 1.5).assign(seconds=0.5, prompt_tokens=0, output_tokens=7)
    b.loc[:8, "joules"] = 0.0
    b.loc[9:13, "joules"] = np.nan
    run = imported(pd.concat([a, b]), joules=["A=model", "B=client"])
    compared = compare_runs([run])
    data = json.loads(render(compared.comparison, "json", compared.decided))["data"]
    assert (data["items"], data["common"], data["notable"]) == (500, 499, True)
    first, second = data["systems"]
    assert (first["items"], first["missing"], first["scores"]) == (500, 0, [0.0, 1.0])
    assert (first["joules_of"], second["joules_of"]) == (JouleOwner.MODEL, JouleOwner.CLIENT)
    assert (second["items"], second["missing"]) == (499, 1)
    assert second["figures"]["joules"] == {
        "known": 485, "missing": 5, "zeros": 9, "negative": 0, "constant": False,
        "low": pytest.approx(1.2, abs=0.1), "high": pytest.approx(1.8, abs=0.1),
    }  # fmt: skip
    assert second["figures"]["prompt_tokens"]["zeros"] == 499
    assert second["figures"]["seconds"]["constant"]
    for form in ("table", "markdown"):
        text = render(compared.comparison, form, compared.decided)
        assert "9 zero, 5 null" in " ".join(text.split())
        assert "500 items, 499 of them answered by both" in " ".join(text.split())
    codes = {each.code for each in compared.comparison.caveats}
    assert {"constant-figures", "client-joules"} <= codes


def test_a_clean_run_has_no_table_but_in_json(analysed, fake) -> None:
    run = fake.Run((fake.System("a"), fake.System("b", "specialist")))
    comparison = analysed(run).comparison
    assert not comparison.data.notable
    assert "Data:" not in render(comparison, "table")
    assert json.loads(render(comparison, "json"))["data"]["common"] == 80


@pytest.mark.parametrize("owners", [["client"], ["B=client"], ["A=model", "B=client"]])
def test_joules_of_a_client_are_ranked_with_no_others(imported: Imported, owners: list[str]) -> None:
    run = imported(missing_row(), joules=owners)
    analysis = analyse(run)
    assert not analysis.measured.joules_comparable("A", "B")
    decision = call_on(decide, analysis)
    assert decision.unit is None
    comparison = side_by_side([run])
    assert [len(each.places) for each in comparison.ranked.standings if each.figure == "joules"] == [1, 1]


def test_a_client_of_this_harness_is_ranked_with_no_other(analysed, fake) -> None:
    """Joules that this machine counted while two servers elsewhere answered."""
    far = [fake.System(name, base_url="https://api.example.org/v1") for name in ("one", "two")]
    analysis = analysed(fake.recorded(systems=(*far, fake.System("here"))))
    assert len(analysis.measured.energy_groups) == 3
    owners = {each.system: each.joules_of for each in analysis.comparison.data.systems}
    assert owners == {"one": JouleOwner.CLIENT, "two": JouleOwner.CLIENT, "here": JouleOwner.MODEL}


def by_text(texts: int, trials: int, seed: int) -> pd.DataFrame:
    """Trials of one system that are right together: each text is easy or hard."""
    rng = np.random.default_rng(seed)
    hard = rng.beta(0.5, 0.5, texts)
    rows = [
        {"system": name, "item": f"t{text}x{trial}", "score": int(rng.random() < hard[text]), "prompt": f"text {text}"}
        for name in "AB"
        for text in range(texts)
        for trial in range(trials)
    ]
    return pd.DataFrame(rows)


def half_width(analysis: Analysis) -> float:
    accuracy = analysis.measured.systems["A"].accuracy
    return (accuracy.high - accuracy.low) / 2


def test_answers_to_equal_texts_cluster_the_errors(imported: Imported) -> None:
    table = by_text(40, 8, seed=3)
    together = analyse(imported(table, "together"))
    apart = analyse(imported(table.drop(columns="prompt"), "apart"))
    numbered = table.assign(item=table["item"].str.split("x").str[0], repeat=table["item"].str.split("x").str[1])
    repeats = analyse(imported(numbered, "repeats"))
    assert together.measured.systems["A"].accuracy == repeats.measured.systems["A"].accuracy
    assert half_width(together) > 1.8 * half_width(apart)
    assert "equal-texts" in {each.code for each in together.comparison.caveats}
    assert together.measured.systems["A"].accuracy.estimate == pytest.approx(
        apart.measured.systems["A"].accuracy.estimate
    )


def test_a_template_or_other_expected_answers_are_no_equal_texts(imported: Imported) -> None:
    template = answers("A", range(100), 0.5, 1.0).assign(prompt="Answer the question.")
    assert analyse(imported(template, "template")).measured.systems["A"].items == 100
    table = by_text(20, 2, seed=1)
    assert analyse(imported(table, "alike")).measured.systems["A"].items == 20
    expected = imported(table.assign(target=table["item"]), "expected")
    assert analyse(expected).measured.systems["A"].items == 40


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.permutations(["A", "B", "C"]), st.integers(0, 40))
def test_the_order_of_systems_changes_nothing(tmp_path_factory, order: list[str], left_out: int) -> None:
    parts = {
        "A": answers("A", range(60), 0.5, 4.0),
        "B": answers("B", range(left_out, 60), 0.9, 2.0),
        "C": answers("C", range(60), 0.7, 1.0),
    }
    to = tmp_path_factory.mktemp("order")
    decision = call_on(decide, analyse(imported_table(pd.concat([parts[name] for name in order]), to)))
    apart = {each.system for each in decision.systems if each.apart}
    assert apart == ({"B"} if left_out > 6 else set())


@pytest.mark.parametrize("blocks", [0, 8])
def test_under_a_mix_two_systems_are_compared_over_their_common_items(make_run, fake, blocks: int) -> None:
    """What a third of the items would add to one of two systems does not count between them."""
    systems = (fake.System("a", accuracy=0.7, energy_j=8.0), fake.System("b", accuracy=0.5, energy_j=6.0, skip_docs=3))
    run = make_run(fake.Run(systems, blocks=blocks))
    mix = Assumptions(workload=WorkloadChoice("arithmetic=3,text=1"))
    pairs = analyse(run, mix).measured.pairs()
    table = analyse(run, mix).measured.table
    common = table.where((table.trials > 0).all(axis=1))
    expected = WeighedPairs(common, basis(common), pairs.shares)
    assert pairs.joules("a", ["b"]) == expected.joules("a", ["b"])
    assert pairs.joules("a", ["b"])[0].items == 74
    assert pairs.accuracy("a", "b") == expected.accuracy("a", "b")
