"""The shipped catalogue and suite, and the rules they compare with."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from wattbench.config.suite import Catalogue, Suite

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TASKS = BENCHMARKS / "tasks"
SUITE = BENCHMARKS / "suites" / "quick.yaml"
CATALOGUE = BENCHMARKS / "systems" / "smol.yaml"
ABSTAINS = "I don't know"


def suite() -> Suite:
    return Suite.model_validate(yaml.safe_load(SUITE.read_text()), context={"folder": SUITE.parent})


def catalogue() -> Catalogue:
    written = yaml.safe_load(CATALOGUE.read_text())
    systems = {key: value for key, value in written.items() if not key.startswith("x-")}
    return Catalogue.model_validate(systems, context={"folder": CATALOGUE.parent})


def prompts(domain: str) -> list[tuple[str, str]]:
    """Every test prompt of a domain as lm-eval puts it without worked examples, and its answer."""
    found = []
    for path in sorted((TASKS / domain).glob("*.test.jsonl")):
        for line in path.read_text().splitlines():
            document = json.loads(line)
            found.append((f"Question: {document['question']}\nAnswer:", document["answer"]))
    return found


def rule(call: str):
    path, _, name = call.partition(":")
    spec = importlib.util.spec_from_file_location("rules_under_test", CATALOGUE.parent / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


RULES = {name: system for name, system in catalogue().systems.items() if system.engine == "python"}
DOMAINS = sorted({choice.domain for choice in suite().tasks.select})


def test_the_suite_selects_what_there_is():
    quick = suite()
    assert quick.name == "quick"
    assert set(quick.systems.select) <= set(catalogue().systems)
    for choice in quick.tasks.select:
        assert (TASKS / choice.domain / f"{choice.task}.yaml").is_file()
        assert choice.limit <= len((TASKS / choice.domain / f"{choice.task}.test.jsonl").read_text().splitlines())
    assert all(folder.is_dir() for folder in quick.tasks.include)
    assert all(file.is_file() for file in quick.systems.include)


def test_the_suite_has_all_five_kinds_of_system_and_every_domain():
    chosen = [catalogue().systems[name] for name in suite().systems.select]
    assert {system.kind for system in chosen} == {"generalist", "specialist", "moe", "distilled", "hybrid"}
    assert sorted(path.parent.name for path in TASKS.glob("*/recipe.yaml")) == DOMAINS


def test_the_served_model_is_the_one_in_process_and_is_asked_alike():
    served, in_process = (catalogue().systems[name] for name in ("generalist-llamacpp", "generalist"))
    assert served.serve.llamacpp.weights == in_process.weights
    assert served.prompt == in_process.prompt


@pytest.mark.parametrize("name", RULES)
def test_a_rule_solves_its_domain(name):
    solve = rule(RULES[name].call)
    wrong = [(prompt, solve(prompt)) for prompt, answer in prompts(RULES[name].domain) if solve(prompt) != answer]
    assert wrong == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_abstains_outside_its_domain(name):
    solve = rule(RULES[name].call)
    others = {path.parent.name for path in TASKS.glob("*/recipe.yaml")} - {RULES[name].domain}
    assert {solve(prompt) for domain in others for prompt, _ in prompts(domain)} == {ABSTAINS}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("prompt", ["", "Question:", "Question: \nAnswer:", "9" * 100_000, "Who ?", "gcd", "gcd of 4"])
def test_a_rule_abstains_on_what_is_no_question(name, prompt):
    assert rule(RULES[name].call)(prompt) == ABSTAINS


def test_rules_are_no_lookup_of_the_committed_answers():
    arithmetic, text = (rule(RULES[name].call) for name in ("rules-arithmetic", "rules-text"))
    assert arithmetic("Question: What is 123456 * 2?\nAnswer:") == "246912"
    assert arithmetic("Question: Calculate 1 - 91.\nAnswer:") == "-90"
    assert arithmetic("Question: What is the GCD of 84, 126 and 210?\nAnswer:") == "42"
    assert text('Question: How many times does the letter "z" appear in the text: "Zoo jazz"?\nAnswer:') == "3"
    assert text("Question: Ann owns a cat. Bob owns a dog. \nWho owns a dog?\nAnswer:") == "Bob"
    assert text("Question: Ann owns a dog. Bob owns a dog. \nWho owns a dog?\nAnswer:") == ABSTAINS


def test_a_rule_answers_the_last_question_of_a_prompt():
    arithmetic = rule(RULES["rules-arithmetic"].call)
    assert arithmetic("Question: Calculate 1 + 1.\nAnswer: 2\n\nQuestion: Calculate 2 + 2.\nAnswer:") == "4"
