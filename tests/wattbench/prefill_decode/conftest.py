"""A made-up machine for the tests of prefill and decode, and a writer of its records."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from wattbench.meters.sampling.trace import TraceWriter
from wattbench.records import AnswerRow, RunWriter, WindowRow


@pytest.fixture
def put(writer: RunWriter) -> Callable[..., None]:
    """Write a cell: its windows, answers, and per meter `(provenance, step_s, readings)` a trace."""

    def write(windows: list[WindowRow], answers: list[AnswerRow], *meters: tuple) -> None:
        for window in windows:
            writer.append_window(window)
        for answer in answers:
            writer.append_answer("s", "t", answer)
        for place, (provenance, step_s, readings) in enumerate(meters):
            trace = TraceWriter(writer.layout.trace("s", "t"))
            meter = SimpleNamespace(name=f"meter{place}", provenance=provenance, step_s=step_s)
            for reading in readings:
                trace.write(meter, reading)
            trace.close()

    return write
