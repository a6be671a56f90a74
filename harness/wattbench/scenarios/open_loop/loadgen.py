"""Offer one rate: MLPerf LoadGen's Server scenario, driven in this process.

Source: loadgen/test_settings.h and loadgen/results.cc of github.com/mlcommons/inference (LoadGen 6).
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from wattbench.clock import now_s
from wattbench.config import Load
from wattbench.errors import UserError, require
from wattbench.measure.ask_items import ItemRequests
from wattbench.records.files.atomic_write import FAILURE, failing_as, make_folder, sync_tree
from wattbench.scenarios.open_loop.dispatch import POLL_S, Dispatcher, Offered, Query, slots_of
from wattbench.scenarios.open_loop.loadgen_logs import Arrival, read_detail, read_trace
from wattbench.scenarios.open_loop.schedule import punctual
from wattbench.systems import Engine

EXTRA = "load"
WHAT = "scenario: load"
EXIT_INTERRUPTED = 130
"""The exit code of the command line on Ctrl-C."""


class LoadGenCalls:
    """The callbacks of LoadGen: they issue its queries, and report their ends to it."""

    def __init__(self, loadgen: Any, asks: Sequence[ItemRequests], *, tokens: bool) -> None:
        """Prepare.

        Args:
            loadgen: the module `mlperf_loadgen`.
            asks: the items, by LoadGen's sample index.
            tokens: whether first tokens and their number are reported to LoadGen.
        """
        self._loadgen, self._asks, self._tokens = loadgen, asks, tokens
        self.parked = threading.Event()
        """Set when LoadGen's thread is held for good."""

    def issue(self, dispatcher: Dispatcher, samples: Sequence[Any]) -> None:
        """Take queries that are due: called by LoadGen."""
        issued_s = now_s()
        if dispatcher.aborted.is_set():
            # Its thread has to stop somewhere, and only here can it be stopped without an exception through C++.
            self.parked.set()
            threading.Event().wait()
        for sample in samples:
            dispatcher.issue(Query(sample.id, sample.index, self._asks[sample.index], issued_s))

    def first_token(self, query: Query) -> None:
        """Report the first token of a query."""
        if self._tokens:
            self._loadgen.FirstTokenComplete([self._loadgen.QuerySampleResponse(query.id, 0, 0)])

    def completed(self, query: Query) -> None:
        """Report the end of a query."""
        tokens = 0
        if self._tokens:
            # LoadGen reads past its own array where a sample has no first token, and divides by the tokens
            # after the first: that there were none cannot be reported, so one is.
            if not query.first_reported:
                self._loadgen.FirstTokenComplete([self._loadgen.QuerySampleResponse(query.id, 0, 0)])
            tokens = max(2, sum(reply.output_tokens or len(reply.token_s) for reply in query.replies))
        self._loadgen.QuerySamplesComplete([self._loadgen.QuerySampleResponse(query.id, 0, 0, tokens)])


