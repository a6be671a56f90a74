"""The plan: tasks and systems checked against each other, and put into words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from wattbench.api.plans.plan_section import plan_section
from wattbench.config import LmEvalSystem, Measure, Resolved, TaskChoice, TransformersSystem, Weights, load_suite
from wattbench.errors import UserError
from wattbench.measure.effort import effort_of
from wattbench.measure.plan import plan
from wattbench.measure.plan_of_blocks import plan_of_blocks
from wattbench.tasks.loading import load_task
from wattbench_reports.presenter.text import as_text

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def resolved() -> Resolved:
    return load_suite(str(DATA / "suite.yaml"))


def test_the_plan_in_words(resolved: Resolved, golden) -> None:
    metered = {"gpu0": "counter", "cpu": "modelled"}
    effort = effort_of(resolved.suite.measure, metered)
    text = as_text(plan_section(resolved, plan(resolved.narrowed(limit=7)), metered, effort=effort))
    golden("plan.txt", text.replace(str(DATA), "DATA"))


def test_a_suite_cannot_steer_the_terminal_that_shows_its_plan(resolved: Resolved) -> None:
    cells = [replace(cell, system="\x1b[2J語") for cell in plan(resolved.narrowed(limit=7))]
    lines = as_text(
        plan_section(resolved, cells, {}, ["a note\x07"], effort=effort_of(resolved.suite.measure, {}))
    ).split("\n")
    assert all(line.isprintable() for line in lines)
    assert {cell_len(line.partition("python")[0]) for line in lines if "[2J" in line} == {20}


def test_systems_that_share_a_base_run_one_after_the_other(resolved: Resolved, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    weights = Weights(path=tmp_path / "model.gguf")
    base = TransformersSystem(kind="generalist", engine="transformers", weights=weights)
    dummy = LmEvalSystem(kind="generalist", engine="lm_eval", model="dummy")
    systems = {"first": base, "between": dummy, "again": base, "other": base.model_copy(update={"threads": 1})}
    cells = plan(replace(resolved, systems=systems))
    assert [cell.system for cell in cells] == ["first", "again", "between", "other"]


def test_a_task_is_loaded_with_its_documents(resolved: Resolved) -> None:
    task = load_task(resolved, TaskChoice(task="sums", domain="arithmetic"))
    assert (task.items, task.version, task.request_type) == (40, "1.0", "generate_until")
    fewer = load_task(resolved, TaskChoice(task="sums", domain="arithmetic", limit=3))
    assert fewer.items == 3
    assert fewer.docs_sha256 != task.docs_sha256
    assert load_task(resolved, TaskChoice(task="choices", domain="x")).request_type == "loglikelihood"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sumz", "unknown task; did you mean 'sums'"),
        ("empty", "it has no documents"),
        ("broken", "is not in"),
        ("both", "a group of tasks; select its members, such as choices, sums"),
    ],
)
def test_a_task_that_cannot_be_asked_is_said(tmp_path: Path, resolved: Resolved, name: str, expected: str) -> None:
    (tmp_path / "broken.yaml").write_text(
        "task: broken\ndataset_path: json\ndataset_kwargs: {data_files: nowhere.json}\noutput_type: generate_until\n"
    )
    (tmp_path / "group.yaml").write_text("group: both\ntask: [sums, choices]\n")
    tasks = resolved.suite.tasks.model_copy(update={"include": [DATA / "tasks", tmp_path]})
    there = replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))
    with pytest.raises(UserError, match=expected):
        load_task(there, TaskChoice(task=name, domain="x"))


def test_code_that_a_model_wrote_runs_only_when_allowed(tmp_path: Path, resolved: Resolved) -> None:
    unsafe = (DATA / "tasks" / "sums.yaml").read_text().replace("task: sums", "task: unsafe\nunsafe_code: true")
    (tmp_path / "unsafe.yaml").write_text(unsafe)
    (tmp_path / "sums.py").write_text((DATA / "tasks" / "sums.py").read_text())
    tasks = resolved.suite.tasks.model_copy(
        update={"include": [tmp_path], "select": [TaskChoice(task="unsafe", domain="x")]}
    )
    there = replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))
    with pytest.raises(UserError, match="--allow-unsafe-code"):
        plan(there)
    assert len(plan(there, allow_unsafe_code=True)) == 2


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (
            {"rates_per_s": [1, 40], "min_queries": 50},
            [
                "1 per second: 80 requests are too few for the long run: at most held in this minute, and not ranked",
                "40 per second: 2,400 requests can show that it is held in the long run, up to about 59% of full load",
            ],
        ),
        (
            {"rates_per_s": [1]},
            ["1 per second: 2,000 requests can show that it is held in the long run, up to about 55% of full load"],
        ),
        (
            {"rates_per_s": [1], "min_queries": 500, "in_time": 0.99},
            ["1 per second: 520 requests are too few for the long run: at most held in this minute, and not ranked"],
        ),
    ],
)
def test_under_load_the_plan_says_what_the_requests_can_show(resolved: Resolved, load, said: list[str]) -> None:
    measure = Measure.model_validate({"scenario": "load", "load": {"deadline_s": 2, **load}})
    arriving = replace(resolved, suite=resolved.suite.model_copy(update={"measure": measure}))
    cells = [cell for cell in plan(resolved) if cell.choice.task == "sums"]
    text = " ".join(as_text(plan_section(arriving, cells, {}, effort=effort_of(measure, {}))).split())
    assert [text.count(line) for line in said] == [1] * len(said)


@pytest.mark.parametrize(
    ("measure", "shortest_s", "said"),
    [
        (
            {},
            0.1,
            "at least 10 s, and what answers and loading take; at most 2 times the answering time and 2 min",
        ),
        ({"effort": "quick"}, 0.1, "take; at most the answering time and 20 s, and what is around the blocks"),
        ({"effort": "thorough"}, 0.1, "at least 35 s, and what answers and loading take"),
        ({}, 10.0, "at least 1.8 min, and what answers and loading take; at most 2 times"),
        ({"effort": "quick"}, 10.0, "at least 1.8 min, and what answers and loading take"),  # its windows take longer
        ({"blocks": 30}, 0.1, "at least 35 s, and what answers and loading take"),  # which the suite sets
    ],
)
def test_a_plan_promises_only_the_time_that_its_windows_leave(
    measure: dict[str, object], shortest_s: float, said: str
) -> None:
    of_suite = Measure.model_validate(measure)
    effort = effort_of(of_suite, {"cpu": "rapl"}, shortest_s)
    systems = 1 if shortest_s < 1.0 else 2
    *_, time = plan_of_blocks(of_suite, effort, systems, 400)
    assert said in time
    assert ("at most" in time) is ("at most" in said)
