"""Pass queries from LoadGen to an engine: a queue, and the threads that empty it.

LoadGen calls in from a thread of C++, which no exception may reach, and waits until every query is completed. So
whatever happens to a query, it is completed exactly once, and what happened is written on it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from wattbench.clock import now_s
from wattbench.measure.ask_items import ItemRequests
from wattbench.systems import Engine, Reply
from wattbench.systems.base import failure_of
from wattbench.systems.endpoint.plain_text import plain_text

GIVEN_UP = "not sent: its deadline had passed while it waited"
ABORTED = "the run was interrupted"
POLL_S = 0.1


@dataclass
class Query:
    """One request of LoadGen's, and its result. Written by one thread at a time."""

    id: int
    """LoadGen's handle."""
    index: int
    """Which of the items it asks."""
    ask: ItemRequests
    issued_s: float
    """When LoadGen issued it. When it was due is in LoadGen's trace."""
    started_s: float = math.nan
    finished_s: float = math.nan
    replies: list[Reply] = field(default_factory=list)
    failure: str | None = None
    first_reported: bool = False
    completed: bool = False


class Dispatcher:
    """Takes queries from LoadGen, has the engine answer them, and reports to LoadGen when.

    A server is asked by many threads at once; a system in this process by one, the rest waiting in the queue.
    """

    def __init__(
        self,
        engine: Engine,
        asks: Sequence[ItemRequests],
        loadgen: Any,
        *,
        workers: int,
        tokens: bool,
        patience_s: float,
    ) -> None:
        """Start the threads.

        Args:
            engine: answers the queries.
            asks: the items, by LoadGen's sample index.
            loadgen: the module `mlperf_loadgen`.
            workers: how many queries may be under way together.
            tokens: whether first tokens and their number are reported to LoadGen.
            patience_s: a query that still waits this long after the last arrival is not sent: it is late already.
        """
        self.queries: list[Query] = []
        """In the order in which they arrived."""
        self._engine, self._asks, self._loadgen, self._tokens = engine, asks, loadgen, tokens
        self._patience_s = patience_s
        self._waiting: SimpleQueue[Query | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open = 0
        self._flushed = self._aborted = False
        self._give_up_s = math.inf
        self._all_done = threading.Event()
        self._parked = threading.Event()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()

    def issue(self, samples: Sequence[Any]) -> None:
        """Take queries that are due: called by LoadGen."""
        issued_s = now_s()
        if self._aborted:
            # Its thread has to stop somewhere, and only here can it be stopped without an exception through C++.
            self._parked.set()
            threading.Event().wait()
        for sample in samples:
            query = Query(sample.id, sample.index, self._asks[sample.index], issued_s)
            with self._lock:
                self.queries.append(query)
                self._open += 1
            self._waiting.put(query)

    def flush(self) -> None:
        """Note that no more queries will come: called by LoadGen."""
        with self._lock:
            self._flushed = True
            self._give_up_s = now_s() + self._patience_s
            if not self._open:
                self._all_done.set()

    def wait(self, advance: Callable[[int], None]) -> None:
        """Wait until every query has ended; Ctrl-C gets through.

        Args:
            advance: called with how many more have ended, as they do.
        """
        reported = 0
        done = False
        while not done:
            done = self._all_done.wait(POLL_S)
            ended = len(self.queries) - self._open
            advance(ended - reported)
            reported = ended

    def stop(self) -> None:
        """End the threads, after `wait`."""
        for _ in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.join()

    def abort(self, loadgen_thread: threading.Thread, *, limit_s: float = 10.0) -> None:
        """Complete every query at once, and make sure that LoadGen's thread makes no more calls.

        It either ends, where all queries had been issued, or is held at the next arrival. Then the process may end.
        """
        self._aborted = True
        while True:
            try:
                self._waiting.get_nowait()
            except Empty:
                break
        for query in list(self.queries):
            self._complete(query, ABORTED)
        until_s = now_s() + limit_s
        while loadgen_thread.is_alive() and not self._parked.is_set() and now_s() < until_s:
            loadgen_thread.join(POLL_S)

    def _work(self) -> None:
        while (query := self._waiting.get()) is not None:
            query.started_s = now_s()
            if query.started_s > self._give_up_s:
                query.finished_s = query.started_s
                self._complete(query, GIVEN_UP)
                continue
            failure = None
            try:
                query.replies = self._engine.answer_live(
                    query.ask.request_type, query.ask.requests, partial(self._first_token, query)
                )
                failure = failure_of(query.replies)
            except BaseException as error:  # whatever it is, LoadGen waits for this query
                failure = plain_text(str(error), limit=400) or type(error).__name__
            query.finished_s = now_s()
            self._complete(query, failure)

    def _first_token(self, query: Query) -> None:
        with self._lock:
            if not query.first_reported and not query.completed:
                query.first_reported = True
                if self._tokens:
                    self._loadgen.FirstTokenComplete([self._loadgen.QuerySampleResponse(query.id, 0, 0)])

    def _complete(self, query: Query, failure: str | None) -> None:
        with self._lock:
            if query.completed:
                return
            query.completed = True
            query.failure = failure
            tokens = 0
            if self._tokens:
                # LoadGen reads past its own array where a sample has no first token, and divides by the tokens
                # after the first: that there were none cannot be reported, so one is.
                if not query.first_reported:
                    self._loadgen.FirstTokenComplete([self._loadgen.QuerySampleResponse(query.id, 0, 0)])
                tokens = max(2, sum(reply.output_tokens or len(reply.token_s) for reply in query.replies))
            self._loadgen.QuerySamplesComplete([self._loadgen.QuerySampleResponse(query.id, 0, 0, tokens)])
            self._open -= 1
            if self._flushed and not self._open:
                self._all_done.set()
