"""Write an SPDX 3.0.1 document in JSON-LD: a system as an AI package, with its energy of inference and of training.

Source: spdx.github.io/spdx-spec/v3.0.1, `AI/AIPackage`, `AI/EnergyConsumption`; context and schema of 3.0.1.

The document conforms to the core profile. The AI profile also requires of an `AIPackage` who supplies it, its version,
where it is downloaded and when it was released: a run records none of them, and none is made up. Who ships the model
adds these to the document.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from wattbench.errors import UserError
from wattbench_reports.analyses.training_cost import Step, Training, trainings
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.export.interchange.finished import finished_s
from wattbench_reports.export.interchange.model_card import FINE_TUNING
from wattbench_reports.export.interchange.one_system import name_uuid, throughput_of, valid_energy, why_no_energy
from wattbench_reports.formatting import units
from wattbench_reports.formatting.json_text import json_text
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import qualified

SPEC_VERSION = "3.0.1"
CONTEXT = f"https://spdx.org/rdf/{SPEC_VERSION}/spdx-context.jsonld"
_CREATION = "_:creation"


def spdx_document(analysis: Analysis, system: str) -> str:
    """Return the document as JSON-LD.

    Raises:
        UserError: the run's times are damaged: SPDX requires when a document was made.
    """
    made_s = finished_s(analysis.frames.run)
    if made_s is None:
        raise UserError("an SPDX document states when it was made, and the run's times are damaged")
    agent, package, document = (
        f"urn:uuid:{name_uuid(analysis, 'spdx', part, system)}" for part in ("agent", "package", "document")
    )
    graph: list[dict[str, Any]] = [
        {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": SPEC_VERSION,
            "created": datetime.fromtimestamp(made_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "createdBy": [agent],
        },
        {"type": "SoftwareAgent", "spdxId": agent, "creationInfo": _CREATION, "name": "wattbench"},
        _package(analysis, system, package),
        {
            "type": "SpdxDocument",
            "spdxId": document,
            "creationInfo": _CREATION,
            "name": f"{system} in {analysis.comparison.run}",
            "profileConformance": ["core"],
            "rootElement": [package],
            "element": [agent, package],
        },
    ]
    return json_text({"@context": CONTEXT, "@graph": graph})


def _package(analysis: Analysis, system: str, identity: str) -> dict[str, Any]:
    kind = analysis.kinds[system]
    trained = next((each for each in trainings(analysis) if each.system == system), None)
    package: dict[str, Any] = {
        "type": "ai_AIPackage",
        "spdxId": identity,
        "creationInfo": _CREATION,
        "name": system,
        "comment": _comment(analysis, system),
        "software_primaryPurpose": "application" if kind == "hybrid" else "model",
        "ai_typeOfModel": [kind],
    }
    energy = _energy(analysis, system, trained)
    if energy:
        package["ai_energyConsumption"] = {"type": "ai_EnergyConsumption", **energy}
    if trained is not None:
        package["ai_informationAboutTraining"] = _about_training(trained)
    if metrics := _metrics(analysis, system):
        package["ai_metric"] = metrics
    return package


def _energy(analysis: Analysis, system: str, trained: Training | None) -> dict[str, Any]:
    split = valid_energy(analysis, system)
    energy: dict[str, Any] = {}
    if split is not None and split.j_per_request is not None:
        energy["ai_inferenceEnergyConsumption"] = [_described(split.j_per_request * split.requests)]
    for step in () if trained is None else trained.steps:
        if step.energy_j is not None:
            stage = "finetuning" if step.recorded.method in FINE_TUNING else "training"
            energy.setdefault(f"ai_{stage}EnergyConsumption", []).append(_described(step.energy_j))
    return energy


def _described(energy_j: float) -> dict[str, str]:
    # As a decimal in a string: a number in JSON may have an exponent, which xsd:decimal has not.
    kwh = format(Decimal(repr(energy_j / JOULES_PER_KWH)), "f")
    return {"type": "ai_EnergyConsumptionDescription", "ai_energyQuantity": kwh, "ai_energyUnit": "kilowattHour"}


def _comment(analysis: Analysis, system: str) -> str:
    split, run = valid_energy(analysis, system), analysis.comparison.run
    if split is None:
        return f"Run {run}: no energy of inference is stated, because {why_no_energy(analysis, system)}."
    return (
        f"Run {run}: the energy of inference is of {units.plural(split.requests, 'request')}, each counted once, at "
        f"the machine, without the building's share (PUE), loading and idling; joules: {qualified(split.provenance)}."
    )


def _about_training(trained: Training) -> str:
    steps = "; ".join(_step(step) for step in trained.steps)
    return f"{steps}. The training of the base model is not included."


def _step(step: Step) -> str:
    energy = "energy not recorded" if step.energy_j is None else f"energy {qualified(step.provenance)}"
    source = f", {step.source}" if step.source else ""
    return f"{step.name} ({step.recorded.method}): {energy}{source}"


def _metrics(analysis: Analysis, system: str) -> list[dict[str, str]]:
    """Entries of a dictionary: accuracy, joules where they are valid, throughput, each with its 95% interval."""
    measured = analysis.measured[system]
    stated: dict[str, Interval | None] = {"accuracy": measured.accuracy}
    if valid_energy(analysis, system) is not None:
        stated |= {"joules per request": measured.j_per_request, "joules per correct answer": measured.j_per_correct}
    return [
        {"type": "DictionaryEntry", "key": name, "value": _interval(each)}
        for name, each in stated.items()
        if each is not None
    ] + [
        {"type": "DictionaryEntry", "key": name, "value": value}
        for name, value in throughput_of(analysis, system).items()
    ]


def _interval(interval: Interval) -> str:
    estimate, low, high = (format(each, ".6g") for each in (interval.estimate, interval.low, interval.high))
    return f"{estimate} (95% interval {low} to {high})"
