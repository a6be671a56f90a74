"""A gate of two python systems that can be run, and resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lm_eval.api.instance import Instance

from tests.made_up.suites import changed_suite
from wattbench.config import GatePolicy, Resolved
from wattbench.measure.measuring_context import MeasuringContext, WindowNames
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.meters import Metering
from wattbench.records import RunRecords, RunWriter, read_run
from wattbench.scenarios.interleaved.gate import Gate, choose_sides
from wattbench.scenarios.interleaved.loop import GateSession, run_gate
from wattbench.scenarios.interleaved.planted_faults import Plant
from wattbench.systems import Reply
from wattbench.systems.python import PythonEngine

DATA = Path(__file__).parents[3] / "data"
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Resolved]:
    """The test suite with windows as short as can be, some text replaced."""

    def make(*changes: tuple[str, str]) -> Resolved:
        return changed_suite(
            tmp_path,
            ("{idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}", "{idle_s: 0.01, warmup: 2, min_window_s: 0.01}"),
            *changes,
        )

    return make


class Gated:
    """A gate that can be run and resumed."""

    def __init__(
        self,
        root: Path,
        resolved: Resolved,
        candidate: str,
        policy: GatePolicy,
        plant: Plant | None,
        *,
        long_rounds: bool = True,
    ) -> None:
        self.resolved, sides = choose_sides(resolved, "adder", candidate)
        self.gate = Gate(sides, policy, "the test", 7, plant, long_rounds=long_rounds)
        self.cells = plan(self.resolved)
        with new_run(root, self.resolved, self.cells, {"cpu": "rapl"}, [], gate=self.gate.as_record()) as writer:
            self.root = writer.layout.root

    @property
    def records(self) -> RunRecords:
        return read_run(self.root)

    @property
    def items(self) -> pd.DataFrame:
        return pd.read_parquet(self.records.layout.items_table)

    def run(self, meter: Any, quiet: Any, decide: Callable[[], bool] = NEVER) -> RunRecords:
        with RunWriter(self.root) as writer, Metering([meter]) as metering:
            names = WindowNames("r", len(self.records.windows()) + len(self.records.open_windows()))
            gate = Gate.of_records(self.records)
            context = MeasuringContext(self.resolved, writer, metering, names, quiet)
            run_gate(GateSession(context, gate, self.cells), decide)
        return self.records


@pytest.fixture
def gated(tmp_path: Path, suite: Callable[..., Resolved]) -> Callable[..., Gated]:
    def make(
        *changes: tuple[str, str],
        candidate: str = "small",
        plant: Plant | None = None,
        long_rounds: bool = True,
        **policy: Any,
    ) -> Gated:
        of = GatePolicy(**{"block": 4, "reloads": 0, **policy})
        return Gated(tmp_path / "runs", suite(*changes), candidate, of, plant, long_rounds=long_rounds)

    return make


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The documents that any python system was asked, in order."""
    seen: list[int] = []
    answer = PythonEngine.answer

    def watch(self: PythonEngine, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        seen.extend(int(request.doc_id) for request in requests)
        return answer(self, request_type, requests)

    monkeypatch.setattr(PythonEngine, "answer", watch)
    return seen


@pytest.fixture
def two_tasks(tmp_path: Path) -> tuple[tuple[str, str], ...]:
    """What makes the suite one of two tasks, of which `more` has another key."""
    (tmp_path / "more").mkdir()
    text = (DATA / "tasks" / "sums.yaml").read_text().replace("task: sums", "task: more")
    (tmp_path / "more" / "more.yaml").write_text(text.replace("a + b", "a + b + 1"))
    (tmp_path / "more" / "sums.py").write_text((DATA / "tasks" / "sums.py").read_text())
    return (
        ("include: [tasks]", f"include: [{DATA / 'tasks'}, {tmp_path / 'more'}]"),
        ("domain: arithmetic}\nsystems", "domain: arithmetic}\n    - {task: more, domain: other}\nsystems"),
    )
