"""The reference family as it is committed: built by the recipe beside it, whole, and small enough."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from wattbench.config import load_suite
from wattbench.systems.training_ledger import read_ledger
from wattbench.train import load_family
from wattbench.train.examples import documents_of
from wattbench.train.recipe import needs

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
FAMILY = load_family(BENCHMARKS / "family" / "recipe.yaml")
MEMBERS = list(FAMILY.recipe.members)
SPECIALISTS = FAMILY.recipe.members["moe"].experts
CALCULATOR = BENCHMARKS / "systems" / "calculator"
COMMITTED_MB = 44


@pytest.fixture(params=MEMBERS)
def member(request) -> str:
    return request.param


def test_a_member_was_built_by_the_recipe_as_it_is(member):
    ledger = read_ledger(FAMILY.folder / member / "ledger.json")
    assert ledger.recipe_sha256 == FAMILY.fingerprint(member)
    assert ledger.needs == needs(FAMILY.member(member))
    assert ledger.seed == FAMILY.recipe.seed


def test_what_lies_there_is_what_was_built(member):
    folder = FAMILY.folder / member
    ledger = read_ledger(folder / "ledger.json")
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    del there["ledger.json"]
    assert there == ledger.files


def test_a_ledger_tells_what_the_training_took(member):
    ledger = read_ledger(FAMILY.folder / member / "ledger.json")
    assert ledger.seconds > 0
    assert ledger.documents > 0
    assert set(ledger.energy_j) == set(ledger.provenance)
    assert ledger.hardware["cpu"]
    if ledger.method in ("adapter", "tool", "mixture", "distil", "reasoning"):
        steps, losses = zip(*ledger.loss, strict=True)
        assert list(steps) == sorted(steps)
        assert sum(losses[-5:]) < sum(losses[:5])


def test_the_tuned_generalist_had_as_much_as_all_specialists():
    def trained(name: str) -> tuple[int, int]:
        ledger = read_ledger(FAMILY.folder / name / "ledger.json")
        return ledger.documents, ledger.tokens

    documents, tokens = zip(*(trained(name) for name in SPECIALISTS), strict=True)
    assert trained("generalist-tuned")[0] == pytest.approx(sum(documents), rel=0.01)
    assert trained("generalist-tuned")[1] == pytest.approx(sum(tokens), rel=0.05)


def test_the_committed_family_is_small():
    total = sum(path.stat().st_size for path in FAMILY.folder.rglob("*") if path.is_file())
    assert total < COMMITTED_MB * 1e6


def test_no_file_of_the_family_can_run_code_or_tells_where_it_was_made():
    for path in FAMILY.folder.rglob("*"):
        assert path.suffix in ("", ".yaml", ".json", ".npz", ".safetensors")
    for path in FAMILY.folder.rglob("adapter_config.json"):
        assert json.loads(path.read_text())["base_model_name_or_path"] is None


def test_the_cascade_of_the_catalogue_has_the_threshold_that_was_fitted():
    fitted = json.loads((FAMILY.folder / "cascade-threshold" / "threshold.json").read_text())["min_confidence"]
    written = yaml.safe_load((BENCHMARKS / "systems" / "smol.yaml").read_text())
    assert written["systems"]["hybrid-cascade"]["router"]["min_confidence"] == pytest.approx(fitted, abs=5e-4)


def test_the_catalogues_base_and_layers_are_the_recipes():
    systems = load_suite("nightly").systems
    for name, system in systems.items():
        if system.engine in ("transformers", "moe"):
            assert system.weights == FAMILY.recipe.base.weights
            assert system.dtype == FAMILY.recipe.base.dtype
        if getattr(system, "layers", None) is not None:
            assert system.layers == FAMILY.member(name).layers
    assert list(systems["moe"].experts) == list(FAMILY.recipe.domains)
    assert [folder.name for folder in systems["moe"].experts.values()] == FAMILY.member("moe").experts


def test_the_calculators_specialist_was_trained_as_the_one_without():
    with_tool, without = (FAMILY.member(f"specialist-{name}") for name in ("calculator", "arithmetic"))
    for key in ("domains", "documents", "lora", "schedule"):
        assert getattr(with_tool, key) == getattr(without, key), key
    sizes = {
        read_ledger(FAMILY.folder / f"specialist-{name}" / "ledger.json").bytes for name in ("calculator", "arithmetic")
    }
    assert max(sizes) < 1.01 * min(sizes)


def test_the_agent_continues_a_call_as_in_training():
    spec = importlib.util.spec_from_file_location("calculator_agent", CALCULATOR / "agent.py")
    agent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(agent)
    assert FAMILY.member("specialist-calculator").result == agent.RESULT
    for document in documents_of(FAMILY, "specialist-calculator"):
        assert agent.calculate(document.calculation) == document.answer


def test_what_the_catalogue_of_the_calculator_asks_is_what_was_built():
    systems = load_suite("calculator").systems
    asked = systems["specialist-calculator"].server
    assert asked.adapter == FAMILY.folder / "specialist-calculator"
    assert asked.weights == FAMILY.recipe.base.weights
    assert systems["specialist-calculator"].training == asked.training


def test_every_trained_system_names_its_ledger():
    for name, system in load_suite("nightly").systems.items():
        trained = (FAMILY.folder / name).is_dir() or system.engine == "moe"
        assert (system.training is not None) >= trained, name
