"""Real models in this process, two at once: generated answers and likelihoods, asked as a run asks them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from wattbench.config import GatePolicy, Resolved, load_suite
from wattbench.errors import UserError
from wattbench.measure.measuring_context import MeasuringContext, WindowNames
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.meters import Metering
from wattbench.scenarios.closed_loop import run_cells
from wattbench.scenarios.interleaved.gate import Gate, choose_sides
from wattbench.scenarios.interleaved.loop import GateSession, run_gate

DATA = Path(__file__).parents[3] / "data"
SUITE = """
name: models
tasks:
  include: [{tasks}]
  select: [{{task: sums, domain: text, limit: 6}}, {{task: choices, domain: choices, limit: 6}}]
systems:
  define:
    tiny: &tiny
      {{kind: generalist, engine: transformers, weights: {{path: {model}}}, dtype: float32, device: cpu, threads: 1,
        prompt: {{fewshot: 2}}}}
    short: {{<<: *tiny, layers: [0, 2]}}
    wide: {{<<: *tiny, threads: 2}}
measure: {{idle_s: 0, warmup: 1, min_window_s: 0.02}}
"""


@pytest.fixture
def resolved(tmp_path: Path, tiny: Path) -> Resolved:
    (tmp_path / "suite.yaml").write_text(SUITE.format(tasks=DATA / "tasks", model=tiny))
    return load_suite(str(tmp_path / "suite.yaml"))


@pytest.fixture
def ordinary(resolved: Resolved, tmp_path: Path, make_steady, quiet) -> pd.DataFrame:
    """The items of a run of the first two systems."""
    two = resolved.narrowed(systems=["tiny", "short"])
    cells = plan(two)
    with new_run(tmp_path / "ordinary", two, cells, {}, []) as writer, Metering([make_steady()]) as metering:
        run_cells(MeasuringContext(two, writer, metering, WindowNames("r", 0), quiet), cells)
        return pd.read_parquet(writer.layout.items_table)


@pytest.mark.parametrize("candidate", ["tiny", "short"])
def test_two_models_of_one_base_answer_as_each_does_alone(
    candidate: str, resolved: Resolved, ordinary: pd.DataFrame, tmp_path: Path, make_steady, quiet
) -> None:
    two, sides = choose_sides(resolved, "tiny", candidate)
    gate = Gate(sides, GatePolicy(block=2, reloads=1), "the test", 7)
    cells = plan(two)
    with new_run(tmp_path / "gated", two, cells, {}, [], gate=gate.as_record()) as writer:
        with Metering([make_steady()]) as metering:
            context = MeasuringContext(two, writer, metering, WindowNames("r", 0), quiet)
            run_gate(GateSession(context, gate, cells), lambda: False)
        items = pd.read_parquet(writer.layout.items_table)
    items["system"] = items["system"].str.removesuffix(".candidate")
    items = items.drop_duplicates(["system", "task", "doc_id"]) if candidate == "tiny" else items
    same = ["system", "task", "doc_id", "prompt_hash", "doc_hash", "prompt", "output", "correct", "target", "metrics"]
    key = ["system", "task", "doc_id"]
    expected = ordinary[ordinary["system"].isin(["tiny", candidate])]
    pd.testing.assert_frame_equal(
        items[same].sort_values(key, ignore_index=True), expected[same].sort_values(key, ignore_index=True)
    )
    assert set(items["task"]) == {"sums", "choices"}


def test_models_that_want_different_threads_are_not_asked_in_one_process(resolved: Resolved) -> None:
    with pytest.raises(UserError, match=r"set different numbers of threads \(tiny: 1, wide: 2\).*gate the two runs"):
        choose_sides(resolved, "tiny", "wide")
