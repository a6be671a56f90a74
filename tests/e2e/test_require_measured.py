"""`--require-measured`: nothing is loaded, and nothing written, where joules would only be modelled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wattbench.meters import choose


@pytest.fixture(autouse=True)
def modelled_here() -> None:
    if "modelled" not in choose().provenance.values():
        pytest.skip("every component of this machine is measured")


def refused(done) -> None:
    assert done.returncode == 2
    assert done.stderr.startswith("wattbench: energy is required to be measured, but would not be: ")
    assert "would only be modelled" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("which", ["run", "suites plan"])
def test_it_refuses_before_anything_is_loaded(wattbench, suite: Callable, tmp_path: Path, which: str) -> None:
    refused(wattbench(*which.split(), suite(), "--require-measured"))
    refused(wattbench(*which.split(), suite(("measure: {", "measure: {require_measured: true, "))))
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "calls.txt").exists()  # no system was asked


def test_a_replayed_trace_of_the_suite_is_used_and_recorded(wattbench, suite: Callable, tmp_path: Path) -> None:
    rows = "".join(f"{i / 10},gpu0,{50 + i % 3}\n" for i in range(100))
    (tmp_path / "trace.csv").write_text("at_s,component,power_w\n" + rows)
    path = suite()
    path.write_text(path.read_text() + "\nmeters: [{use: replay, trace: trace.csv, repeat: true}]\n")
    done = wattbench("run", path)
    assert done.returncode == 0, done.stderr
    root = tmp_path / done.stdout.strip()
    header = json.loads((root / "run.json").read_text())
    assert header["meters"] == {"gpu0": "replayed"}
    assert header["meter_details"] == {
        "gpu0": {"meter": "replay (trace.csv)", "reads": "power, recorded", "step_s": pytest.approx(0.1)}
    }
    (root / "finished.json").unlink()
    refused_here = wattbench("run", "--resume", root, "--require-measured")
    assert refused_here.returncode == 2
    assert "gpu0 would be replayed from a recording" in refused_here.stderr
