"""Measure the peak memory of a system in a process of its own: two in one process cannot be separated."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.measure.ask_items import answer_items, items_of
from wattbench.measure.task_requests import task_context
from wattbench.scenarios.interleaved.schedule import PlannedRound
from wattbench.systems import open_engine


@dataclass(frozen=True)
class Peak:
    """Bytes; None if not known."""

    resident_bytes: int | None
    device_bytes: int | None


def peak_alone(resolved: Resolved, name: str, planned: PlannedRound, *, allow_unsafe_code: bool) -> Peak:
    """Load a system in a fresh process, ask it some items, and return its peak memory.

    Raises:
        UserError: it failed there.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        try:
            peak = alone.submit(_peak, resolved, name, planned, allow_unsafe_code).result()
        except BrokenProcessPool as error:
            raise UserError(
                f"system {name!r}: the process that measures its peak memory died; there may be too little memory"
            ) from error
    if isinstance(peak, str):
        raise UserError(peak)
    return peak


def _peak(resolved: Resolved, name: str, planned: PlannedRound, allow_unsafe_code: bool) -> Peak | str:
    """Measure it, in the other process. A UserError comes back as its message: not every exception can be pickled."""
    config, measure = resolved.systems[name], resolved.suite.measure
    choice = next(choice for choice in resolved.tasks if choice.task == planned.task)

    context = task_context(resolved, choice, allow_unsafe_code=allow_unsafe_code)
    with contextlib.redirect_stdout(sys.stderr):
        try:
            with open_engine(name, config, batch=measure.batch, seed=measure.seed) as engine:
                engine.begin_task(context)
                by_document = context.requests(config.prompt, engine.lm)
                requests = [request for doc_id in planned.doc_ids for request in by_document[doc_id]]
                asks = items_of(requests[0].request_type, requests)
                for at in range(0, len(asks), measure.batch):
                    answer_items(engine, asks[at : at + measure.batch])
                return Peak(engine.peak_memory_bytes(), engine.peak_device_memory_bytes())
        except UserError as error:
            return str(error)
