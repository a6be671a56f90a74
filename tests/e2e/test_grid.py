"""A grid of a real llama.cpp server: arms that cannot be chosen are dropped, also across a kill."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from gguf.quants import dequantize, quantize

from tests.commands import wait_until
from wattbench.records import RunRecords, read_run
from wattbench_reports.decision.dropping import looks_at

SUITE = r"""
name: counting
tasks:
  select:
    - {file: counting.csv, input: sequence, target: next, score: exact, prompt: "{{sequence}}", max_tokens: 24,
       until: [",", " ", "\n", ".", ")", "]"]}
systems:
  define:
    smol:
      kind: generalist
      engine: endpoint
      serve: {llamacpp: {weights: {path: GGUF}, threads: 1}}
      grid:
        weights: {set: serve.llamacpp.weights.path, values: {q4_1: GGUF, q8_0: q8_0.gguf}}
        n_ctx: [512, 2048]
        sampler:
          values:
            greedy: {request: {temperature: 0}}
            wild: {request: {temperature: 2, top_p: 1.0, top_k: 0, min_p: 0}}
measure:
  {blocks: 8, idle_s: 0, warmup: 1, min_window_s: 0, busy: mark, energy: off,
   stop: {min_accuracy: 80%, minimise: seconds}}
"""
GREEDY, WILD = (
    tuple(f"smol-{weights}-{context}-{sampler}" for weights in ("q4_1", "q8_0") for context in (512, 2048))
    for sampler in ("greedy", "wild")
)
ITEMS, BLOCKS, SEEDS = 24, 8, 3
FIRST_LOOK = looks_at(BLOCKS)[0]
BEFORE = FIRST_LOOK * ITEMS // BLOCKS
"""Items of the blocks before the first look."""


def requantised(source: Path, target: Path) -> None:
    """Write a GGUF file whose quantised tensors are Q8_0."""
    read = GGUFReader(source)
    write = GGUFWriter(target, read.fields["general.architecture"].contents())
    for name, field in read.fields.items():
        kind = field.types[0]
        value = int(LlamaFileType.MOSTLY_Q8_0) if name == "general.file_type" else field.contents()
        if not name.startswith("GGUF.") and name != "general.architecture":
            write.add_key_value(name, value, kind, sub_type=field.types[-1] if kind == GGUFValueType.ARRAY else None)
    for tensor in read.tensors:
        if tensor.tensor_type == GGMLQuantizationType.F32:
            write.add_tensor(tensor.name, tensor.data)
        else:
            data = quantize(dequantize(tensor.data, tensor.tensor_type), GGMLQuantizationType.Q8_0)
            write.add_tensor(tensor.name, data, raw_dtype=GGMLQuantizationType.Q8_0)
    write.write_header_to_file()
    write.write_kv_data_to_file()
    write.write_tensors_to_file()
    write.close()


@pytest.fixture
def suite_of_a_grid(tmp_path: Path, smol_gguf: Path) -> Path:
    requantised(smol_gguf, tmp_path / "q8_0.gguf")
    counted = [range(first, first + 5) for first in range(3, 3 + 2 * ITEMS, 2)]
    rows = [f'"{",".join(map(str, numbers))},",{numbers[-1] + 1}' for numbers in counted]
    (tmp_path / "counting.csv").write_text("sequence,next\n" + "\n".join(rows) + "\n")
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE.replace("GGUF", str(smol_gguf)))
    return path


def answers(root: Path, *systems: str) -> dict[str, bytes]:
    files = {name: root / "items" / name / "counting.jsonl" for name in systems}
    return {name: path.read_bytes() if path.exists() else b"" for name, path in files.items()}


def dropped(root: Path) -> bytes:
    """Return the looks that dropped a system, as they are on disk."""
    lines = (root / "looks.jsonl").read_bytes().splitlines() if (root / "looks.jsonl").exists() else []
    return b"\n".join(line for line in lines if json.loads(line)["dropped"])


def check_record(run: RunRecords) -> None:
    """Check that arms that were dropped have the first blocks alone, and all others every document."""
    assert [look.blocks for look in run.looks()] == list(looks_at(BLOCKS))
    gone = {row.system: look.blocks for look in run.looks() for row in look.dropped}
    assert {name: gone[name] for name in WILD} == dict.fromkeys(WILD, FIRST_LOOK)
    for row in run.looks()[0].dropped:
        if row.system in WILD:
            assert (row.quantity, row.bound) == ("accuracy", 0.8)
            assert row.figure is not None
            assert row.figure.high is not None
            assert row.figure.high < 0.8
    items = pd.read_parquet(run.layout.items_table)
    of = {str(name): rows for name, rows in items.groupby("system", observed=True)}
    assert set(of) == {*GREEDY, *WILD}
    for name, rows in of.items():
        repeats = SEEDS if name in WILD else 1
        asked = gone.get(name, BLOCKS) * ITEMS // BLOCKS
        assert Counter(rows["doc_id"].value_counts()) == {repeats: asked}, name
    left = [name for name in GREEDY if name not in gone]
    assert left
    assert all(set(of[name]["doc_id"]) == set(range(ITEMS)) for name in left)
    assert min(of[name]["correct"].mean() for name in left) > max(of[name]["correct"].mean() for name in WILD)


def test_a_grid_is_killed_while_it_drops_arms_and_resumed(
    suite_of_a_grid: Path,
    tmp_path: Path,
    wattbench: Callable[..., subprocess.CompletedProcess[str]],
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    planned = wattbench("suites", "plan", suite_of_a_grid, "--json")
    assert planned.returncode == 0, planned.stderr
    assert {cell["system"] for cell in json.loads(planned.stdout)["cells"]} == {*GREEDY, *WILD}

    process = start("run", suite_of_a_grid)
    root = lambda: next(tmp_path.glob("runs/*"), tmp_path / "none")  # noqa: E731
    further = lambda: max(text.count(b"\n") for text in answers(root(), *GREEDY).values()) > BEFORE  # noqa: E731
    wait_until(lambda: bool(dropped(root())) and further(), process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    run = root()
    assert not (run / "finished.json").exists()
    looks, before = (run / "looks.jsonl").read_bytes(), answers(run, *WILD)
    assert all(text.count(b"\n") == BEFORE * SEEDS for text in before.values())

    resumed = wattbench("run", "--resume", run)
    assert resumed.returncode == 0, resumed.stderr
    assert "systems could not be chosen any more and were not asked to the end (after block 5: " in " ".join(
        resumed.stderr.split()
    )
    assert (run / "looks.jsonl").read_bytes().startswith(looks)
    assert answers(run, *WILD) == before
    check_record(read_run(run))
    verified = wattbench("runs", "verify", run)
    assert verified.returncode == 0, verified.stdout + verified.stderr

    compared = wattbench("runs", "compare", run, "--json")
    assert compared.returncode == 0, compared.stderr
    assert {each["system"] for each in json.loads(compared.stdout)["systems"]} <= {*GREEDY}
    written = wattbench("runs", "report", run, "-o", tmp_path / "report.html")
    assert written.returncode == 0, written.stderr
    page = (tmp_path / "report.html").read_text()
    assert "Not asked to the end" in page
    assert all(name in page for name in WILD)
