"""Training joules declared by hand: the forms, the errors, and what a run's record keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.made_up.suites import suite_of
from wattbench.config import DeclaredTraining, Suite, resolved_from_record
from wattbench.errors import UserError
from wattbench.measure.item_rows import training_costs

SUITE = """
name: demo
tasks: {include: [tasks], select: [{task: sums, domain: arithmetic}]}
systems:
  define:
    rules: {kind: specialist, engine: lm_eval, model: dummy%s}
"""


@pytest.fixture
def load(tmp_path: Path):
    (tmp_path / "tasks").mkdir()

    def make(training: str = "", more: str = ""):
        said = f", training: {training}" if training else ""
        return suite_of(SUITE % said + more, tmp_path)

    return make


@pytest.mark.parametrize("energy", ["energy_kwh: 0.001", "energy_j: 3600"])
def test_a_declared_training_is_recorded_in_the_shape_of_a_ledger(load, energy: str) -> None:
    resolved = load(f"{{{energy}, source: '  a model card ', year: 2024, gpu_hours: 12}}")
    system = resolved.systems["rules"]
    assert isinstance(system.training, DeclaredTraining)
    costs = training_costs("rules", system)
    assert costs is not None
    assert list(costs) == ["rules"]
    kept = costs["rules"]
    assert kept["energy_j"] == {"declared": pytest.approx(3600.0)}
    assert kept["provenance"] == {"declared": "declared"}
    assert (kept["method"], kept["source"], kept["year"], kept["gpu_hours"]) == ("declared", "a model card", 2024, 12)
    # What is not stated is unknown, not nothing.
    assert [kept[key] for key in ("documents", "tokens", "seconds", "grams_co2e")] == [None] * 4


def test_a_path_stays_the_path_of_a_ledger_beside_the_file(load, tmp_path: Path) -> None:
    assert load("made/ledger.json").systems["rules"].training == tmp_path / "made" / "ledger.json"
    with pytest.raises(UserError, match="no training ledger"):
        training_costs("rules", load("made/ledger.json").systems["rules"])
    assert training_costs("rules", load().systems["rules"]) is None


def test_a_resumed_run_reads_the_same_training_from_its_record(load) -> None:
    for form in ("{energy_kwh: 5, source: a paper, name: big}", "made/ledger.json"):
        resolved = load(form)
        assert resolved_from_record(resolved.as_record()).systems == resolved.systems


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ("{energy_kwh: 5}", "training.source: missing; this key is required"),
        ("{energy_kwh: 5, source: '  '}", "training.source: string should have at least 1 character (here: '  ')"),
        ("{source: a paper}", "training: name exactly one of energy_j and energy_kwh (here: none)"),
        (
            "{source: a paper, energy_j: 5, energy_kwh: 5}",
            "training: name exactly one of energy_j and energy_kwh (here: energy_j and energy_kwh)",
        ),
        (
            "{source: a paper, energy_kwh: -5}",
            "training.energy_kwh: input should be greater than 0 (here: -5)",
        ),
        ("{source: a paper, energy_kwh: .nan}", "training.energy_kwh: input should be a finite number (here: nan)"),
        ("{source: a paper, energy_kWh: 5}", "training.energy_kWh: unknown key; did you mean 'energy_kwh'?"),
        (
            "[1]",
            "training: give the path of a ledger, or a mapping with energy_kwh (or energy_j) and source (here: [1])",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_key(load, training: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(training)
    assert f"systems.define.rules.{said}" in str(caught.value)


def test_one_training_is_counted_once_and_two_of_one_name_are_refused(load) -> None:
    more = """
    twin: {kind: generalist, engine: lm_eval, model: dummy, training: {energy_kwh: %s, source: a paper, name: base}}
    both: {kind: hybrid, engine: hybrid, members: {a: rules, b: twin}, router: {type: random}}
"""
    first = "{energy_kwh: 1, source: a paper, name: base}"
    costs = training_costs("both", load(first, more % 1).systems["both"])
    assert costs is not None
    assert list(costs) == ["base"]
    with pytest.raises(UserError, match="two different trainings are called 'base'"):
        training_costs("both", load(first, more % 2).systems["both"])


def test_the_schema_knows_both_forms() -> None:
    schema = Suite.model_json_schema()
    declared = schema["$defs"]["DeclaredTraining"]
    assert declared["required"] == ["source"]
    assert declared["additionalProperties"] is False
    assert all("description" in each for each in declared["properties"].values())
    forms = schema["$defs"]["LmEvalSystem"]["properties"]["training"]["anyOf"]
    assert "DeclaredTraining" in yaml.safe_dump(forms)
    assert "path" in yaml.safe_dump(forms)
