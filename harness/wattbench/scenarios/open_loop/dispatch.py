"""Pass queries that are due to an engine: a queue, and the threads that empty it.

LoadGen or a schedule of wattbench's own says when a query is due, and is informed when it has ended; LoadGen calls in
from a thread of C++, which no exception may reach, and waits until every query is completed. So whatever happens to a
query, it is completed exactly once, and what happened is written on it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

from wattbench.clock import now_s
from wattbench.config import Load
from wattbench.measure.ask_items import ItemRequests
from wattbench.scenarios.open_loop.loadgen_logs import Arrival, Detail
from wattbench.systems import Engine, Reply
from wattbench.systems.base import failure_of
from wattbench.systems.endpoint.plain_text import plain_text

GIVEN_UP = "not sent: its deadline had passed while it waited"
ABORTED = "the run was interrupted"
POLL_S = 0.1


@dataclass(eq=False)
class Query:
    """One request, and its result. Written by one thread at a time."""

    id: int
    """LoadGen's handle, or its number in a schedule."""
    index: int
    """Which of the items it asks."""
    ask: ItemRequests
    issued_s: float
    """When it was issued. When it was due is in LoadGen's trace, or in the schedule."""
    released_s: float | None = None
    """When the answers came that it had to wait for; None where it followed none."""
    started_s: float = math.nan
    finished_s: float = math.nan
    replies: list[Reply] = field(default_factory=list)
    failure: str | None = None
    sent: bool = False
    first_reported: bool = False
    completed: bool = False
    followers: list[Query] = field(default_factory=list)
    """Those that wait for its answer."""
    left: int = 0
    """How many answers it still waits for."""

    @property
    def sent_s(self) -> float:
        """Return the time at which the query was sent.

        To an endpoint a query is sent when a connection is begun or the first byte leaves.

        What a hybrid did before it asked a member is the system's own time.
        """
        sent = [reply.sent_s for reply in self.replies if reply.sent_s is not None and reply.route is None]
        return max(self.started_s, min(sent)) if sent and len(sent) == len(self.replies) else self.started_s

    @property
    def answered_s(self) -> float:
        """Return the time at which the answer was complete, by the answer's time stamp if it has one."""
        ends = [reply.finished_s for reply in self.replies if reply.finished_s is not None]
        return max(ends) if ends and len(ends) == len(self.replies) else self.finished_s


class Judge(Protocol):
    """An observer that the asking threads inform of first tokens and ends of queries."""

    def first_token(self, query: Query) -> None:
        """Note that the first token of a query has come."""
        ...

    def completed(self, query: Query) -> None:
        """Note that a query has ended."""
        ...


@dataclass(frozen=True)
class Offered:
    """The results of a window of arrivals."""

    queries: Sequence[Query]
    """In the order in which they arrived."""
    due_s: Sequence[float]
    """When each was due, by LoadGen's schedule or wattbench's own, seconds since the epoch (`wattbench.clock`)."""
    arrivals: Sequence[Arrival] = ()
    """The same queries as LoadGen traced them; empty where it did not time them."""
    detail: Detail | None = None
    """LoadGen's verdict; None where it did not time them."""


def slots_of(engine: Engine, load: Load) -> int:
    """Return the number of requests that may be under way at once; 1 for a system in this process."""
    return load.max_in_flight if engine.concurrent else 1


class Dispatcher:
    """Takes queries as they are due, has the engine answer them, and informs the judge.

    A server is asked by many threads at once; a system in this process by one, the rest waiting in the queue.
    """

    def __init__(self, engine: Engine, judge: Judge | None, *, workers: int, patience_s: float) -> None:
        """Start the threads.

        Args:
            engine: answers the queries.
            judge: is informed; None: a schedule of wattbench's own, which has the stamps of the queries.
            workers: how many queries may be under way together.
            patience_s: a query that still waits this long after the last arrival is not sent: it is late already.
        """
        self.queries: list[Query] = []
        """In the order in which they arrived."""
        self.aborted = threading.Event()
        """Set when no more queries may come."""
        self._engine, self._judge, self._patience_s = engine, judge, patience_s
        self._waiting: SimpleQueue[Query | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open = 0
        self._flushed = False
        self._give_up_s = math.inf
        self._all_done = threading.Event()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()

    def issue(self, query: Query, after: Sequence[Query] = ()) -> None:
        """Take a query that is due: it is sent as soon as a thread is free.

        Args:
            query: the query.
            after: queries that have to end before it is sent, with an answer or without. They were issued before it.
        """
        with self._lock:
            self.queries.append(query)
            self._open += 1
            ended = [each.answered_s for each in after if each.completed]
            for each in after:
                if not each.completed:
                    each.followers.append(query)
                    query.left += 1
            if after and not query.left:
                query.released_s = max(ended)
        if not query.left:
            self._waiting.put(query)

    def flush(self) -> None:
        """Note that no more queries will come."""
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

    def abort(self) -> None:
        """Complete every query at once; no more may be issued."""
        self.aborted.set()
        while True:
            try:
                self._waiting.get_nowait()
            except Empty:
                break
        for query in list(self.queries):
            self._complete(query, ABORTED)

    def _work(self) -> None:
        while (query := self._waiting.get()) is not None:
            query.started_s = now_s()
            if query.started_s > self._give_up_s:
                query.finished_s = query.started_s
                self._complete(query, GIVEN_UP)
                continue
            query.sent = True
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
                if self._judge is not None:
                    self._judge.first_token(query)

    def _complete(self, query: Query, failure: str | None) -> None:
        with self._lock:
            if query.completed:
                return
            query.completed = True
            query.failure = failure
            if self._judge is not None:
                self._judge.completed(query)
            self._open -= 1
            released = []
            for follower in query.followers:
                follower.left -= 1
                if not follower.left and not follower.completed:
                    follower.released_s = query.answered_s
                    released.append(follower)
            if self._flushed and not self._open:
                self._all_done.set()
        for follower in released:
            self._waiting.put(follower)
