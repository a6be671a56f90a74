"""SPDX documents: read by the SPDX project's own model, valid by its schema, with the joules of the records."""

from __future__ import annotations

import io
import json
import re

import jsonschema
import pandas as pd
import pytest
from spdx_python_model import v3_0_1 as spdx

from tests.made_up.standard_runs import HOSTILE
from tests.wattbench.importers.others_data import others
from wattbench_reports.comparison.analysis import compare
from wattbench_reports.export.export_run import export_to_bytes


def read(document: bytes) -> spdx.SHACLObjectSet:
    """Read a document as the project's own model does: it refuses what the model has not."""
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(document), objects)
    return objects


def package_of(document: bytes) -> spdx.ai_AIPackage:
    (package,) = read(document).foreach_type(spdx.ai_AIPackage)
    return package


def kwh(described) -> list[float]:
    unit = spdx.ai_EnergyUnitType.kilowattHour
    assert all(each.ai_energyUnit == unit for each in described)
    return [each.ai_energyQuantity for each in described]


def test_a_document_has_the_energy_of_inference_and_of_training(make_run, fake, golden) -> None:
    run = make_run(fake.family(8))
    document = export_to_bytes(run, "spdx", system="student")
    golden("spdx.json", document.decode())
    package = package_of(document)
    energy = package.ai_energyConsumption
    items = pd.read_parquet(run.layout.items_table)
    own_j = items.loc[items["system"] == "student", "energy_j"].sum()
    assert kwh(energy.ai_inferenceEnergyConsumption) == pytest.approx([own_j / 3.6e6])
    assert kwh(energy.ai_finetuningEnergyConsumption) == pytest.approx([3600 / 3.6e6, 1800 / 3.6e6])
    assert not energy.ai_trainingEnergyConsumption
    metrics = {entry.key: entry.value for entry in package.ai_metric}
    stated = re.match(r"(\S+) \(95% interval (\S+) to (\S+)\)", metrics["joules per request"])
    assert float(stated[1]) == pytest.approx(own_j / 32, rel=1e-5)
    assert float(stated[2]) < float(stated[1]) < float(stated[3])
    (figures,) = (each for each in compare(run).systems if each.system == "student")
    assert float(metrics["requests per second"].split()[0]) == pytest.approx(figures.requests_per_s, rel=0.01)
    assert "output tokens per second" in metrics


def test_every_reference_of_a_document_is_in_it(make_run, fake) -> None:
    run = make_run(fake.family(8))
    for system in ("base", "hybrid"):
        objects = read(export_to_bytes(run, "spdx", system=system))
        assert objects.link() == set()
        (document,) = objects.foreach_type(spdx.SpdxDocument)
        assert {type(each).__name__ for each in document.element} == {"SoftwareAgent", "ai_AIPackage"}


def test_a_document_is_valid_by_the_projects_own_schema(make_run, fake) -> None:
    schema = json.loads(others("spdx", "schema.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    for made_up, systems in ((fake.hostile(), ("throttled", HOSTILE)), (fake.family(8), ("base", "student"))):
        run = make_run(made_up)
        for system in systems:
            document = json.loads(export_to_bytes(run, "spdx", system=system))
            assert list(validator.iter_errors(document)) == []
    document["@graph"][2]["ai_energyConsumption"] = {"type": "ai_EnergyConsumption", "ai_energyQuantity": 1}
    assert list(validator.iter_errors(document))


def test_a_declared_training_is_training_and_an_unknown_one_is_named(make_run, fake) -> None:
    declared = {**fake.trained(), "method": "declared", "source": "its model card", "year": 2025}
    training = {"own": declared, "later": fake.trained(None)}
    run = make_run(fake.Run((fake.System("own", training=training),), items=10))
    package = package_of(export_to_bytes(run, "spdx"))
    assert kwh(package.ai_energyConsumption.ai_trainingEnergyConsumption) == pytest.approx([0.001])
    assert "own (declared): energy counter, its model card, 2025" in package.ai_informationAboutTraining
    assert "later (adapter): energy not recorded" in package.ai_informationAboutTraining


def test_joules_that_are_not_valid_are_left_out(make_run, fake) -> None:
    run = make_run(fake.hostile())
    for system, why in {"throttled": "not valid (throttled: 1)", "unmetered": "no joules of unmetered"}.items():
        package = package_of(export_to_bytes(run, "spdx", system=system))
        assert package.ai_energyConsumption is None
        assert why in package.comment
        assert "joules" not in " ".join(entry.key for entry in package.ai_metric)


@pytest.mark.parametrize("joules", [1e-9, 3.6e6, 1e12])
def test_a_quantity_is_a_decimal_without_an_exponent(make_run, fake, joules) -> None:
    run = make_run(fake.Run((fake.System("own", training={"own": fake.trained(joules)}),), items=10))
    text = export_to_bytes(run, "spdx").decode()
    quantities = re.findall(r'"ai_energyQuantity": "(.*)"', text)
    assert len(quantities) == 2
    assert all(re.fullmatch(r"\d+(\.\d*)?", each) for each in quantities)
    assert float(quantities[1]) == pytest.approx(joules / 3.6e6)


def test_a_document_is_the_same_whenever_it_is_exported(make_run, fake) -> None:
    run = make_run(fake.plain())
    first, again = (export_to_bytes(run, "spdx", system="regex") for _ in range(2))
    assert first == again
