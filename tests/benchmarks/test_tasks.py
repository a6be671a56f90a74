"""The shipped tasks: documents that are right and stay apart, and YAML that lm-eval loads without a network."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dateutil.parser
import pytest
import yaml

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TASKS = BENCHMARKS / "tasks"
sys.path.insert(0, str(TASKS))

import checks  # noqa: E402
import documents  # noqa: E402
import generate  # noqa: E402
import scoring  # noqa: E402

SHARE_ALLOWED = 0.6
"""The score that always giving the same answer may reach."""


@functools.cache
def recipes() -> dict[str, dict]:
    return {f"{domain}/{task}": recipe for domain, task, recipe in generate.recipes()}


def settings(name: str) -> dict:
    return yaml.safe_load((TASKS / f"{name}.yaml").read_text())["dataset_kwargs"]


NAMES = sorted(recipes())


def test_two_domains_or_more_have_two_tasks_or_more():
    domains = Counter(name.partition("/")[0] for name in NAMES)
    assert len(domains) >= 2
    assert min(domains.values()) >= 2


def test_every_recipe_has_its_task_and_every_task_its_recipe():
    assert (
        sorted(
            str(path.relative_to(TASKS).with_suffix(""))
            for path in TASKS.glob("*/*.yaml")
            if path.name != "recipe.yaml"
        )
        == NAMES
    )


def test_no_question_occurs_twice_in_any_split_of_any_task():
    questions = Counter(
        document["question"]
        for name in NAMES
        for split in recipes()[name]["splits"]
        for document in documents.read(name, split)
    )
    assert [question for question, times in questions.items() if times > 1] == []


def test_no_test_question_is_known_from_another_split_in_other_case_or_spacing():
    def questions(*splits: str) -> set[str]:
        read = (document for name in NAMES for split in splits for document in documents.read(name, split))
        return {" ".join(document["question"].casefold().split()) for document in read}

    others = {split for name in NAMES for split in recipes()[name]["splits"]} - {"test"}
    assert questions("test") & questions(*others) == set()


@pytest.mark.parametrize("name", [name for name in NAMES if "problem" in recipes()[name]])
def test_no_tested_problem_is_learned_from_in_other_words(name):
    def problems(split: str) -> set[str]:
        return {generate.problem(recipes()[name], document) for document in documents.read(name, split)}

    assert problems("test") & (problems("train") | problems("router") | problems("calibration")) == set()


@pytest.mark.parametrize("name", NAMES)
def test_splits_of_a_task_share_no_seed(name):
    ranges = sorted(
        (split["seed"], split["seed"] + split["count"] * generate.DRAWS_PER_DOCUMENT)
        for split in recipes()[name]["splits"].values()
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(ranges))


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_the_same_splits_and_evaluation_reads_two_of_them(name, monkeypatch):
    assert list(recipes()[name]["splits"]) == ["test", "fewshot", "train", "router", "calibration"]
    opened = []
    monkeypatch.setattr(
        documents, "read", lambda _name, split: opened.append(split) or [{"question": "", "answer": ""}]
    )
    assert list(documents.load(name, "number")) == opened == ["test", "fewshot"]


@pytest.mark.parametrize("name", NAMES)
def test_a_split_has_the_documents_that_the_recipe_promises(name):
    for split, wanted in recipes()[name]["splits"].items():
        assert len(documents.read(name, split)) == wanted["count"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", [20, 30, 60, 100])
def test_always_saying_the_same_does_not_pay(name, first):
    answers = Counter(document["answer"] for document in documents.read(name, "test")[:first])
    assert max(answers.values()) <= SHARE_ALLOWED * first


@pytest.mark.parametrize("name", NAMES)
def test_the_first_worked_examples_show_more_than_one_answer(name):
    assert len({document["answer"] for document in documents.read(name, "fewshot")[:3]}) > 1


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_extracted_from_itself_and_is_what_the_check_allows(name):
    kind, choices = settings(name)["answer_type"], settings(name).get("choices", ())
    check = checks.CHECKS.get(recipes()[name]["dataset"], lambda _question, _answer: True)
    for split in recipes()[name]["splits"]:
        for document in documents.read(name, split):
            assert scoring.extract(document["answer"], kind, choices) == scoring.canonical(document["answer"], kind)
            assert check(document["question"], document["answer"])


class TestGenerate:
    @pytest.fixture(autouse=True)
    def _numbers(self, monkeypatch):
        """Return a generator whose i-th document is its seed + i, modulo 50; a third of the answers are 0."""

        def draw(recipe, seed, size):
            for index in range(size):
                number = (seed + index) % recipe.get("different", 50)
                yield {"question": str(number), "answer": str(number % 3)}

        monkeypatch.setattr(generate, "draw", draw)

    def recipe(self, **changes):
        splits = {"test": {"seed": 0, "count": 10}, "fewshot": {"seed": 10_000, "count": 6}}
        return {"dataset": "numbers", "max_share": 0.4, "splits": splits} | changes

    def test_splits_are_disjoint_even_where_the_generator_repeats_itself(self):
        made = generate.splits(self.recipe(different=20))
        questions = [document["question"] for split in made.values() for document in split]
        assert len(set(questions)) == len(questions) == 16

    def test_every_beginning_keeps_answers_to_their_share(self):
        test = generate.splits(self.recipe())["test"]
        for length in range(1, len(test) + 1):
            most = max(Counter(document["answer"] for document in test[:length]).values())
            assert most <= 0.4 * length + 1

    def test_a_new_split_at_the_end_leaves_the_others_as_they_were(self):
        before = generate.splits(self.recipe())
        more = self.recipe()
        more["splits"]["train"] = {"seed": 20_000, "count": 20}
        after = generate.splits(more)
        assert {name: after[name] for name in before} == before

    def test_what_is_learned_from_leaves_out_tested_problems_in_any_order(self, monkeypatch):
        def draw(recipe, seed, size):
            numbers = [f"{1 + i % 4} + {1 + i // 4 % 4}" for i in range(16)]
            turned = numbers if seed == 0 else [question[::-1] for question in numbers]
            yield from ({"question": question, "answer": question} for question in turned)

        monkeypatch.setattr(generate, "draw", draw)
        splits = {"test": {"seed": 0, "count": 4}, "train": {"seed": 10_000, "count": 6}}
        made = generate.splits(self.recipe(splits=splits, max_share=1, problem="numbers"))
        assert [document["question"] for document in made["test"]] == ["1 + 1", "2 + 1", "3 + 1", "4 + 1"]
        assert all("1" not in document["question"] for document in made["train"])

    def test_too_few_different_documents_are_an_error(self):
        with pytest.raises(ValueError, match="only 5 of 10 for test"):
            generate.splits(self.recipe(different=5, max_share=1))

    def test_seeds_that_may_meet_are_an_error(self):
        splits = {"test": {"seed": 0, "count": 10}, "fewshot": {"seed": 599, "count": 6}}
        with pytest.raises(ValueError, match="test may draw seeds up to 600, and fewshot starts at 599"):
            generate.splits(self.recipe(splits=splits))


class TestChecks:
    @pytest.mark.parametrize(
        ("statements", "answer"),
        [
            ("1. All dogs are cats\n2. All cats are fish\n\nDoes it follow that:\nAll dogs are fish?", "Yes"),
            ("1. No dogs are cats\n2. Some fish are cats\n\nDoes it follow that:\nSome fish are not dogs?", "Yes"),
            ("1. All dogs are cats\n2. Some cats are not fish\n\nDoes it follow that:\nSome dogs are not fish?", "No"),
        ],
    )
    def test_a_syllogism_is_kept_with_its_right_answer_only(self, statements, answer):
        wrong = {"Yes": "No", "No": "Yes"}[answer]
        assert checks.syllogism(statements, answer)
        assert not checks.syllogism(statements, wrong)

    def test_a_syllogism_that_hangs_on_whether_there_are_any_is_left_out(self):
        disputed = "1. All dogs are cats\n2. All cats are fish\n\nDoes it follow that:\nSome dogs are fish?"
        assert not checks.syllogism(disputed, "Yes")
        assert not checks.syllogism(disputed, "No")

    def test_a_needle_must_mean_one_person(self):
        assert checks.needle_haystack("Al likes tea. Bo likes chess. \nWho likes chess? Name?", "Bo")
        assert not checks.needle_haystack("Al likes chess. Bo likes chess. \nWho likes chess? Name?", "Bo")

    def test_family_relations_follow_from_the_story(self):
        """Works every relation out anew from the sentences, without the generator's help."""
        for split in recipes()["logic/family_relationships"]["splits"]:
            for document in documents.read("logic/family_relationships", split):
                assert relation(document["question"]) == document["answer"], document

    @pytest.mark.parametrize("split", ["test", "fewshot", "train", "router", "calibration"])
    def test_days_between_are_the_calendars(self, split):
        for document in documents.read("time/days_between", split):
            first, second = (dateutil.parser.parse(text) for text in dates(document["question"]))
            assert (second - first).days == int(document["answer"])

    @pytest.mark.parametrize("split", ["test", "fewshot", "train", "router", "calibration"])
    def test_weekdays_are_the_calendars(self, split):
        """The weekday that the question gives is the date's, and the answer that of the day counted to."""
        for document in documents.read("time/weekday_offset", split):
            question = document["question"]
            weekday, said = re.search(r"(\w+day), (\w+ \d+, \d+)", question).groups()
            (days,) = re.findall(r"(\d+)[ -]days?", question.replace(said, ""))
            back = re.search("ago|before|backward", question)
            start = datetime.strptime(said, "%B %d, %Y")
            assert f"{start:%A}" == weekday
            assert f"{start + timedelta(-int(days) if back else int(days)):%A}" == document["answer"]


