"""The recipe of a family: what is wrong in it is said where it stands, and what a member is made by has a hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.config import TaskChoice, benchmarks_folder, load_suite
from wattbench.errors import UserError
from wattbench.tasks.loading import load_task
from wattbench.train import Family, load_family
from wattbench.train.examples import Document, prompt_of
from wattbench.train.recipe import needs

DATA = Path(__file__).parents[2] / "data"
PROMPT = 'prompt: "Q: {question}\\nA:"'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("teacher: tuned", "teacher: tunde"), r"recipe\.yaml:\d+: .*student needs tunde, but there is no such member"),
        (("teacher: tuned", "teacher: tunde"), "did you mean 'tuned'"),
        (("teacher: tuned", "teacher: thinker"), "student needs thinker, but that member comes later"),
        (("domains: [letters]", "domains: [leters]"), "specialist-letters: no domain 'leters'; did you mean 'letters'"),
        (("method: distil", "method: distill"), r"recipe\.yaml:21: members.student.*did you mean 'distil'"),
        (("balance: 0.02", "balanced: 0.02"), r"recipe\.yaml:19: members.moe.*balanced: unknown key"),
        (("balance: 0.02", "balance: -1"), r"recipe\.yaml:19: members.moe.*balance: .*greater than or equal to 0"),
        (("balance: 0.02", "{balance: 0.02"), r"recipe\.yaml:\d+: not valid YAML"),
        (("    balance: 0.02", "    balance: 0.02\n    top_k: 3"), r":\d+: .*top_k is 3, but there are 2 experts"),
        (("[specialist-letters, spec", "[specialist-numbers, spec"), r":\d+: .*experts: each can be named once"),
        (("{question}", "{answer}"), r"recipe\.yaml:7: prompt: .* does not have the right form"),
        (("seed: 7", "seed: 7\nsede: 8"), r"recipe\.yaml:9: sede: unknown key; did you mean 'seed'"),
        (("documents: 16", "documents: 0"), r"recipe\.yaml:12: .*greater than 0"),
        (("<<{calculation}>>", "<<{sum}>>"), r"recipe\.yaml:31: members.caller.*call: .*does not have the right form"),
        (("{result}", "{answer}"), r"recipe\.yaml:32: members.caller.*result: .*does not have the right form"),
        (("BASE", "BASE, hub: some/model"), r"recipe\.yaml:2: base.*name exactly one of hub, path and wheel"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(make_family, change: tuple[str, str], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        make_family(change)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: no such file"):
        load_family(tmp_path / "none.yaml")


def test_a_member_is_found_by_its_name(family: Family) -> None:
    assert family.member("tuned").method == "adapter"
    with pytest.raises(UserError, match="no member 'tund' in the recipe; did you mean 'tuned'"):
        family.member("tund")
    assert family.recipe.tasks_folder == family.folder / "tasks"


def test_what_each_method_needs_comes_before_it(family: Family) -> None:
    assert {name: needs(member) for name, member in family.recipe.members.items()} == {
        "specialist-letters": [],
        "specialist-numbers": [],
        "tuned": [],
        "moe": ["specialist-letters", "specialist-numbers"],
        "student": ["tuned"],
        "thinker": ["student"],
        "router": [],
        "cascade": ["student", "tuned"],
        "caller": [],
    }


ALL = {"specialist-letters", "specialist-numbers", "tuned", "moe", "student", "thinker", "router", "cascade", "caller"}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (("seed: 7", "seed: 8"), ALL),
        ((PROMPT, PROMPT.replace("A:", "Answer:")), ALL),
        (("numbers: [double]", "numbers: [double, double]"), ALL - {"specialist-letters"}),
        (("{path: BASE}", "{path: BASE, file: model.safetensors}"), ALL),
        (("tuned: {method: adapter, documents: 8", "tuned: {method: adapter, documents: 9"),
         {"tuned", "student", "thinker", "cascade"}),
        (("rank: 2", "rank: 3"), ALL - {"router"}),
        (("learning_rate: 1.0e-2", "learning_rate: 1.0e-3"), ALL - {"router"}),
        (("domains: [letters], documents: 16", "domains: [letters], documents: 15"), {"specialist-letters", "moe"}),
        (("balance: 0.02", "balance: 0.03"), {"moe"}),
        (("balance: 0.02", "balance: 0.02\n    top_k: 1"), {"moe"}),
        (("teacher: tuned,", "teacher: tuned, temperature: 2.0,"), {"student", "thinker", "cascade"}),
        (("start: student, ", ""), {"thinker"}),
        (("held_out: 4", "held_out: 3"), {"router"}),
        (("<<{calculation}>>", "[{calculation}]"), {"caller"}),
        (("documents: 3}", "documents: 4}"), {"cascade"}),
        # None of these makes another model.
        (("x-lora", "x-adapters"), set()),
        (("seed: 7", "seed: 7\nx-anything: {at: [all]}"), set()),
        (("seed: 7", "seed: 7\ncarbon: {region: FRA}"), set()),
        (("top_k: 2", "top_k: 2"), set()),
        (("threads: 1", "threads: 2"), set()),
        (("  router: {method: classifier", "  more: {method: classifier, documents: 1, held_out: 1}\n"
          "  router: {method: classifier"), set()),
    ],
)  # fmt: skip
def test_a_fingerprint_changes_with_what_decides_what_a_member_becomes(
    make_family, change: tuple[str, str], changed: set[str]
) -> None:
    spelt_out = ("balance: 0.02", "balance: 0.02\n    top_k: 2") if change[0] == "top_k: 2" else None
    before = make_family()
    prints = {name: before.fingerprint(name) for name in ALL}
    after = make_family(*filter(None, [spelt_out]), change)
    assert {name for name in ALL if after.fingerprint(name) != prints[name]} == changed


@pytest.fixture(scope="module")
def shipped() -> Family:
    return load_family(benchmarks_folder() / "family" / "recipe.yaml")


def test_the_shipped_recipe_loads_and_its_documents_are_there(shipped: Family) -> None:
    assert {member.method for member in shipped.recipe.members.values()} == {
        "adapter", "tool", "mixture", "distil", "reasoning", "classifier", "threshold"
    }  # fmt: skip
    for domain, tasks in shipped.recipe.domains.items():
        for task in tasks:
            for split in ("train", "router", "calibration"):
                assert (shipped.recipe.tasks_folder / domain / f"{task}.{split}.jsonl").is_file()
    for member in shipped.recipe.members.values():  # experts differ in feed-forward weights only
        if member.method == "mixture":
            for expert in member.experts:
                assert set(shipped.member(expert).lora.modules) <= {"gate_proj", "up_proj", "down_proj"}


def test_the_shipped_recipe_puts_questions_as_the_tasks_do(shipped: Family) -> None:
    resolved = load_suite(str(DATA / "suite.yaml"))
    tasks = resolved.suite.tasks.model_copy(update={"include": [shipped.recipe.tasks_folder]})
    resolved = type(resolved)(resolved.suite.model_copy(update={"tasks": tasks}), resolved.systems, resolved.path)
    for domain, names in shipped.recipe.domains.items():
        for name in names:
            task = load_task(resolved, TaskChoice(task=name, domain=domain)).task
            row = task.eval_docs[0]
            document = Document(domain, name, row["question"], row["answer"])
            assert task.fewshot_context(row, num_fewshot=0) == prompt_of(shipped.recipe, document)
            # `encode` puts a space before the answer: so do worked examples.
            assert task.config.target_delimiter + task.doc_to_target(row) == f" {document.answer}"
