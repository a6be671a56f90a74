"""The plan as it is shown: what is wrong is an error, what is only missing here is a note, and nobody is asked."""

from __future__ import annotations

import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from wattbench.api.plans.plan_section import plan_section
from wattbench.config import EndpointSystem, Resolved, TaskChoice, load_suite
from wattbench.errors import UserError
from wattbench.measure.effort import Effort, effort_of
from wattbench.measure.plan import plan
from wattbench.measure.preview import preview
from wattbench.tasks.loading import outline_task
from wattbench_reports.presenter.text import as_text

DATA = Path(__file__).parents[2] / "data"
UNREACHABLE = (
    "task: far\ndataset_path: nobody/nothing\noutput_type: generate_until\ntest_split: test\n"
    "doc_to_text: q\ndoc_to_target: a\n"
)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> NoReturn:
        raise AssertionError("a plan went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def resolved() -> Resolved:
    return load_suite(str(DATA / "suite.yaml"))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Resolved:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return load_suite("gpu")


def served(**fields: Any) -> EndpointSystem:
    serve = {"command": "wattbench-no-such-program --port {port}"}
    given = {"kind": "moe", "engine": "endpoint", "base_url": "http://127.0.0.1:{port}/v1", "serve": serve, **fields}
    return EndpointSystem.model_validate(given)


def with_tasks(resolved: Resolved, folder: Path, *names: str) -> Resolved:
    select = [TaskChoice(task=name, domain="x") for name in names]
    tasks = resolved.suite.tasks.model_copy(update={"include": [DATA / "tasks", folder], "select": select})
    return replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))


def effort(resolved: Resolved) -> Effort:
    return effort_of(resolved.suite.measure, {})


def test_a_suite_that_can_run_here_is_shown_as_it_will_run(resolved: Resolved) -> None:
    seen, cells = preview(resolved, load=True), plan(resolved)
    assert as_text(plan_section(resolved, seen.cells, {}, seen.notes, effort=effort(resolved))) == as_text(
        plan_section(resolved, cells, {}, effort=effort(resolved))
    )
    assert seen.notes == []


@pytest.mark.slow
def test_the_gpu_suite_holds_together_without_a_network_a_gpu_or_vllm(gpu: Resolved) -> None:
    seen = preview(gpu)
    assert len(seen.cells) == len(gpu.systems) * len(gpu.tasks)
    assert {cell.items for cell in seen.cells} == {None}
    assert len({choice.domain for choice in gpu.tasks}) >= 4
    assert {config.kind for config in gpu.systems.values()} == {
        "generalist",
        "specialist",
        "moe",
        "distilled",
        "hybrid",
    }


@pytest.mark.slow
def test_so_does_the_rest_of_its_catalogue(gpu: Resolved, tmp_path: Path) -> None:
    whole = tmp_path / "whole.yaml"
    written = gpu.path.read_text().replace("../systems/gpu.yaml", str(gpu.suite.systems.include[0]))
    whole.write_text("\n".join(line for line in written.splitlines() if not line.startswith("  select: [")))
    everything = load_suite(str(whole))
    assert set(gpu.systems) < set(everything.systems)
    assert preview(everything).cells


@pytest.mark.slow
def test_what_could_not_be_checked_is_said(gpu: Resolved, golden) -> None:
    some = gpu.narrowed(systems=["generalist", "moe"], tasks=["gsm8k_cot_zeroshot", "humaneval_instruct"], limit=80)
    seen = preview(some)
    metered = {"gpu0": "counter"}
    text = as_text(plan_section(some, seen.cells, metered, seen.notes, effort=effort_of(some.suite.measure, metered)))
    golden("preview.txt", text.replace(str(some.path), "gpu.yaml"))
    assert not any("unsafe" in note for note in preview(some, allow_unsafe_code=True).notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gsm8k_cot_zeroshott", r"unknown task; did you mean 'gsm8k_cot_zeroshot'\?"),
        ("mmlu_pro", "a group of tasks; select its members, such as mmlu_pro_biology"),
        ("hellaswag", "'moe' on task 'hellaswag': the task asks for likelihoods"),
    ],
)
def test_a_task_of_lm_evals_that_cannot_be_asked_is_an_error(gpu: Resolved, name: str, said: str) -> None:
    tasks = gpu.suite.tasks.model_copy(update={"select": [TaskChoice(task=name, domain="x", source="lm_eval")]})
    there = replace(gpu, suite=gpu.suite.model_copy(update={"tasks": tasks}))
    with pytest.raises(UserError, match=said):
        preview(there.narrowed(systems=["moe"]))


def test_what_is_missing_here_is_said_once_with_who_needs_it(resolved: Resolved) -> None:
    there = replace(resolved, systems={"one": served(), "two": served()})
    assert preview(there, load=True).notes == [
        "missing here, needed to run: program wattbench-no-such-program (one, two)"
    ]
    with pytest.raises(UserError, match="no program 'wattbench-no-such-program' on the PATH"):
        plan(there)


def test_a_key_that_is_not_set_is_a_note(resolved: Resolved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAR_KEY", raising=False)
    far = served(serve=None, base_url="http://far.example/v1", api_key_env="FAR_KEY")
    assert preview(replace(resolved, systems={"far": far}), load=True).notes == [
        "missing here, needed to run: variable FAR_KEY (far)"
    ]


def test_what_is_wrong_everywhere_is_an_error(resolved: Resolved, tmp_path: Path) -> None:
    wrong = served(base_url="http://127.0.0.1:8000/v1")
    with pytest.raises(UserError, match=r"\{port\} must be in both"):
        preview(replace(resolved, systems={"wrong": wrong}))
    with pytest.raises(UserError, match="asks for likelihoods"):
        preview(with_tasks(resolved, tmp_path, "choices"))


def test_documents_on_a_hub_are_not_fetched(resolved: Resolved, tmp_path: Path) -> None:
    (tmp_path / "far.yaml").write_text(UNREACHABLE)
    there = with_tasks(resolved, tmp_path, "sums", "far")
    seen = preview(there, load=True)
    assert [cell.items for cell in seen.cells] == [40, None, 40, None]
    assert "more than 80 items to ask" in as_text(plan_section(there, seen.cells, {}, seen.notes, effort=effort(there)))
    assert seen.notes == ["documents not read, as they may have to be downloaded: far"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "custom_dataset: made.load\n",
        "dataset_path: json\ndataset_kwargs: {data_files: 'hf://datasets/nobody/nothing/a.json'}\n",
        "dataset_path: json\ndataset_kwargs: {data_dir: 'https://nowhere.example/data'}\n",
        "dataset_path: csv\ndataset_kwargs: {data_files: a.csv, cache_dir: /nowhere}\n",
    ],
)
def test_documents_that_only_seem_to_be_here_are_not_fetched(
    resolved: Resolved, tmp_path: Path, elsewhere: str
) -> None:
    text = UNREACHABLE if elsewhere.startswith("custom") else UNREACHABLE.replace("dataset_path: nobody/nothing\n", "")
    (tmp_path / "far.yaml").write_text(text + elsewhere)
    there = with_tasks(resolved, tmp_path, "far")
    assert [cell.items for cell in preview(there).cells] == [None, None]


def test_a_task_that_is_a_python_class_is_left_to_the_run(resolved: Resolved, tmp_path: Path) -> None:
    (tmp_path / "coded.yaml").write_text("task: coded\nclass: !function coded.Task\n")
    there = with_tasks(resolved, tmp_path, "coded")
    assert outline_task(there, there.tasks[0]) is None
    assert [cell.items for cell in preview(there).cells] == [None, None]
