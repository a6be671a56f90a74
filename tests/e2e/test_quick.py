"""The main job on real systems: a model in process, the same file behind llama.cpp, and a rule."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from harness.records import read_run


@pytest.mark.model
@pytest.mark.server
def test_the_quick_suite_measures_three_real_systems(
    tmp_path: Path, environment: dict[str, str], command, smol_gguf: Path
) -> None:
    # The cache that already holds the model; not this test's empty one.
    with_model = environment | {"WATTBENCH_CACHE": str(smol_gguf.parents[2])}
    narrowed = ("--tasks", "addition,letter_counting", "--limit", 4)
    done = subprocess.run(
        command("run", "quick", *narrowed, "--report", "report.html"),
        cwd=tmp_path, env=with_model, capture_output=True, text=True, check=False, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    records = read_run(tmp_path / done.stdout.strip())
    items = pd.read_parquet(records.layout.items_table)
    assert (items.groupby(["system", "task"]).size() == 4).all()
    assert items.groupby(["task", "system"])["doc_hash"].apply(frozenset).groupby("task").nunique().eq(1).all()

    models = items[items["system"].str.startswith("generalist")]
    stamps = models[["started_s", "first_token_s", "finished_s"]]
    assert (stamps.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    assert (models["token_s"].str.len() > 0).all()
    # The same file, the same tokenizer, the same prompt: two engines must count the same tokens in it.
    counts = models.pivot_table(index=["task", "doc_id"], columns="system", values="prompt_tokens")
    assert counts["generalist"].equals(counts["generalist-llamacpp"])

    systems = records.systems()
    assert systems["generalist"].parameters_total == systems["generalist-llamacpp"].parameters_total == 134_515_008
    assert systems["generalist"].weights_sha256 == systems["generalist-llamacpp"].weights_sha256
    for system in systems.values():
        assert system.load_s is not None
        assert system.peak_memory_bytes is not None
    loads = {window.window: window for window in records.windows() if window.purpose == "load"}
    assert loads[systems["generalist"].load_window].total_j > 0
    assert items["energy_j"].notna().all()
    assert items.groupby("system")["energy_above_idle_j"].count().eq(8).all()
    rules = items[(items["system"] == "rules-arithmetic") & (items["domain"] == "arithmetic")]
    assert (rules["correct"] == 1.0).all()
    assert "generalist-llamacpp" in (tmp_path / "report.html").read_text()
