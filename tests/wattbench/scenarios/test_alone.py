"""What of a run is under the machine's lock: idle draw and measured windows, and neither loading nor its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.progress import Quiet
from tests.made_up.suites import changed_suite
from wattbench.config import GatePolicy, Resolved
from wattbench.machine import measuring_lock as locks
from wattbench.machine.lock_holder import Waiting
from wattbench.machine.shared_machine import SharedMachine
from wattbench.measure.measuring_context import MeasuringContext, measuring
from wattbench.measure.plan import Cell, plan
from wattbench.measure.resume import new_run
from wattbench.meters import Chosen
from wattbench.records import Purpose, RunWriter, WindowRow
from wattbench.scenarios.blocks import run_blocks
from wattbench.scenarios.closed_loop import run_cells
from wattbench.scenarios.interleaved.gate import Gate, choose_sides
from wattbench.scenarios.interleaved.loop import GateSession, run_gate

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, set[bool]]:
    """Purpose of each window, and the end of the record, to whether the lock was held then."""
    monkeypatch.setenv(locks.FOLDER, str(tmp_path / "locks"))
    monkeypatch.setattr(locks, "_gpu_uuids", list)
    seen: dict[str, set[bool]] = {}
    append, finish = RunWriter.append_window, RunWriter.finish

    def watch_window(self: RunWriter, row: WindowRow) -> None:
        seen.setdefault(row.purpose, set()).add(locks.measures_now() is not None)
        append(self, row)

    def watch_end(self: RunWriter, *rows: Any) -> None:
        seen.setdefault("the end", set()).add(locks.measures_now() is not None)
        finish(self, *rows)

    monkeypatch.setattr(RunWriter, "append_window", watch_window)
    monkeypatch.setattr(RunWriter, "finish", watch_end)
    return seen


@pytest.fixture
def suite(tmp_path: Path) -> Callable[[str], Resolved]:
    """The test suite with eight items, windows as short as can be, and settings of its blocks."""

    def make(blocks: str) -> Resolved:
        measure = f"idle_s: 0.01, min_window_s: 0.01, {blocks}"
        changed = changed_suite(tmp_path, ("idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2", measure))
        return changed.narrowed(limit=8)

    return make


@contextmanager
def open_context(
    root: Path, resolved: Resolved, cells: list[Cell], meter: Any, quiet: Quiet, gate: Gate | None = None
) -> Iterator[MeasuringContext]:
    """A run that shares the machine."""
    record, machine = None if gate is None else gate.as_record(), SharedMachine()
    writer = new_run(root, resolved, cells, {"cpu": "rapl"}, [], gate=record)
    with (
        machine.shared(Waiting(), metered=True),
        measuring(writer, resolved, Chosen([meter]), quiet, machine=machine) as context,
    ):
        yield context


@pytest.mark.parametrize(
    ("blocks", "loading"), [("blocks: 2", {False}), ("blocks: 2, resident: one", {False, True}), ("blocks: 1", {True})]
)
def test_a_run(blocks: str, loading: set[bool], suite, held, make_steady, quiet: Quiet, tmp_path: Path) -> None:
    resolved = suite(blocks)
    cells = plan(resolved)
    with open_context(tmp_path / "runs", resolved, cells, make_steady(), quiet) as context:
        (run_cells if blocks == "blocks: 1" else run_blocks)(context, cells)
    assert held[Purpose.IDLE] == held[Purpose.MEASURED] == {True}
    assert held["the end"] == {False}
    assert held[Purpose.LOAD] == loading


def test_a_gate(suite, held, make_steady, quiet: Quiet, tmp_path: Path) -> None:
    resolved, sides = choose_sides(suite("blocks: 2"), "adder", "small")
    gate, cells = Gate(sides, GatePolicy(block=4, reloads=0), "the test", 7), plan(resolved)
    with open_context(tmp_path / "runs", resolved, cells, make_steady(), quiet, gate) as context:
        run_gate(GateSession(context, gate, cells), lambda: False)
    assert held[Purpose.IDLE] == held[Purpose.MEASURED] == {True}
    assert held["the end"] == {False}