def dates(question: str) -> list[str]:
    """Return the two dates of a question, in any form."""
    return re.findall(r"\d+[-/]\d+[-/]\d+|\d+ [A-Z][a-z]+ \d+|[A-Z][a-z]+ \d+,? \d{4}", question)


def relation(question: str) -> str:
    """Return the relation of the first person to the second; the married couples say who is a woman."""
    story, _, asked = question.partition("\n\n")
    one, other = re.search(r"(?:What relation is|What is|How is) (\w+) (?:related )?to (\w+)", asked).groups()
    spouse, children, parents = {}, {}, {}
    couple = ()
    for sentence in re.findall(r"[^.]+", story):
        if married := re.search(r"(\w+) is married to (\w+)", sentence):
            couple = married.groups()
            spouse |= {couple[0]: couple[1], couple[1]: couple[0]}
        elif born := re.search(r"have (?:a child|children) called (.+)", sentence):
            for child in re.findall(r"[A-Z]\w+", born[1]):
                parents[child] = couple
                for parent in couple:
                    children.setdefault(parent, set()).add(child)
    if spouse.get(one) == other:
        names = ("wife", "husband")
    elif one in parents.get(other, ()):
        names = ("mother", "father")
    elif other in parents.get(one, ()):
        names = ("daughter", "son")
    elif any(one in parents.get(parent, ()) for parent in parents.get(other, ())):
        names = ("grandmother", "grandfather")
    else:
        return "no rule"
    return names[0] if one in women() else names[1]


