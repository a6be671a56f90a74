"""A run that was finished, edited and stripped of its end is not sealed again: --resume names what was edited."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wattbench.records import RunLayout

EDITS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "a score": ("scores/adder/sums.jsonl", lambda row: row.update(correct=0.5)),
    "an answer": ("items/adder/sums.jsonl", lambda row: row.update(replies=["7"])),
    "seconds": ("items/adder/sums.jsonl", lambda row: row.update(finished_s=row["finished_s"] + 1)),
    "joules": ("windows.jsonl", lambda row: row.update(energy_j={name: j / 2 for name, j in row["energy_j"].items()})),
    "validity": ("windows.jsonl", lambda row: row.update(valid=not row["valid"])),
}


def test_five_kinds_of_edits_are_named_also_without_the_end(
    suite: Callable[..., Path], wattbench: Callable[..., Any], tmp_path: Path
) -> None:
    ran = wattbench("run", suite(("idle_s: 1.1, warmup: 2, min_window_s: 1.1", "idle_s: 0, warmup: 1, window_s: 0.5")))
    assert ran.returncode == 0, ran.stderr
    original = next((tmp_path / "runs").iterdir())
    assert wattbench("runs", "verify", original).returncode == 0
    for what, (name, change) in EDITS.items():
        root = shutil.copytree(original, tmp_path / what.replace(" ", "-") / original.name)
        lines = (root / name).read_text().splitlines()
        row = json.loads(lines[-1])
        change(row)
        (root / name).write_text("".join(f"{line}\n" for line in [*lines[:-1], json.dumps(row)]))
        verified = wattbench("runs", "verify", root)
        assert verified.returncode == 2, what
        assert f"{name} is not as it was written" in verified.stdout, what
        layout = RunLayout(root)
        for path in (layout.finished, layout.items_table, layout.windows_table):
            path.unlink()
        resumed = wattbench("run", "--resume", root)
        assert resumed.returncode == 2, what
        assert "cannot be resumed" in resumed.stderr, what
        assert f"{name} is not as it was written" in resumed.stderr, what
        assert not layout.finished.exists(), what
    for path in (RunLayout(original).finished, RunLayout(original).items_table):
        path.unlink()
    assert wattbench("run", "--resume", original).returncode == 0, "nothing was edited here"
    assert wattbench("runs", "verify", original).returncode == 0
