"""What measuring costs: the same cell through lm-eval alone and through wattbench, side by side.

The two differ by stamps, the record (an fsync per item), the meters' sampling thread and the windows. Read the ratio in
the Mean column.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from harness.cell import CellRecorder, WindowNames
from harness.config import Measure, Prompt, load_suite
from harness.meters import Metering, meters_for, survey
from harness.records import SCHEMA_VERSION, RunHeader, RunWriter
from harness.scoring import evaluate
from harness.systems import Facts, Reply
from harness.systems.python import CallableLM, PythonEngine
from harness.tasks import LoadedTask, load_task
from harness.timed import TimedLM

ROUNDS = 5
ITEM_S = 0.02
"""A quick answer of a small model; the harness's own time is the larger part the quicker the system is."""

SUITE = Path(__file__).parents[1] / "tests" / "data" / "suite.yaml"


def answer(prompt: str) -> str:
    """Busy for `ITEM_S`, as a model is: sleeping would leave the processor to the harness."""
    until = time.perf_counter() + ITEM_S
    while time.perf_counter() < until:
        pass
    return "7"


class BusyEngine(PythonEngine):
    """A python engine around `answer`."""

    def __init__(self) -> None:
        self.lm = CallableLM("busy", answer)

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """One after the other."""
        return [Reply(text) for text in self.lm.generate_until(requests)]

    def facts(self) -> Facts:
        """None that matter here."""
        return Facts()


@pytest.fixture
def fresh_task() -> Callable[[], tuple[tuple[LoadedTask], dict[str, Any]]]:
    """A task for each round: lm-eval changes a task as it runs it."""
    resolved = load_suite(str(SUITE))
    return lambda: ((load_task(resolved, resolved.tasks[0]),), {})


@pytest.mark.benchmark(group="harness tax: 40 items of 20 ms")
def test_lm_eval_alone(benchmark, fresh_task) -> None:
    """lm-eval asks the engine's LM itself."""
    engine = BusyEngine()
    samples = benchmark.pedantic(
        lambda task: evaluate(engine.lm, task, Prompt(), Measure()), setup=fresh_task, rounds=ROUNDS, warmup_rounds=1
    )
    assert len(samples) == 40


@pytest.mark.benchmark(group="harness tax: 40 items of 20 ms")
def test_through_wattbench(benchmark, fresh_task, tmp_path: Path) -> None:
    """lm-eval asks the timed LM, whose answers are recorded inside metered windows."""
    engine, measure = BusyEngine(), Measure(warmup=0, min_window_s=0)
    names = WindowNames("bench", 0)
    with RunWriter.create(tmp_path / "run", _header()) as writer, Metering(meters_for(survey())) as metering:

        def cell(task):
            name = secrets.token_hex(4)  # each round is a cell of its own
            metering.trace_to(writer.layout.trace("busy", name))
            recorder = CellRecorder(
                engine, writer, metering, measure, label=lambda purpose: names.label("busy", name, purpose),
                system="busy", task=name, idle_w={}, advance=lambda count: None,
            )  # fmt: skip
            lm = TimedLM(engine, recorder, batch=1, repeat=0, answered={}, numbers=itertools.count())
            return evaluate(lm, task, Prompt(), measure)

        samples = benchmark.pedantic(cell, setup=fresh_task, rounds=ROUNDS, warmup_rounds=1)
        metering.trace_to(None)
    assert len(samples) == 40


def _header() -> RunHeader:
    return RunHeader(
        schema_version=SCHEMA_VERSION, run="bench", suite={}, suite_sha256="", created_utc="", command=[],
        environment={}, meters={}, cells=[],
    )  # fmt: skip