def women() -> set[str]:
    source = pytest.importorskip("reasoning_gym.graphs.family_relationships")
    return set(source.FamilyRelationshipsConfig().female_names)


def test_documents_regenerate_byte_for_byte():
    if importlib.util.find_spec("reasoning_gym") is None:
        if "tasks" in os.environ.get("WATTBENCH_REQUIRE", ""):
            pytest.fail("reasoning-gym is not installed, and WATTBENCH_REQUIRE asks for it")
        pytest.skip('reasoning-gym is not installed (pip install "wattbench[tasks]")')
    made = dict(generate.files())
    assert sorted(made) == sorted(TASKS.glob("*/*.jsonl"))
    assert [str(path) for path, text in made.items() if path.read_bytes() != text.encode()] == []


LOAD = """
import logging, os, sys, time
import datasets, lm_eval.tasks, lm_eval.evaluator
from lm_eval.api.model import LM
logging.getLogger("lm_eval").setLevel(logging.ERROR)
class Gold(LM):
    "Answers with the target of the document, said at length."
    def generate_until(self, requests):
        return [f"**The answer is {request.doc['answer']}.**" for request in requests]
    def loglikelihood(self, requests): raise NotImplementedError
    def loglikelihood_rolling(self, requests): raise NotImplementedError

def evaluate(folder):
    started_s = time.monotonic()
    manager = lm_eval.tasks.TaskManager(include_path=[folder], include_defaults=False)
    loaded = manager.load(manager.all_subtasks)["tasks"]
    took_s = time.monotonic() - started_s
    assert took_s < 5, took_s
    # What simple_evaluate does, without its report on the environment, which imports PyTorch and Transformers.
    for task in loaded.values():
        task.set_config(key="num_fewshot", value=3)
        task.set_fewshot_seed(seed=1234)
    results = lm_eval.evaluator.evaluate(Gold(), {"tasks": loaded}, limit=4)
    print(folder)
    for name, result in sorted(results["results"].items()):
        print(name, result["exact_match,none"], results["versions"][name], len(results["samples"][name]))
    sample = results["samples"]["addition"][0]
    print(repr(sample["arguments"]["gen_args_0"]["arg_0"]) if isinstance(sample["arguments"], dict)
          else repr(sample["arguments"][0][0]), flush=True)

for folder in sys.argv[1:]:  # each in a process of its own; importing all that lm-eval needs takes most of the time
    child = os.fork()
    if child == 0:
        evaluate(folder)
        sys.exit()
    _, status = os.waitpid(child, 0)
    assert status == 0, folder
"""


