"""Water, abiotic depletion and primary energy from the records again, in every place that states them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

import wattbench
from tests.made_up.imports import imported_table
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export import render
from wattbench_reports.export.comparison.compared_section import as_html
from wattbench_reports.export.export_run import export_to_bytes
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.impacts.quantities import ADPE, PRIMARY_ENERGY, WATER

FACTORS = {"water_l_per_kwh": 3.0, "adpe_kg_sb_per_kwh": 5e-8, "primary_energy_mj_per_kwh": 9.0}
BLOCK = {
    "electricity": {**FACTORS, "source": "a study", "year": 2024},
    "site": {"wue_l_per_kwh": 0.4, "source": "the operator's report", "year": 2025},
}
MADE = (
    "{g_per_device_hour: 20, adpe_kg_sb_per_device_hour: 2e-6, primary_energy_mj_per_device_hour: 0.5, "
    "source: an LCA, year: 2024}"
)
DECLARED = Assumptions(CarbonChoice(pue=1.25), impacts=json.dumps(BLOCK))
WITH_MANUFACTURE = dataclasses.replace(DECLARED, carbon=CarbonChoice(pue=1.25, embodied=MADE))
PER_KWH = {WATER: 0.4 + 1.25 * 3.0, ADPE: 1.25 * 5e-8, PRIMARY_ENERGY: 1.25 * 9.0}


def test_figures_are_linear_in_the_joules_of_the_records_with_their_interval(make_run, fake) -> None:
    run = make_run(fake.golden())
    analysis = analyse(run, DECLARED)
    items = pd.read_parquet(run.layout.items_table)
    assert list(analysis.comparison.impacts_of) == ["generalist", "specialist", "regex", "never-right"]
    for name, stated in analysis.comparison.impacts_of.items():
        joules = items.loc[items["system"] == name, "energy_j"].mean()
        energy = analysis.measured.systems[name]
        for each in stated:
            factor = PER_KWH[each.quantity] / 3.6e6
            assert each.per_request.estimate == pytest.approx(joules * factor)
            assert sum(each.parts.values()) == pytest.approx(each.per_request.estimate)
            assert each.per_request.low == pytest.approx(energy.j_per_request.low * factor)
            assert each.per_request.high == pytest.approx(energy.j_per_request.high * factor)
            if name == "never-right":
                assert each.per_correct is None
            else:
                assert each.per_correct.low == pytest.approx(energy.j_per_correct.low * factor)


def test_manufacture_is_the_hours_of_use(make_run, fake) -> None:
    run = make_run(fake.golden())
    comparison = compare(run, WITH_MANUFACTURE)
    windows = pd.read_parquet(run.layout.windows_table)
    measured = windows[(windows["system"] == "specialist") & (windows["purpose"] == "measured")]
    hours = (measured["finished_s"] - measured["started_s"]).sum() / 3600
    water, adpe, primary = comparison.impacts_of["specialist"]
    assert set(water.parts) == {"site", "electricity"}
    assert adpe.parts["manufacture"] == pytest.approx(2e-6 * hours / 80)
    assert primary.parts["manufacture"] == pytest.approx(0.5 * hours / 80)
    assert adpe.per_request.estimate == pytest.approx(adpe.parts["electricity"] + adpe.parts["manufacture"])
    assert "not included: manufacture" in comparison.impacts.describe(WATER)


def test_nothing_is_stated_where_no_source_is_named(make_run, fake) -> None:
    run = make_run(fake.golden())
    comparison = compare(run)
    assert comparison.impacts is None
    for form in ("table", "markdown", "json"):
        assert "depletion" not in render(comparison, form)
    table = export_to_bytes(run, "csv").decode()
    (row, *_) = csv.DictReader(io.StringIO(table))
    assert row["water_l_per_1000"] == row["adpe_kg_sb_per_1000"] == row["primary_energy_mj_per_1000"] == ""


def test_every_format_states_the_same(make_run, fake, golden) -> None:
    run = make_run(fake.golden())
    comparison = compare(run, WITH_MANUFACTURE)
    golden("impacts.txt", render(comparison, "table"))
    golden("impacts.md", render(comparison, "markdown"))
    data = json.loads(render(comparison, "json"))["impacts"]
    assert data["factors"]["site"] == {
        "wue_l_per_kwh": 0.4, "source": "the operator's report", "year": 2025, "note": None
    }  # fmt: skip
    (of_data,) = (each for each in data["systems"] if each["system"] == "specialist")
    for each in comparison.impacts_of["specialist"]:
        stated = of_data[each.quantity.key]["per_request"]
        assert stated == [each.per_request.estimate, each.per_request.low, each.per_request.high]
    assert "Water: site 0.4 L per kWh" in as_html(comparison)


def test_exports_have_them(make_run, fake) -> None:
    run = make_run(fake.golden())
    rows = list(csv.DictReader(io.StringIO(export_to_bytes(run, "csv", assumptions=DECLARED).decode())))
    items = pd.read_parquet(run.layout.items_table)
    for row in rows:
        mine = items[items["system"] == row["system"]]
        mine = mine if not row["domain"] else mine[mine["domain"] == row["domain"]]
        if mine["energy_j"].isna().all():
            assert row["water_l_per_1000"] == ""
            continue
        kwh = 1000 * mine["energy_j"].mean() / 3.6e6
        for quantity, worth in PER_KWH.items():
            assert float(row[f"{quantity.key}_per_1000"]) == pytest.approx(kwh * worth)
    emissions = csv.DictReader(io.StringIO(export_to_bytes(run, "emissions", assumptions=DECLARED).decode()))
    (row,) = (row for row in emissions if row["experiment_id"] == "regex")
    joules = items.loc[items["system"] == "regex", "energy_j"].sum()
    assert float(row["wue"]) == 0.4
    assert float(row["water_consumed"]) == pytest.approx(joules / 3.6e6 * 0.4)  # of the machines: no PUE
    text = export_to_bytes(run, "prometheus", assumptions=DECLARED).decode()
    named = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("system") == "regex" and "domain" not in sample.labels
    }
    per_request = joules / 80 / 3.6e6
    assert named["wattbench_system_request_water_litres"] == pytest.approx(per_request * PER_KWH[WATER])
    assert named["wattbench_system_request_abiotic_depletion_grams"] == pytest.approx(per_request * 1e3 * PER_KWH[ADPE])
    primary_j = per_request * 1e6 * PER_KWH[PRIMARY_ENERGY]
    assert named["wattbench_system_request_primary_energy_joules"] == pytest.approx(primary_j)


def test_a_model_card_and_the_report_name_the_sources(make_run, fake) -> None:
    run = make_run(dataclasses.replace(fake.golden(), id="abc124"))
    graded = dataclasses.replace(DECLARED, carbon=CarbonChoice(region="DEU", intensity_g_per_kwh=100.0, pue=1.25))
    card = export_to_bytes(run, "model-card", system="regex", assumptions=graded).decode()
    assert "| water of 1,000 requests" in card
    assert "the operator's report, 2025" in card
    page = report(make_run(fake.plain()), DECLARED)  # without a grid: the section is there for these alone
    assert "Water, abiotic depletion and primary energy" in page
    assert "No grid intensity is named" in page
    assert "the operator&#39;s report, 2025" in page


def test_manufacture_of_unknown_hours_leaves_the_sum_open(tmp_path) -> None:
    run = imported_table("system,item,score,joules\n" + "".join(f"a,{item},1,5\n" for item in range(20)), tmp_path)
    water, adpe, _ = compare(run, WITH_MANUFACTURE).impacts_of["a"]
    assert water.per_request.estimate == pytest.approx(5 / 3.6e6 * PER_KWH[WATER])
    assert adpe.parts["electricity"] == pytest.approx(5 / 3.6e6 * PER_KWH[ADPE])
    assert adpe.parts["manufacture"] is adpe.per_request is adpe.per_correct is None


def test_two_runs_state_them_under_one_declaration_alone(make_run, fake) -> None:
    first, second = make_run(fake.recorded("aaa111")), make_run(fake.recorded("bbb222"))
    assert len(side_by_side([first, second], assumptions=DECLARED).impacts_of) == 4
    other = make_run(fake.recorded("ccc333", carbon={"pue": 1.5}))
    mixed = side_by_side([first, other], assumptions=Assumptions(impacts=json.dumps(BLOCK)))
    assert mixed.impacts is None
    assert not mixed.impacts_of
    assert [each.code for each in mixed.caveats if "abiotic" in each.text] == ["different-impacts"]


def test_the_python_api_takes_a_mapping(make_run, fake) -> None:
    run = make_run(fake.golden())
    comparison = wattbench.compare(run.layout.root, impacts=BLOCK, pue=1.25)
    assert "Water: site 0.4 L per kWh" in str(comparison)
