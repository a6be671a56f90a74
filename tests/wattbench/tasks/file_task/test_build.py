"""The lm-eval task of a file: its prompts, its examples, and its export, which lm-eval runs alike."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.model import LM

from wattbench.config import FileTask, Measure, Prompt, Resolved, TaskChoice, load_suite, loader
from wattbench.errors import UserError
from wattbench.measure.plan import check_pair
from wattbench.measure.preview import preview
from wattbench.measure.task_requests import task_context
from wattbench.tasks.bounded_pattern import search
from wattbench.tasks.file_task import build as building
from wattbench.tasks.file_task import documents
from wattbench.tasks.file_task.build import build
from wattbench.tasks.file_task.export import export_task
from wattbench.tasks.loading import LoadedTask, TaskOutline, code_of_task, load_task, outline_task
from wattbench.tasks.scoring import evaluate, score_rows

SYSTEMS = 'systems: {define: {rules: {kind: specialist, engine: python, call: "./rules.py:topic"}}}\n'
LINES = ("text,topic", "Where is it?,delivery", "Refund me,refund", "Is it {{lost}}?,delivery", "Money back,refund")


def suite(folder: Path, **settings: Any) -> Resolved:
    (folder / "tickets.csv").write_text("\n".join(LINES))
    (folder / "rules.py").write_text("def topic(text): return 'refund'\n")
    (folder / "examples.csv").write_text("text,topic\nPay me,refund\nNot here,delivery\n")
    entry = {"file": "tickets.csv", "input": "text", "target": "topic", "score": "label", **settings}
    (folder / "suite.yaml").write_text(f"name: t\ntasks: {json.dumps({'select': [entry]})}\n{SYSTEMS}")
    return load_suite(str(folder / "suite.yaml"))


class Echo(LM):  # type: ignore[misc]
    """Answers each prompt from a list, and keeps the prompts."""

    def __init__(self, answers: list[str]) -> None:
        super().__init__()
        self.answers, self.prompts, self.settings = answers, [], []  # type: ignore[var-annotated]

    def generate_until(self, requests: list[Any]) -> list[str]:
        self.prompts += [request.args[0] for request in requests]
        self.settings += [request.args[1] for request in requests]
        return self.answers[: len(requests)]

    def loglikelihood(self, requests: list[Any]) -> list[Any]:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


ANSWERS = ["It is Delivery.", "delivery", "refund or delivery", "REFUND"]


def asked(loaded: LoadedTask, prompt: Prompt | None = None) -> tuple[Echo, list[dict[str, Any]]]:
    lm = Echo(ANSWERS)
    return lm, evaluate(lm, loaded, prompt or Prompt(), Measure())


def test_the_prompt_has_the_labels_the_examples_in_order_and_the_input(tmp_path: Path) -> None:
    resolved = suite(tmp_path, fewshot="examples.csv")
    lm, samples = asked(load_task(resolved, resolved.tasks[0]))
    instruction = "Choose the one label that fits the input: delivery, refund. Reply with the label alone."
    examples = (("Pay me", "refund"), ("Not here", "delivery"))
    before = "".join(f"{instruction}\n\nInput: {text}\nAnswer: {topic}\n\n" for text, topic in examples)
    texts = [line.rpartition(",")[0] for line in LINES[1:]]
    assert lm.prompts == [f"{before}{instruction}\n\nInput: {text}\nAnswer:" for text in texts]
    begins = "\n\nChoose the one label that fits the input"
    assert lm.settings[0] == {"until": [begins, "\nInput:"], "do_sample": False}
    rows = score_rows(samples, resolved.tasks[0], 0)
    assert [row.correct for row in rows] == [1.0, 0.0, 0.0, 1.0]
    assert [row.filtered for row in rows] == ["delivery", "delivery", "[invalid]", "refund"]
    assert [row.target for row in rows] == ["delivery", "refund", "delivery", "refund"]


def test_a_system_may_have_fewer_examples_and_not_more(tmp_path: Path) -> None:
    resolved = suite(tmp_path, fewshot="examples.csv")
    lm, _ = asked(load_task(resolved, resolved.tasks[0]), Prompt(fewshot=1))
    assert lm.prompts[0].count("Answer:") == 2
    with pytest.raises(UserError, match=r"task 'tickets': prompt\.fewshot: 3 .* has 2"):
        asked(load_task(resolved, resolved.tasks[0]), Prompt(fewshot=3))
    without = suite(tmp_path)
    lm, _ = asked(load_task(without, without.tasks[0]), Prompt(fewshot=3))  # none is taken of what is asked
    assert lm.prompts[0].count("Answer:") == 1


def test_labels_with_braces_are_no_template(tmp_path: Path) -> None:
    resolved = suite(tmp_path, labels=['{{ 7 * 7 }} "quoted" \\n', "delivery", "refund", "ünï"])
    lm, _ = asked(load_task(resolved, resolved.tasks[0]))
    assert '{{ 7 * 7 }} "quoted" \\n, delivery, refund, ünï. Reply' in lm.prompts[0]


def test_a_template_of_the_suite_is_sandboxed(tmp_path: Path) -> None:
    resolved = suite(tmp_path, prompt="{{ text.__class__.__mro__ }}")
    with pytest.raises(UserError, match="SecurityError"):
        load_task(resolved, resolved.tasks[0])


@pytest.mark.slow
def test_a_pattern_of_the_suite_is_bounded_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = r"topic: (?:(refunds?)|(deliver)y?)\b|(?:a+)+$"
    resolved = suite(tmp_path, score="regex", pattern=pattern)
    loaded = load_task(resolved, resolved.tasks[0])
    answers = ["topic: delivery", "<think>topic: refund</think> no", "TOPIC", ""]
    _, samples = evaluate_with(loaded, answers)
    assert [row.filtered for row in score_rows(samples, resolved.tasks[0], 0)] == [
        loaded_score(resolved).extract(reply, {}) for reply in answers
    ] == ["deliver", "[invalid]", "[invalid]", "[invalid]"]  # fmt: skip
    monkeypatch.setattr(building, "search", partial(search, text_s=0.3))
    with pytest.raises(UserError, match=r"pattern: .* takes over 0.3 s for one answer"):
        evaluate_with(loaded, ["a" * 60 + "!", "", "", ""])


def evaluate_with(loaded: LoadedTask, answers: list[str]) -> tuple[Echo, list[dict[str, Any]]]:
    lm = Echo(answers)
    return lm, evaluate(lm, loaded, Prompt(), Measure())


def loaded_score(resolved: Resolved) -> Any:
    [choice] = resolved.tasks
    assert isinstance(choice, FileTask)
    return build(choice).score


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = suite(tmp_path, fewshot="examples.csv")
    read: list[Path] = []
    original = documents.read_file
    monkeypatch.setattr(documents, "read_file", lambda path, *given: (read.append(path), original(path, *given))[1])
    monkeypatch.setattr(building, "_UNSURE_S", -60)
    hashes = {load_task(resolved, resolved.tasks[0]).docs_sha256 for _ in range(3)}
    assert (len(hashes), len(read)) == (1, 2)
    table = tmp_path / "tickets.csv"
    table.write_text(table.read_text().replace("Money", "Coins"))
    os.utime(table, (1, 1))
    assert load_task(resolved, resolved.tasks[0]).docs_sha256 not in hashes
    monkeypatch.setattr(building, "_UNSURE_S", 60)  # as if it had changed just now
    load_task(resolved, resolved.tasks[0])
    assert len(read) == 6


def test_choices_are_lettered(tmp_path: Path) -> None:
    resolved = suite(tmp_path, score="choice", choices=["refund", "delivery"])
    lm, samples = asked(load_task(resolved, resolved.tasks[0]))
    assert lm.prompts[0].endswith("\n\nInput: Where is it?\nA. refund\nB. delivery\nAnswer:")
    assert [row.correct for row in score_rows(samples, resolved.tasks[0], 0)] == [1.0, 0.0, 0.0, 1.0]


def test_it_runs_no_code_and_its_documents_are_local(tmp_path: Path) -> None:
    resolved = suite(tmp_path, limit=3)
    [choice] = resolved.tasks
    assert code_of_task(resolved, choice).named == ()
    outline = outline_task(resolved, choice)
    assert outline is not None
    assert (outline.local, outline.request_type) == (True, "generate_until")
    assert load_task(resolved, choice).items == 3


def test_a_callable_sees_inputs_of_files_alone(tmp_path: Path) -> None:
    resolved = suite(tmp_path)
    key = task_context(resolved, resolved.tasks[0], allow_unsafe_code=False).input
    assert key == "text"
    [rules] = resolved.systems.values()
    inputs = replace(resolved, systems={"rules": rules.model_copy(update={"sees": "input"})})
    assert [cell.system for cell in preview(inputs).cells] == ["rules"]
    assert inputs.sha256 != resolved.sha256
    assert '"sees"' not in json.dumps(loader.systems_as_measured(resolved.as_record()["systems"]))
    outline = TaskOutline(TaskChoice(task="sums", domain="d"), "generate_until")
    for name, config in inputs.systems.items():
        with pytest.raises(UserError, match=r"'rules': sees: input: the task 'sums' is no file .* sees: prompt"):
            check_pair(inputs, name, config, outline, allow_unsafe_code=False)


def test_a_plan_says_what_becomes_of_the_rows(tmp_path: Path) -> None:
    seen = preview(suite(tmp_path, fewshot=1, split={"test": 0.5}))
    assert [cell.items for cell in seen.cells] == [2]
    assert seen.notes == ["tickets: 2 rows to ask, 1 as worked examples, 1 for training"]
    assert preview(suite(tmp_path)).notes == []


def test_the_hash_of_scoring_holds_the_settings_of_the_score(tmp_path: Path) -> None:
    def hashes(**settings: Any) -> tuple[str, str]:
        resolved = suite(tmp_path, **settings)
        loaded = load_task(resolved, resolved.tasks[0])
        return loaded.docs_sha256, loaded.asking_sha256

    plain = hashes(score="regex", pattern="a")
    assert plain == hashes(score="regex", pattern="a")
    assert plain[0] == hashes(score="regex", pattern="b")[0]
    assert plain[1] != hashes(score="regex", pattern="b")[1]


@pytest.mark.slow  # lm-eval's own command imports it
@pytest.mark.parametrize(
    "settings",
    [
        {"fewshot": "examples.csv"},
        {"score": "choice", "choices": ["refund", "delivery"], "name": "a-b.c"},
        {"score": "regex", "pattern": r"(\w+)\.?$", "split": {"test": 0.5}, "prompt": "{{text}} {{ 'Ü' }}\n"},
        {"score": "f1"},
    ],
)
def test_lm_eval_runs_the_export_with_the_same_prompts_and_scores(tmp_path: Path, settings: dict[str, Any]) -> None:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    resolved = suite(tmp_path, **settings)
    [choice] = resolved.tasks
    assert isinstance(choice, FileTask)
    ours, samples = asked(load_task(resolved, choice))
    files = export_task(choice, tmp_path / "exported")
    assert {path.name for path in files} == {path.name for path in (tmp_path / "exported").iterdir()}
    theirs = Echo(ANSWERS)
    manager = TaskManager(include_path=str(tmp_path / "exported"), include_defaults=False)
    results = simple_evaluate(theirs, tasks=[choice.task], task_manager=manager, log_samples=True, bootstrap_iters=0)
    assert theirs.prompts == ours.prompts
    assert theirs.settings == ours.settings
    kept = ("doc_id", "doc_hash", "target", "filtered_resps", "filter", *choice.metrics)
    assert [[sample[key] for key in kept] for sample in results["samples"][choice.task]] == [
        [sample[key] for key in kept] for sample in samples
    ]
    train = tmp_path / "exported" / f"{choice.task}.train.jsonl"
    assert train.exists() == ("split" in settings)


def test_an_export_needs_no_wattbench(tmp_path: Path) -> None:
    resolved = suite(tmp_path)
    [choice] = resolved.tasks
    assert isinstance(choice, FileTask)
    code = next(path for path in export_task(choice, tmp_path / "exported") if path.suffix == ".py").read_text()
    assert "import wattbench" not in code
    assert "from wattbench" not in code
    assert build(choice).score.kind in code
