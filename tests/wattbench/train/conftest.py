"""A family in small: a tiny base, two domains of toy tasks, and a member of every method."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wattbench.train import Family, load_family
from wattbench.train.trainer import Counts

RECIPE = """
base: {kind: generalist, engine: transformers, weights: {path: BASE}, dtype: float32, device: cpu, threads: 1}
tasks_folder: tasks
domains:
  letters: [copy]
  numbers: [double]
prompt: "Q: {question}\\nA:"
seed: 7
x-lora: &lora {rank: 2, alpha: 4, modules: [gate_proj, up_proj, down_proj], first_layer: 2}
x-pace: &pace {batch: 4, learning_rate: 1.0e-2, warmup_steps: 1, log_every: 1, save_every: 2}
members:
  specialist-letters: {method: adapter, domains: [letters], documents: 16, lora: *lora, schedule: *pace}
  specialist-numbers: {method: adapter, domains: [numbers], documents: 16, lora: *lora, schedule: *pace}
  tuned: {method: adapter, documents: 8, lora: *lora, schedule: *pace}
  moe:
    method: mixture
    experts: [specialist-letters, specialist-numbers]
    documents: 8
    balance: 0.02
    schedule: *pace
  student: {method: distil, teacher: tuned, documents: 4, layers: [0, 1, 3], lora: *lora, schedule: *pace}
  thinker: {method: reasoning, start: student, documents: 4, layers: [0, 1, 3], lora: *lora, schedule: *pace}
  router: {method: classifier, documents: 8, held_out: 4}
  cascade: {method: threshold, first: student, then: tuned, documents: 3}
  caller:
    method: tool
    domains: [numbers]
    documents: 8
    lora: *lora
    schedule: *pace
    call: "<<{calculation}>>\\n"
    result: "{result}\\nA:"
"""


@pytest.fixture(autouse=True)
def _own_cache_and_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other build's work is in the way; and float32, so that sums done in another order come to the same."""
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("wattbench.train.trainer._cpu_has_bfloat16", lambda: False)


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture(scope="session")
def task_files() -> Callable[[Path], None]:
    """Write the toy tasks' documents into a folder."""

    def write(folder: Path) -> None:
        for task, domain in (("copy", "letters"), ("double", "numbers")):
            (folder / domain).mkdir(parents=True)
            for split, count in (("train", 16), ("router", 8), ("calibration", 4)):
                path = folder / domain / f"{task}.{split}.jsonl"
                path.write_text("".join(json.dumps(_document(task, n)) + "\n" for n in range(count)))

    return write


def _document(task: str, number: int) -> dict[str, str]:
    if task == "copy":
        letter = "abcdefghijklmnopqrstuvwxyz"[number % 26]
        return {"question": f"say {letter}", "answer": letter, "reasoning": f"I read {letter}.\nSo it is {letter}."}
    once, twice = number % 10, number % 10 * 2
    reasoning = f"So {twice}."
    return {
        "question": f"twice {once}",
        "answer": str(twice),
        "reasoning": reasoning,
        "calculation": f"{once} + {once}",
    }


@pytest.fixture(scope="session")
def write_family(tiny_folder: Path, task_files: Callable[[Path], None]) -> Callable[..., Family]:
    """The recipe above beside its tasks, with some text replaced. Of a folder that is there, the recipe alone is."""

    def write(folder: Path, *changes: tuple[str, str]) -> Family:
        text = RECIPE
        for old, new in (*changes, ("BASE", str(tiny_folder))):
            assert old in text, old
            text = text.replace(old, new)
        if not folder.exists():
            task_files(folder / "tasks")
        (folder / "recipe.yaml").write_text(text)
        return load_family(folder / "recipe.yaml")

    return write


@pytest.fixture
def make_family(tmp_path: Path, write_family: Callable[..., Family]) -> Callable[..., Family]:
    """So, in this test's own folder."""
    return lambda *changes: write_family(tmp_path / "family", *changes)


@pytest.fixture
def family(make_family: Callable[..., Family]) -> Family:
    return make_family()
