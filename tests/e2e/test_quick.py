"""The main job on real systems: all five kinds of one small model, and the same file behind llama.cpp."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from wattbench.records import RunRecords, read_run

ITEMS = 3
EACH_KIND = "generalist,specialist-arithmetic,moe,distilled,hybrid,rules-arithmetic"


@pytest.fixture
def run_suite(tmp_path: Path, environment: dict[str, str], command, smol_gguf: Path):
    def run(*arguments: object) -> RunRecords:
        # The cache that already holds the model; not this test's empty one.
        with_model = environment | {"WATTBENCH_CACHE": str(smol_gguf.parents[2])}
        done = subprocess.run(
            command("run", *arguments, "--limit", ITEMS, "--report", "report.html"),
            cwd=tmp_path, env=with_model, capture_output=True, text=True, check=False, timeout=580,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return read_run(tmp_path / done.stdout.strip())

    return run


def items_of(records: RunRecords) -> pd.DataFrame:
    return pd.read_parquet(records.layout.items_table)


@pytest.mark.model
def test_the_quick_suite_measures_all_five_kinds(run_suite, tmp_path: Path) -> None:
    records = run_suite("quick", "--systems", EACH_KIND, "--tasks", "addition,needle_haystack")
    items, systems = items_of(records), records.systems()
    assert (items.groupby(["system", "task"]).size() == ITEMS).all()
    assert items.groupby(["task", "system"])["doc_hash"].apply(frozenset).groupby("task").nunique().eq(1).all()
    assert {system.kind for system in systems.values()} == {"generalist", "specialist", "moe", "distilled", "hybrid"}
    for system in systems.values():
        assert system.load_s is not None
        assert system.peak_memory_bytes is not None
    loads = {window.window: window for window in records.windows() if window.purpose == "load"}
    assert loads[systems["generalist"].load_window].total_j > 0
    assert items["energy_j"].notna().all()
    assert items.groupby("system")["energy_above_idle_j"].count().eq(2 * ITEMS).all()
    rules = items[(items["system"] == "rules-arithmetic") & (items["domain"] == "arithmetic")]
    assert (rules["correct"] == 1.0).all()

    # Models of one base: loaded once, and what each was trained for is in its record.
    assert systems["moe"].shares_base_with == systems["distilled"].shares_base_with == "generalist"
    assert systems["moe"].parameters_active < systems["moe"].parameters_total
    assert systems["distilled"].parameters_total < systems["generalist"].parameters_total
    assert set(systems["moe"].training) == {
        "moe",
        *(f"specialist-{d}" for d in ("arithmetic", "text", "logic", "time")),
    }
    assert systems["generalist"].training is None

    # A hybrid's requests say who answered and what choosing cost; a mixture's, which experts were asked.
    routed = items[items["system"] == "hybrid"]
    assert set(routed["route"]) == {"specialist-arithmetic", "specialist-text"}
    assert (routed["router_energy_j"] > 0).all()
    assert (routed["router_energy_j"] < routed["energy_j"]).all()
    asked = records.experts("moe", "addition")
    assert [row.doc_id for row in asked] == list(range(ITEMS))
    assert all(sum(layer) == 2 * row.tokens for row in asked for layer in row.counts)

    report = (tmp_path / "report.html").read_text()
    assert all(name in report for name in systems)


@pytest.mark.model
@pytest.mark.server
def test_the_same_file_in_process_and_behind_llamacpp(run_suite) -> None:
    records = run_suite("nightly", "--systems", "generalist,generalist-llamacpp", "--tasks", "addition")
    models, systems = items_of(records), records.systems()
    stamps = models[["started_s", "first_token_s", "finished_s"]]
    assert (stamps.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    assert (models["token_s"].str.len() > 0).all()
    # The same file, the same tokenizer, the same prompt: two engines must count the same tokens in it.
    counts = models.pivot_table(index=["task", "doc_id"], columns="system", values="prompt_tokens")
    assert counts["generalist"].equals(counts["generalist-llamacpp"])
    assert systems["generalist"].parameters_total == systems["generalist-llamacpp"].parameters_total == 134_515_008
    assert systems["generalist"].weights_sha256 == systems["generalist-llamacpp"].weights_sha256