def offer(
    engine: Engine,
    asks: Sequence[ItemRequests],
    load: Load,
    rate_per_s: float,
    *,
    seed: int,
    folder: Path,
    ended: Callable[[], None],
    advance: Callable[[int], None],
) -> Offered:
    """Let requests arrive at a rate until the suite's minimum is met, and wait until all have ended.

    Arrivals and the order of items follow from the seed: every system gets the same.

    Args:
        engine: answers the requests.
        asks: the items; each is asked equally often.
        load: the suite's settings.
        rate_per_s: how many arrive per second, on average.
        seed: of arrivals and order.
        folder: where LoadGen's logs go; made here.
        ended: called as the last query has ended, before LoadGen writes its logs.
        advance: called with how many more queries have ended.

    Raises:
        MissingExtraError: LoadGen is not installed.
        UserError: LoadGen left no usable logs.
    """
    loadgen: Any = require("mlperf_loadgen", extra=EXTRA, what=WHAT)
    with failing_as(folder, FAILURE):
        make_folder(folder)
    tokens = engine.tells_first_token(asks[0].request_type)
    calls = LoadGenCalls(loadgen, asks, tokens=tokens)
    with punctual():
        dispatcher = Dispatcher(engine, calls, workers=slots_of(engine, load), patience_s=load.deadline_s)
        sut = loadgen.ConstructSUT(partial(calls.issue, dispatcher), dispatcher.flush)
        samples = loadgen.ConstructQSL(len(asks), len(asks), _nothing, _nothing)
        settings = _settings(loadgen, load, rate_per_s, seed=seed, tokens=tokens)
        arguments = (sut, samples, settings, _log_settings(loadgen, folder), str(folder / "no-audit.config"))
        # In a thread of its own, so that Ctrl-C reaches this one and never LoadGen.
        thread = threading.Thread(target=loadgen.StartTestWithLogSettings, args=arguments, daemon=True)
        thread.start()
        try:
            dispatcher.wait(advance)
            ended()
        except BaseException as error:
            dispatcher.abort()
            _park(thread, calls.parked)
            if thread.is_alive():
                _end_without_loadgen(error)
            raise
        dispatcher.stop()
        thread.join()
    loadgen.DestroyQSL(samples)
    loadgen.DestroySUT(sut)
    with failing_as(folder, FAILURE):
        sync_tree(folder)  # before the line that makes the answers of this rate count
    arrivals = read_trace(folder)
    return Offered(dispatcher.queries, _due_s(dispatcher.queries, arrivals, folder), arrivals, read_detail(folder))


def _park(thread: threading.Thread, parked: threading.Event, *, limit_s: float = 10.0) -> None:
    """Wait until LoadGen's thread makes no more calls, so that the process may end.

    The thread ends after the last query, or is held at the next arrival.
    """
    until_s = now_s() + limit_s
    while thread.is_alive() and not parked.is_set() and now_s() < until_s:
        thread.join(POLL_S)


def _end_without_loadgen(error: BaseException) -> None:
    """Make this process end without C++'s cleanup.

    LoadGen has no way to be stopped: its thread is held at an arrival that it will never get past, and clearing up
    around it crashes. By then every file is written and every server stopped.
    """
    code = EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else 2 if isinstance(error, UserError) else 1

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    atexit.register(end)


def _settings(loadgen: Any, load: Load, rate_per_s: float, *, seed: int, tokens: bool) -> Any:
    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.Server
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.server_target_qps = rate_per_s
    settings.server_target_latency_ns = _ns(load.deadline_s)
    settings.server_target_latency_percentile = load.in_time
    settings.min_duration_ms = round(load.min_duration_s * 1e3)
    settings.min_query_count = load.min_queries
    settings.sample_concatenate_permutation = True  # each item equally often
    settings.use_token_latencies = tokens
    if tokens:
        # With these it looks at first tokens and not at whole answers, whose deadline
        # `wattbench.scenarios.open_loop.held` judges.
        settings.ttft_latency = _ns(load.ttft_deadline_s or load.deadline_s)
        settings.tpot_latency = _ns(load.tpot_deadline_s or load.deadline_s)
    settings.schedule_rng_seed = seed
    settings.sample_index_rng_seed = seed + 1
    settings.qsl_rng_seed = seed + 2
    return settings


def _log_settings(loadgen: Any, folder: Path) -> Any:
    output = loadgen.LogOutputSettings()
    output.outdir = str(folder)
    output.copy_detail_to_stdout = output.copy_summary_to_stdout = False
    settings = loadgen.LogSettings()
    settings.log_output = output
    settings.enable_trace = True  # only there does it say when each query was due
    return settings


def _due_s(queries: Sequence[Query], arrivals: Sequence[Arrival], folder: Path) -> list[float]:
    """Return when each query was due, on our clock.

    LoadGen's trace has the schedule on a clock of its own. The two clocks differ by a constant: the shortest time
    between its stamp of a query and ours, as that one waited least for the interpreter.
    """
    if [query.index for query in queries] != [arrival.index for arrival in arrivals]:
        raise UserError(f"{folder}: LoadGen's trace has other queries than those that were asked")
    offset_s = min(query.issued_s - arrival.issued_s for query, arrival in zip(queries, arrivals, strict=True))
    return [offset_s + arrival.due_s for arrival in arrivals]


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _nothing(_: Sequence[int]) -> None:
    """Do nothing: the items are in memory already."""
