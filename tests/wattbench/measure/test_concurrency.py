"""So many calls under way, always; and a cell of a server measured that way."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from lm_eval.api.instance import Instance

from tests.made_up.engines import MadeUpEngine
from wattbench.measure.ask_items import ask_items, items_of
from wattbench.measure.concurrency import keep_in_flight
from wattbench.systems import Reply


def test_as_one_ends_the_next_begins() -> None:
    flying, most, lock = [0], [0], threading.Lock()
    slow_ended = threading.Event()

    def call(number: int) -> int:
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        if number == 0:
            slow_ended.wait(60)
        else:
            time.sleep(0.005)
        with lock:
            flying[0] -= 1
        return number

    calls = (lambda n=n: call(n) for n in range(8))
    given = []
    for number in keep_in_flight(calls, 2):
        given.append(number)
        if len(given) == 7:  # seven have passed by the slow one: a batch of two would have waited for it
            slow_ended.set()
    assert given == [1, 2, 3, 4, 5, 6, 7, 0]
    assert most == [2]


def test_a_failure_is_raised_after_the_others_have_ended() -> None:
    def fail() -> int:
        raise ValueError("no")

    def slow() -> int:
        time.sleep(0.05)
        return 7

    calls = iter([fail, slow, slow, slow])
    given = []
    with pytest.raises(ValueError, match="no"):
        given.extend(keep_in_flight(calls, 2))
    assert len(list(calls)) >= 1  # what was not begun is not begun any more


def test_holding_leaves_the_rest() -> None:
    calls = iter([lambda n=n: n for n in range(5)])
    taken = itertools.count()
    assert sorted(keep_in_flight(calls, 1, hold=lambda: next(taken) >= 3)) == [0, 1, 2]
    assert [call() for call in calls] == [3, 4]


class Server(MadeUpEngine):
    concurrent = True

    def __init__(self) -> None:
        self.flying = self.most = 0
        self._lock = threading.Lock()

    def answer(self, request_type, requests):
        with self._lock:
            self.flying += 1
            self.most = max(self.most, self.flying)
        time.sleep(0.02)
        with self._lock:
            self.flying -= 1
        return [Reply(f"re: {request.args[0]}") for request in requests]


class Recorder:
    """Its window is full after each three items."""

    def __init__(self) -> None:
        self.rows, self.windows, self.in_window = [], 0, 0
        self.open = False

    def warm_up(self, asks) -> None:
        """Nothing."""

    def before_batch(self) -> str:
        if not self.open:
            self.open, self.windows, self.in_window = True, self.windows + 1, 0
        return f"w{self.windows}"

    def keep(self, asks, rows) -> None:
        self.rows += rows
        self.in_window += len(rows)

    def full(self, left: int) -> bool:
        return self.in_window >= 3 and left > 0

    def end_round(self, left: int) -> None:
        self.open = not self.full(left)

    def done(self) -> None:
        self.open = False


def test_a_server_is_kept_at_its_concurrency_and_no_item_lies_in_two_windows() -> None:
    engine, recorder = Server(), Recorder()
    requests = [Instance("generate_until", {}, (f"q{n}", {}), 0, metadata=("task", n, 1)) for n in range(10)]
    asks = items_of("generate_until", requests)
    given = ask_items(engine, recorder, asks, batch=3, numbers=itertools.count())
    assert {row.doc_id: row.replies for row in given} == {n: [f"re: q{n}"] for n in range(10)}
    assert engine.most == 3
    assert sorted(row.doc_id for row in recorder.rows) == list(range(10))
    assert {row.batch_size for row in recorder.rows} == {3}
    spans = {}
    for row in recorder.rows:
        start, end = spans.get(row.window, (row.started_s, row.finished_s))
        spans[row.window] = min(start, row.started_s), max(end, row.finished_s)
    assert len(spans) > 1
    ordered = sorted(spans.values())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ordered))


def test_as_many_threads_make_all_calls_and_end_with_them() -> None:
    callers: dict[int, threading.Thread] = {}

    def call() -> None:
        thread = threading.current_thread()
        callers[id(thread)] = thread

    for _ in keep_in_flight(iter([call] * 20), 2):
        """Only the threads count."""
    assert 1 <= len(callers) <= 2
    for thread in callers.values():
        thread.join(60)
        assert not thread.is_alive()


def test_threads_end_where_the_rest_of_the_results_is_not_taken() -> None:
    callers: list[threading.Thread] = []
    results = keep_in_flight(iter([lambda: callers.append(threading.current_thread())] * 20), 2)
    next(results)
    results.close()
    for thread in callers:
        thread.join(60)
        assert not thread.is_alive()
