"""Windows that were closed from a trace, late or at once, have the joules that their trace gives later."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from wattbench.meters import Reading, recover_window
from wattbench.meters.sampling.judge_again import RecordedReadings, SecondJudgement, judge_again
from wattbench.meters.sampling.sampler import counts_at_edges
from wattbench.meters.sampling.trace import TraceWriter, read_trace
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.judge import judge
from wattbench.records import Purpose, WindowLabel, WindowRow

START_S = 1_700_000_000.0
LENGTH_S = 12.0
LABEL = WindowLabel(window="w1", run="r", system="s", task="t", purpose=Purpose.MEASURED, started_s=START_S)


class Meter:
    """What a trace says of a meter of a GPU."""

    name = "nvml"
    step_s: Mapping[str, float] = {"gpu0": 0.1}

    def __init__(self, provenance: str) -> None:
        self.provenance: Mapping[str, str] = {"gpu0": provenance}


def counted(at_s: float) -> Reading:
    """What a counter says of power that rises and falls by half every few seconds."""
    into_s = at_s - START_S
    return Reading(at_s, {"gpu0": 5000 + 200 * into_s - 50 * math.cos(2 * into_s)})


def sampled(at_s: float) -> Reading:
    """What a sensor says of the same power."""
    return Reading(at_s, power_w={"gpu0": 200 + 100 * math.sin(2 * (at_s - START_S))})


def trace_of(path: Path, provenance: str, readings: Iterable[Reading]) -> Path:
    trace = TraceWriter(path)
    for reading in readings:
        trace.write(Meter(provenance), reading)
    trace.close()
    return path


def judged_again(row: WindowRow, path: Path) -> SecondJudgement | None:
    return judge_again(row, RecordedReadings(read_trace(path)), by_same_rules=True)


@pytest.mark.parametrize(("provenance", "read"), [("counter", counted), ("integrated", sampled)])
@pytest.mark.parametrize("late", [False, True])
def test_edges_may_be_readings_or_on_the_line_between_them(
    tmp_path: Path, provenance: str, read: Callable[[float], Reading], late: bool
) -> None:
    first_s = START_S - (0.07 if late else 0.001)
    readings = [read(first_s + 0.1 * number) for number in range(123)]
    path = trace_of(tmp_path / "trace.csv", provenance, readings)
    edges = counts_at_edges(["gpu0"], readings, START_S, START_S + LENGTH_S) if late else []
    evidence = WindowEvidence(
        label=LABEL, started_s=START_S, finished_s=START_S + LENGTH_S, readings=[*readings, *edges],
        provenance={"gpu0": provenance}, step_s={"gpu0": 0.1},
    )  # fmt: skip
    row = judge(evidence)
    assert row.valid, row.reasons
    assert judged_again(row, path) == SecondJudgement(("gpu0",), ())
    wrong = judged_again(replace(row, energy_j={"gpu0": row.energy_j["gpu0"] * 0.97}), path)
    assert wrong is not None
    assert "and its readings give" in wrong.differences[0]


def test_a_window_that_was_closed_after_a_kill_is_that_of_its_trace_though_the_run_went_on(tmp_path: Path) -> None:
    path = trace_of(tmp_path / "trace.csv", "counter", (counted(START_S + 0.1 * number) for number in range(121)))
    row = recover_window(path, LABEL, until_s=START_S + LENGTH_S + 0.05)
    assert row.valid, row.reasons
    assert judged_again(row, path) == SecondJudgement(("gpu0",), ())
    # The counter begins anew, as a resumed process counts from its own start.
    trace_of(path, "counter", (Reading(START_S + 14 + 0.1 * number, {"gpu0": 10.0 * number}) for number in range(50)))
    assert judged_again(row, path) == SecondJudgement(("gpu0",), ())


def test_a_window_without_readings_is_not_judged(tmp_path: Path) -> None:
    path = trace_of(tmp_path / "trace.csv", "counter", (counted(START_S + number) for number in range(3)))
    row = recover_window(path, LABEL)
    assert judged_again(replace(row, started_s=START_S + 100, finished_s=START_S + 200), path) is None