@pytest.fixture(scope="module")
def offline_evaluations(tmp_path_factory) -> dict[str, list[str]]:
    """Evaluate the tasks with lm-eval without a network, from another folder, and in a copy as in a wheel."""
    copy = tmp_path_factory.mktemp("installed") / "wattbench" / "_benchmarks" / "tasks"
    shutil.copytree(TASKS, copy)
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_EVALUATE_OFFLINE": "1",
        "TQDM_DISABLE": "1",
        "HF_HOME": str(tmp_path_factory.mktemp("empty")),
    }
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(copy), str(TASKS)],
        env=environment,
        cwd=tmp_path_factory.mktemp("away"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    first, second = lines.index(str(copy)), lines.index(str(TASKS))
    return {"elsewhere": lines[first + 1 : second], "repository": lines[second + 1 :]}


@pytest.fixture(params=["repository", "elsewhere"])
def offline_evaluation(request, offline_evaluations) -> list[str]:
    return offline_evaluations[request.param]


@pytest.mark.slow
def test_lm_eval_scores_verbose_right_answers_as_right_without_a_network(offline_evaluation):
    expected = sorted(name.partition("/")[2] for name in NAMES)
    assert offline_evaluation[: len(expected)] == [f"{task} 1.0 1.0 4" for task in expected]


def test_prompts_show_worked_examples_and_end_with_the_question(offline_evaluation):
    prompt = offline_evaluation[-1]
    assert prompt.count("Question: ") == 4
    assert prompt.rstrip("'\"").endswith("Answer:")


def test_reading_the_folder_is_quick():
    from lm_eval.tasks import TaskManager

    started_s = time.monotonic()
    manager = TaskManager(include_path=[str(TASKS)], include_defaults=False)
    assert time.monotonic() - started_s < 2
    assert manager.all_tasks == sorted(name.partition("/")[2] for name in NAMES)
