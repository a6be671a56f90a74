"""Estimates have a panel of their own, in every format, and are in no ranking."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from tests.made_up.records import call_on
from wattbench.errors import UserError
from wattbench.records import EstimateRow, RunRecords
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.html import report
from wattbench_reports.sections.estimated import estimated_section
from wattbench_reports.wording import estimated as wording

SERVICE = "no-sensor"
"""The system of the made-up run that has no joules."""
FORMATS = ("table", "markdown", "json")


def row(task: str, **changes: Any) -> EstimateRow:
    settings: dict[str, Any] = {
        "system": SERVICE, "task": task, "answered_by": SERVICE, "requests": 40, "estimated": 40,
        "by": "EcoLogits 0.11.3", "provider": "openai", "model": "gpt-4o-mini", "zone": "USA",
        "energy_j": [4000.0, 6000.0], "co2_g": [0.4, 0.6], "water_l": [0.004, 0.006],
        "notes": ["Expect lower precision."],
    }  # fmt: skip
    return EstimateRow(**settings | changes)


def estimated(run: RunRecords, *rows: EstimateRow) -> RunRecords:
    run.layout.estimates.write_text("".join(json.dumps(asdict(each)) + "\n" for each in rows))
    return run


@pytest.fixture
def run(make_run: Any, fake: Any) -> RunRecords:
    return make_run(fake.golden())


def tasks(run: RunRecords) -> list[str]:
    return list(dict.fromkeys(cell["task"] for cell in run.header.cells))


def texts(run: RunRecords, **options: Any) -> dict[str, str]:
    """Its comparison in each format."""
    compared = compare_runs([run], **options)
    return {form: render(compared.comparison, form, compared.decided) for form in FORMATS}


def text(run: RunRecords, **options: Any) -> str:
    return texts(run, **options)["table"]


def test_the_panel_is_the_sum_over_tasks_and_nothing_else_changes(run: RunRecords) -> None:
    before = texts(run)
    estimated(run, *(row(task) for task in tasks(run)))
    now = texts(run)
    after = json.loads(now["json"])
    [own] = (each for each in after["systems"] if each["system"] == SERVICE)
    [shown] = after["estimated"]
    right = own["accuracy"] * 80
    assert shown["provenance"] == "estimated"
    assert (shown["requests"], shown["estimated"], shown["zone"]) == (80, 80, "USA")
    assert shown["energy_j_per_request"] == pytest.approx([100.0, 150.0])
    assert shown["j_per_correct"] == pytest.approx([8000 / right, 12000 / right])
    assert shown["co2_g_per_1000"] == pytest.approx([10.0, 15.0])
    assert shown["water_l_per_1000"] == pytest.approx([0.1, 0.15])
    del after["estimated"]
    assert after == json.loads(before["json"])
    assert own["energy_j_per_request"] is None  # no estimate stands in for a measurement
    for form in ("table", "markdown"):
        added = now[form].replace("\n", " ")
        assert "Estimated, not measured" in added
        assert "100 to 150 J" in added
        assert "Estimates are in no ranking" in " ".join(added.split())
        assert "Estimated" not in before[form]


def test_they_are_never_ranked_against_measured_joules_unless_asked_for(run: RunRecords) -> None:
    standings = json.loads(texts(run)["json"])["standings"]
    estimated(run, *(row(task) for task in tasks(run)))
    now, elsewhere = texts(run), texts(run, across=["meter", "device", "tasks"])
    assert json.loads(now["json"])["standings"] == standings
    for each in (now, elsewhere):
        assert SERVICE not in {
            place["system"]
            for standing in json.loads(each["json"])["standings"]
            if "joules" in standing["figure"]
            for place in standing["places"]
        }
        assert "held against measured joules" not in each["table"]
    both = texts(run, across=["estimated"])
    crossed = " ".join(both["table"].split())
    assert "held against measured joules, because of --across estimated" in crossed
    assert f"{SERVICE} (" in crossed
    assert json.loads(both["json"])["standings"] == standings  # in a sentence of their own, in no standing
    with pytest.raises(UserError, match="no part 'estimate'; did you mean 'estimated'"):
        compare_runs([run], across=["estimate"])


@pytest.mark.parametrize(
    ("energy_j", "uses"),
    [([0.001, 0.002], "less than"), ([1e9, 2e9], "more than"), ([0.001, 1e9], "not distinguishable from")],
)
def test_a_whole_range_is_held_against_a_whole_interval(run: RunRecords, energy_j: list[float], uses: str) -> None:
    estimated(run, *(row(task, energy_j=energy_j) for task in tasks(run)))
    [said] = [line for line in wording.lines(compare_runs([run], across=["all"]).comparison) if "per correct" in line]
    assert uses in said
    assert "generalist" in said


def test_a_run_without_services_has_no_panel(run: RunRecords) -> None:
    compared = compare_runs([run], across=["estimated"])
    for form in FORMATS:
        assert "stimated" not in render(compared.comparison, form, compared.decided)
    assert call_on(estimated_section, analyse(run)) is None


def test_what_has_no_figures_says_why(run: RunRecords) -> None:
    why = "EcoLogits 0.11.3 has no model 'x' of openai; did you mean 'y'?"
    none: dict[str, Any] = {"estimated": 0, "energy_j": [], "co2_g": [], "water_l": [], "notes": [], "why_none": why}
    first, *others = tasks(run)
    estimated(run, *(row(task, **none) for task in (first, *others)))
    now = texts(run)
    assert f"{SERVICE}: not estimated: {why}" in " ".join(now["table"].split())
    [shown] = json.loads(now["json"])["estimated"]
    assert (shown["energy_j_per_request"], shown["j_per_correct"], shown["provenance"]) == (None, None, "")
    section = call_on(estimated_section, analyse(run))
    assert f"not estimated: {why}" in section.passages[0].sentences[0]
    estimated(run, row(first), *(row(task, **none) for task in others))
    now = texts(run)
    [shown] = json.loads(now["json"])["estimated"]
    assert shown["energy_j_per_request"] == pytest.approx([100.0, 150.0])  # of those that were
    assert shown["j_per_correct"] is None
    assert "40 of 80 requests were estimated" in now["table"]


@pytest.mark.parametrize(
    ("gone", "everywhere", "figure", "said"),
    [
        (["co2_g"], True, "co2_g_per_1000", "no grams of CO2e:"),
        (["co2_g"], False, "co2_g_per_1000", "no grams of CO2e:"),
        (["energy_j"], False, "energy_j_per_request", "no joules:"),
        (["co2_g", "water_l"], False, "water_l_per_1000", "no grams of CO2e and litres of water:"),
    ],
)
def test_a_quantity_that_a_row_lacks_is_missing_and_said(
    run: RunRecords, gone: list[str], everywhere: bool, figure: str, said: str
) -> None:
    lacking: dict[str, Any] = {name: [] for name in gone}
    first, *others = tasks(run)
    estimated(run, row(first, **lacking), *(row(task, **lacking if everywhere else {}) for task in others))
    now = texts(run)
    [shown] = json.loads(now["json"])["estimated"]
    assert shown[figure] is None  # not the sum of a part of its requests
    assert shown["estimated"] == 80
    known = "co2_g_per_1000" if "energy_j" in gone else "energy_j_per_request"
    assert shown[known] == pytest.approx([10.0, 15.0] if "energy_j" in gone else [100.0, 150.0])
    assert f"{SERVICE}: {said}" in " ".join(now["table"].split())


@pytest.mark.slow
def test_rows_without_a_figure_in_common_and_without_a_reason_are_said(run: RunRecords) -> None:
    first, *others = tasks(run)
    estimated(run, row(first, co2_g=[], water_l=[]), *(row(task, energy_j=[], water_l=[]) for task in others))
    assert f"{SERVICE}: no joules, grams of CO2e and litres of water:" in " ".join(text(run).split())
    assert "litres of water" in report(run)
    none: dict[str, Any] = {"requests": 0, "estimated": 0, "energy_j": [], "co2_g": [], "water_l": [], "notes": []}
    estimated(run, *(row(task, **none) for task in tasks(run)))
    assert f"{SERVICE}: not estimated: the record does not say why" in " ".join(text(run).split())
    assert "the record does not say why" in report(run)


def test_the_page_has_the_panel_and_shows_hostile_text_as_text(run: RunRecords) -> None:
    estimated(run, *(row(task, model="<script>x</script>", notes=["<b>\u202e</b>"]) for task in tasks(run)))
    page = report(run)
    assert 'id="estimated"' in page
    assert "100 to 150 J" in page
    assert "<script>x" not in page
    now = texts(run)
    assert "\u202e" not in page + now["table"] + now["markdown"]


def test_of_a_hybrid_the_part_that_is_estimated_is_named(run: RunRecords) -> None:
    estimated(run, *(row(task, system="generalist", requests=9, estimated=9) for task in tasks(run)))
    now = texts(run)
    [shown] = json.loads(now["json"])["estimated"]
    assert (shown["system"], shown["answered_by"], shown["j_per_correct"]) == ("generalist", SERVICE, None)
    assert f"generalist: requests to {SERVICE}" in now["table"]


@pytest.mark.parametrize(
    ("of", "expected"),
    [((1.0, 1.0), "1.00 J"), ((0.0, 0.0), "0 J"), ((999.0, 1001.0), "0.999 to 1.00 kJ"), (None, "–")],
)
def test_a_range_has_one_prefix(of: tuple[float, float] | None, expected: str) -> None:
    assert wording.shown(of, "J") == expected
