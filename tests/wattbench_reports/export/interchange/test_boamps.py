"""BoAmps reports: valid by the format, with the joules of the records."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pandas as pd
import pytest
from referencing import Registry, Resource

from tests.wattbench.importers.others_data import others
from tests.wattbench_reports.export.interchange.boamps_format import REPORT
from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run
from wattbench.records import read_run
from wattbench_reports.export.export_run import export_to_bytes
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice

GERMANY = Assumptions(CarbonChoice(region="DEU", intensity_g_per_kwh=100.0, pue=1.25))


def report_of(run, system: str, assumptions: Assumptions = GERMANY) -> dict:
    return json.loads(export_to_bytes(run, "boamps", system=system, assumptions=assumptions))


@pytest.mark.slow
def test_a_report_is_valid_and_has_the_joules_of_the_record(make_run, fake, golden) -> None:
    run = make_run(dataclasses.replace(fake.family(8), environment=fake.machine(cpu="Example CPU")))
    items = pd.read_parquet(run.layout.items_table)
    for system in ("base", "mixture", "hybrid"):
        report = report_of(run, system)
        jsonschema.validate(report, REPORT)
        own = items[items["system"] == system]
        (measure,) = report["measures"]
        assert measure["powerConsumption"] == pytest.approx(own["energy_j"].sum() / 3.6e6)  # no PUE
        assert report["task"]["nbRequest"] == len(own)
        assert report["task"]["measuredAccuracy"] == pytest.approx(own["correct"].mean())
        assert {each["dataUsage"]: each["dataQuantity"] for each in report["task"]["dataset"]} == pytest.approx(
            {"input": own["prompt_tokens"].mean(), "output": own["output_tokens"].mean()}
        )
        assert report["environment"] == {"country": "Germany", "powerSourceCarbonIntensity": 100.0}
    golden("boamps.json", export_to_bytes(run, "boamps", system="hybrid", assumptions=GERMANY).decode())


def test_a_report_is_valid_by_the_projects_own_schema(make_run, fake) -> None:
    run = make_run(dataclasses.replace(fake.family(8), environment=fake.machine()))
    parts = ("algorithm", "dataset", "hardware", "measure", "report")
    schemas = {part: json.loads(others("boamps", f"{part}_schema.json").read_bytes()) for part in parts}
    registry = Registry().with_resources(
        [
            (schema["id"], Resource.from_contents(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"}))
            for schema in schemas.values()
        ]
    )
    validator = jsonschema.Draft202012Validator(schemas["report"], registry=registry)  # as the project's own script
    for system in ("student", "hybrid", "mixture"):
        report = report_of(run, system)
        assert list(validator.iter_errors(report)) == []
    del report["measures"][0]["powerConsumption"]
    assert [error.json_path for error in validator.iter_errors(report)] == ["$.measures[0]"]


def test_a_report_states_no_country_that_was_not_named(make_run, fake) -> None:
    run = make_run(dataclasses.replace(fake.golden(), environment=fake.machine()))
    report = report_of(run, "generalist", Assumptions())
    jsonschema.validate(report, REPORT)
    assert "environment" not in report
    assert report["infrastructure"]["infraType"] == "other"


def test_there_is_no_report_without_valid_joules(make_run, fake) -> None:
    run = make_run(dataclasses.replace(fake.hostile(), environment=fake.machine()))
    for system, why in {
        "throttled": r"are not valid \(throttled: 1\)",
        "unmetered": "no joules of unmetered were measured",
    }.items():
        with pytest.raises(UserError, match=why):
            report_of(run, system)
    with pytest.raises(UserError, match="a BoAmps report describes one system: name it with --system"):
        export_to_bytes(run, "boamps")


def test_there_is_no_report_of_a_machine_that_nobody_recorded(tmp_path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("system,item,score,joules\na,1,1,5\na,2,0,6\n")
    root = write_run(read_sources((table,), None, scratch=tmp_path), tmp_path, "answers", ("wattbench",), None)
    with pytest.raises(UserError, match="nothing of the machine of a is recorded"):
        export_to_bytes(read_run(root), "boamps")
