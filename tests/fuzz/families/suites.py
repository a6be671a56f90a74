"""YAML and TOML that a person writes: suites, catalogues, policies, references, recipes, task files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.fuzz.odd import TRAP
from tests.fuzz.targets import Target, given, of_text
from wattbench.config.loader import benchmarks_folder, load_suite, resolved_from_record
from wattbench.errors import UserError
from wattbench.measure.code_to_run import code_to_run
from wattbench.scenarios.interleaved.find_suite import policy_of_file, policy_of_project
from wattbench.tasks.loading import outline_task
from wattbench.tasks.task_code import code_in
from wattbench.tasks.task_scores import scores_written
from wattbench.train.recipe import load_family
from wattbench_reports.history.loader import read_reference
from wattbench_reports.metrics.carbon.embodied import embodied, embodied_option

EVERYTHING = Path(__file__).parents[1].joinpath("seeds", "everything.yaml").read_text()

POLICY = """\
metrics:
  accuracy: {margin: 5 points, each_domain: 10 points}
  latency_p95: {margin: 25%, blocks: false}
  peak_memory: {margin: 5%, direction: either, weight: 0.5}
  joules_per_correct: {margin: 10%, blocks: if_measured}
alpha: 0.05
max_joules: 20000
may_differ: [weights]
trades:
  - {give: {accuracy: 1 point}, get: {joules_per_correct: 20%}, reason: the battery matters more}
waivers:
  - {metric: peak_memory, until: 2026-12-31, reason: a new tokenizer}
"""

POLICY_TOML = """\
[project]
name = "x"
[tool.wattbench.gate]
suite = "gates/a.yaml"
alpha = 0.05
[tool.wattbench.gate.metrics]
accuracy = {margin = "5 points", each_domain = "10 points"}
joules_per_correct = {margin = 0.1, blocks = "if_measured"}
"""

TASK = """\
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: sums.jsonl}}
output_type: generate_until
test_split: test
doc_to_text: "{{question}} ="
doc_to_target: !function TRAP.fire
process_docs: !function TRAP.fire
generation_kwargs: {until: ["\\n"], max_gen_toks: 16}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
""".replace("TRAP", TRAP)


def _suites(_: Path) -> Sequence[bytes]:
    folder = benchmarks_folder()
    shipped = [path.read_text().replace("../", f"{folder}/") for path in sorted((folder / "suites").glob("*.yaml"))]
    whole = EVERYTHING.replace("TASKS", str(folder / "tasks")).replace(
        "CATALOGUE", str(folder / "systems" / "smol.yaml")
    )
    return [text.encode() for text in (whole, whole, *shipped)]


def _load(path: Path) -> Any:
    resolved = load_suite(str(path))
    assert resolved.sha256
    return resolved_from_record(json.loads(json.dumps(resolved.as_record()))).narrowed(limit=3)


def _catalogues(folder: Path) -> Sequence[bytes]:
    tasks = benchmarks_folder() / "tasks"
    text = f"name: s\ntasks: {{include: [{tasks}], select: [{{task: chain_sum, domain: a}}]}}\n"
    (folder / "suite.yaml").write_text(f"{text}systems: {{include: [input.yaml]}}\n")
    catalogues = [path.read_bytes() for path in sorted((benchmarks_folder() / "systems").glob("*.yaml"))]
    return [*catalogues, ("systems:" + EVERYTHING.split("define:")[1].split("meters:", maxsplit=1)[0]).encode()]


def _planned(path: Path) -> Any:
    resolved = load_suite(str(path))
    code_to_run(resolved)
    return [scores_written(outline) for each in resolved.tasks if (outline := outline_task(resolved, each)) is not None]


def _plans(folder: Path) -> Sequence[bytes]:
    (folder / "tasks").mkdir()
    (folder / "tasks" / "sums.yaml").write_text(TASK)
    text = """\
name: s
tasks: {include: [tasks], select: [{task: sums, domain: a}]}
systems: {define: {one: {kind: generalist, engine: python, call: "./TRAP.py:fire"}}}
meters: [{use: external, component: wall, command: {run: "TRAP --x", pattern: "x", power_unit: W}}]
"""
    return [text.replace("TRAP", TRAP).encode()]


def _task(path: Path) -> Any:
    try:
        written = yaml.safe_load(path.read_bytes().replace(b"!function", b""))
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, LookupError, TypeError):
        written = {}
    return code_in(path, written if isinstance(written, dict) else {})


def _included(folder: Path) -> Sequence[bytes]:
    (folder / "base.yaml").write_text(TASK)
    return [
        TASK.encode(),
        b"include: base.yaml\ntask: x\n",
        b"<<: &a {include: [base.yaml]}\ntask: x\nclass: !function a.b\n",
    ]


REFERENCE = "run: 20260102T030405Z-whole-abc123\nreason: a release\nreviewed_by: me\ndate: 2026-01-02\n"

TARGETS = (
    Target("suite", "yaml", _suites, _load, "input.yaml", named=False),
    Target("catalogue", "yaml", _catalogues, lambda path: load_suite(str(path.with_name("suite.yaml"))), "input.yaml"),
    Target("plan", "yaml", _plans, _planned, "input.yaml", named=False, weight=0.3),
    Target(
        "task",
        "yaml",
        _included,
        _task,
        "input.yaml",
        (UserError, ValueError, yaml.YAMLError),
        named=False,
        terse=False,
    ),
    Target(
        "policy-yaml",
        "yaml",
        given(POLICY, f"gate:\n{'  '.join(['', *POLICY.splitlines(keepends=True)])}"),
        policy_of_file,
        "input.yaml",
    ),
    Target("policy-toml", "toml", given(POLICY_TOML), policy_of_file, "input.toml"),
    Target("policy-project", "toml", given(POLICY_TOML), lambda path: policy_of_project(path.parent), "pyproject.toml"),
    Target("reference", "yaml", given(REFERENCE), lambda path: read_reference(path.parent), "reference.yaml"),
    Target(
        "recipe",
        "yaml",
        lambda _: [(benchmarks_folder() / "family" / "recipe.yaml").read_bytes()],
        load_family,
        "recipe.yaml",
    ),
    of_text(
        "embodied",
        lambda text: embodied(embodied_option(text)),
        "ecologits-gpu-server",
        "none",
        "{kg_per_device: 350, lifetime_years: 4, source: a page, year: 2024}",
        "{use: ecologits-gpu-server, gpus: 8}",
        "{g_per_device_hour: 5, devices: 2, source: s, year: 2020}",
        form="yaml",
    ),
)
