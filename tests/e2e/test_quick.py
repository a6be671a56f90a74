"""The main job on real systems: all five kinds of one small model, and the same file behind llama.cpp."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from wattbench.records import RunRecords, read_run

ITEMS = 2
"""One of each task in each block."""
SUITES = Path(__file__).parents[2] / "benchmarks" / "suites"
EACH_KIND = "generalist,specialist-arithmetic,moe,distilled,hybrid,rules-arithmetic"
SERVED = "generalist-llamacpp"
"""The generalist's own file, behind a server."""


def of_one_thread(folder: Path) -> Path:
    """Return the catalogue with models of one thread each, as other tests share the processors."""
    systems = SUITES.parent / "systems"
    text = (systems / "smol.yaml").read_text().replace("../", f"{SUITES.parent}/").replace("./", f"{systems}/")
    assert text.count("threads: 2") == 2
    path = folder / "smol.yaml"
    path.write_text(text.replace("threads: 2", "threads: 1"))
    return path


def shortened(folder: Path) -> Path:
    """Write the suite with a server more, in two blocks, without a warm-up."""
    text = (SUITES / "quick.yaml").read_text()
    assert "[../systems/smol.yaml]" in text
    text = text.replace("../systems/smol.yaml", str(of_one_thread(folder))).replace("../", f"{SUITES.parent}/")
    assert "  warmup: 1\n" in text
    text = text.replace("  warmup: 1\n", "  warmup: 0\n")  # it is seconds that need them, and no figure is judged here
    assert "  blocks: auto " in text
    text = text.replace("  blocks: auto ", "  blocks: 2 ")
    assert "    - rules-arithmetic\n" in text
    path = folder / "quick.yaml"
    path.write_text(text.replace("    - rules-arithmetic\n", f"    - rules-arithmetic\n    - {SERVED}\n"))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quick")


@pytest.fixture(scope="module")
def records(folder: Path, fill_cache: Callable[[Path], Path]) -> RunRecords:
    """Run one system of each kind, and the served one."""
    cache = fill_cache(folder / "cache")
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "WATTBENCH_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-m", "wattbench", "run", shortened(folder), "--systems", f"{EACH_KIND},{SERVED}",
         "--tasks", "addition,letter_counting", "--limit", str(ITEMS), "--report", "report.html"],
        cwd=folder, env=os.environ | offline, capture_output=True, text=True, check=False, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return read_run(folder / done.stdout.strip())


def items_of(records: RunRecords) -> pd.DataFrame:
    return pd.read_parquet(records.layout.items_table)


def test_the_quick_suite_measures_all_five_kinds(records: RunRecords, folder: Path) -> None:
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

    report = (folder / "report.html").read_text()
    assert all(name in report for name in systems)


def test_the_same_file_in_process_and_behind_llamacpp(records: RunRecords) -> None:
    items, systems = items_of(records), records.systems()
    models = items[items["system"].isin(["generalist", SERVED])]
    stamps = models[["started_s", "first_token_s", "finished_s"]]
    assert (stamps.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    assert (models["token_s"].str.len() > 0).all()
    # The same file, the same tokenizer, the same prompt: two engines must count the same tokens in it.
    counts = models.pivot_table(index=["task", "doc_id"], columns="system", values="prompt_tokens")
    assert counts["generalist"].equals(counts[SERVED])
    assert systems["generalist"].parameters_total == systems[SERVED].parameters_total == 134_515_008
    assert systems["generalist"].weights_sha256 == systems[SERVED].weights_sha256
