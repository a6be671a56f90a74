"""Measure the peak memory of a system in a process of its own: two in one process cannot be separated."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wattbench.config import Resolved
from wattbench.measure.ask_items import answer_items, batches, items_of
from wattbench.measure.fresh_process import in_fresh_process
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.task_requests import task_context
from wattbench.scenarios.interleaved.gate import Gate
from wattbench.scenarios.interleaved.schedule import Item
from wattbench.systems import open_engine


@dataclass(frozen=True)
class Peak:
    """Bytes; None if not known."""

    resident_bytes: int | None
    device_bytes: int | None


def measure_peaks(context: MeasuringContext, gate: Gate, items: Sequence[Item]) -> dict[str, Peak]:
    """Measure each system's peak memory in a separate process, if the policy needs it and it is not recorded.

    Args:
        context: of the run.
        gate: whose systems.
        items: those that each is asked.
    """
    if "peak_memory" not in gate.policy.metrics:
        return {}
    known = context.records.systems()
    peaks = {}
    for system in gate.sides.values():
        if system.name in known and known[system.name].peak_memory_bytes is not None:
            continue
        context.progress.note(f"{system.name}: peak memory, alone in a process of its own ...")
        peaks[system.name] = peak_alone(
            context.resolved, system.name, items, allow_unsafe_code=context.allow_unsafe_code
        )
    return peaks


def record_peaks(context: MeasuringContext, peaks: Mapping[str, Peak]) -> None:
    """Add the peaks to the records of the loaded systems."""
    for name, peak in peaks.items():
        row = context.records.systems()[name]
        context.writer.append_system(
            replace(row, peak_memory_bytes=peak.resident_bytes, peak_device_memory_bytes=peak.device_bytes)
        )


def peak_alone(resolved: Resolved, name: str, items: Sequence[Item], *, allow_unsafe_code: bool) -> Peak:
    """Load a system in a fresh process, ask it some items, and return its peak memory.

    Raises:
        UserError: it failed there.
    """
    died = f"system {name!r}: the process that measures its peak memory died; there may be too little memory"
    return in_fresh_process(_peak, resolved, name, items, allow_unsafe_code, died=died)


def _peak(resolved: Resolved, name: str, items: Sequence[Item], allow_unsafe_code: bool) -> Peak:
    config, measure = resolved.systems[name], resolved.suite.measure
    with (
        contextlib.redirect_stdout(sys.stderr),
        open_engine(name, config, batch=measure.batch, seed=measure.seed) as engine,
    ):
        asks = []
        for choice in resolved.tasks:
            context = task_context(resolved, choice, allow_unsafe_code=allow_unsafe_code)
            engine.begin_task(context)
            by_document = context.requests(config.prompt, engine.lm)
            for doc_id in (each for task, each in items if task == choice.task):
                of_document = by_document[doc_id]
                asks += items_of(of_document[0].request_type, of_document, config=config, task=choice.task)
        for chunk in batches(asks, measure.batch):
            answer_items(engine, chunk)
        return Peak(engine.peak_memory_bytes(), engine.peak_device_memory_bytes())
