"""Peak memory of a system alone: in a process of its own, as two in one process cannot be told apart."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.measure.timed_lm import answer_items, items_of
from wattbench.scenarios.interleaved.ask_rounds import task_context
from wattbench.scenarios.interleaved.schedule import PlannedRound
from wattbench.systems import open_engine


@dataclass(frozen=True)
class Peak:
    """Bytes; None where nobody can tell."""

    resident_bytes: int | None
    device_bytes: int | None


def peak_alone(resolved: Resolved, name: str, planned: PlannedRound, *, allow_unsafe_code: bool) -> Peak:
    """Load a system in a fresh process, ask it some items, and see how much memory that took at most.

    Raises:
        UserError: it failed there.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        try:
            found = alone.submit(_peak, resolved, name, planned, allow_unsafe_code).result()
        except BrokenProcessPool as error:
            raise UserError(
                f"system {name!r}: the process that was to tell its peak memory died; there may be too little memory"
            ) from error
    if isinstance(found, str):
        raise UserError(found)
    return found


def _peak(resolved: Resolved, name: str, planned: PlannedRound, allow_unsafe_code: bool) -> Peak | str:
    """In the other process. A user's mistake comes back as its message: not every exception survives the journey."""
    config, measure = resolved.systems[name], resolved.suite.measure
    choice = next(choice for choice in resolved.tasks if choice.task == planned.task)

    context = task_context(resolved, choice, allow_unsafe_code=allow_unsafe_code)
    with contextlib.redirect_stdout(sys.stderr):
        try:
            with open_engine(name, config, batch=measure.batch, seed=measure.seed) as engine:
                engine.begin_task(context)
                found = context.requests(config.prompt, engine.lm)
                own = [request for doc_id in planned.doc_ids for request in found[doc_id]]
                asks = items_of(own[0].request_type, own)
                for at in range(0, len(asks), measure.batch):
                    answer_items(engine, asks[at : at + measure.batch])
                return Peak(engine.peak_memory_bytes(), engine.peak_device_memory_bytes())
        except UserError as error:
            return str(error)
