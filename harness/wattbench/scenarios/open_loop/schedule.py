"""Offer a schedule: arrivals at stated moments, as in a trace, or drawn evenly over as long a time.

LoadGen issues Poisson arrivals alone, so a thread of wattbench's own issues these; from there on they take the same way
(`wattbench.scenarios.open_loop.dispatch`). LoadGen neither times nor judges them.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from wattbench.clock import now_s
from wattbench.config import Load
from wattbench.measure.ask_items import ItemRequests
from wattbench.scenarios.open_loop.dispatch import Dispatcher, Offered, Query, slots_of
from wattbench.systems import Engine

LEAD_S = 0.05
"""From when a schedule is begun until its first request is due: the threads are up by then."""


@dataclass(frozen=True)
class ScheduledRequest:
    """One request of a schedule."""

    at_s: float
    """Seconds after the first."""
    index: int
    """Which of the items it asks."""
    after: tuple[int, ...] = ()
    """Requests of the schedule, by number, that have to end before it is sent."""


def poisson_moments(number: int, span_s: float, seed: int) -> list[float]:
    """Draw the moments of Poisson arrivals with a given number, first and last arrival. Ascending.

    Between the two, such arrivals are independent and evenly distributed (Ross, Stochastic Processes, theorem 2.3.1):
    the mean rate is exactly that of a trace with as many in as long.
    """
    drawn_s = np.random.default_rng(seed).uniform(0.0, span_s, size=number - 2)
    return sorted([0.0, span_s, *drawn_s.tolist()])


def offer_schedule(
    engine: Engine,
    asks: Sequence[ItemRequests],
    load: Load,
    schedule: Sequence[ScheduledRequest],
    *,
    ended: Callable[[], None],
    advance: Callable[[int], None],
) -> Offered:
    """Let requests arrive as a schedule says, and wait until all have ended.

    Args:
        engine: answers the requests.
        asks: the items.
        load: the suite's settings.
        schedule: ascending.
        ended: called as the last request has ended.
        advance: called with how many more requests have ended.
    """
    with punctual():
        dispatcher = Dispatcher(engine, None, workers=slots_of(engine, load), patience_s=load.deadline_s)
        begin_s = now_s() + LEAD_S
        due_s = [begin_s + request.at_s for request in schedule]
        clock = threading.Thread(target=_issue, args=(dispatcher, asks, schedule, due_s), daemon=True)
        clock.start()
        try:
            dispatcher.wait(advance)
            ended()
        except BaseException:
            dispatcher.abort()
            raise
        dispatcher.stop()
        clock.join()
    return Offered(dispatcher.queries, due_s)


def _issue(
    dispatcher: Dispatcher, asks: Sequence[ItemRequests], schedule: Sequence[ScheduledRequest], due_s: Sequence[float]
) -> None:
    """Issue each request when it is due, until all are issued or the run is interrupted."""
    queries: list[Query] = []
    for number, (request, at_s) in enumerate(zip(schedule, due_s, strict=True)):
        while (left_s := at_s - now_s()) > 0:
            if dispatcher.aborted.wait(left_s):
                return
        if dispatcher.aborted.is_set():
            return
        query = Query(number, request.index, asks[request.index], now_s())
        queries.append(query)
        dispatcher.issue(query, [queries[before] for before in request.after])
    dispatcher.flush()


_SWITCH_S = 5e-4
"""How long a thread of Python may keep others waiting; 5 ms by default, which is as long as a request may be late."""


@contextmanager
def punctual() -> Iterator[None]:
    """Keep present objects out of garbage collections, and let threads take turns more often.

    With the documents of a task or the code of PyTorch in memory, a full collection stops every thread for tens of
    milliseconds.
    """
    switch_s = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(min(_SWITCH_S, switch_s))
    try:
        yield
    finally:
        sys.setswitchinterval(switch_s)
        gc.unfreeze()
