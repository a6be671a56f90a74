"""Sum the answers of a system by window: seconds, answers and tokens.

Of a window that was filled by asking its items again, an item's times are those of the first pass, and so are these. An
import without readings of power has no windows: its answers to a task are taken as one window, and the spans of tasks
that overlap are one span.

**The client's share** of a system's time is when too few requests were in flight. A suite keeps a number of requests in
flight, its slots: one at a time is one slot, and so is a system in this process that is asked batch by batch; a server
has `batch` of them. When a request ends the next one could be sent. Until it is, the slot is empty because the client
is busy: it writes the record to disk, stamps, and prepares the request.

    client's seconds   sum over requests of (sent - could be sent) / slots
    client's share     client's seconds / seconds of throughput (`wattbench_reports.metrics.throughput`)

The first requests of a window, one for each slot, could be sent with the first of them; every later one as soon as, of
those sent before it, fewer than the slots were under way. So with one slot it is the share of the time in which no
request was in flight. A slot for which no request is left is not the client's, nor is the time in which a request waits
under a limit of a service. Windows add up, as for throughput: the time between two windows is in neither. It is the lag
of `wattbench.records.client_lag`, which is recorded under load, of requests that are all due at once.

Assumed: a request is the system's from its first stamp to its last. What the client does while requests are under way
(it calls the system, encodes, reads a socket) is not seen, so that the share is rather too low. What other processes
took from the client between two requests is in it. Without the client a rate would be rate / (1 - share).

Conventions in the wild: for one stream MLPerf LoadGen prints "QPS w/ loadgen overhead" next to "QPS w/o loadgen
overhead", which is 1 / mean latency (mlcommons/inference, loadgen/results.cc); 1 - with / without is this share, but
for the last request. GuideLLM, AIPerf and `vllm bench serve` print the rate with the client's time in it, and no share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames


@dataclass(frozen=True)
class WindowSpans:
    """The windows in which a system was asked. All arrays have the shape (windows,)."""

    names: tuple[str, ...]
    """Their ids; empty for what has no window."""
    seconds: NDArray[np.float64]
    """From the first request sent (under load: due) to the last one ended, failed ones included; NaN if not known."""
    timed: NDArray[np.bool_]
    """Whether every answered request has its times, on a clock that all share."""
    answered: NDArray[np.float64]
    """Requests that were answered."""
    output_tokens: NDArray[np.float64]
    """Of those, as far as they are known."""
    counted: NDArray[np.bool_]
    """Whether they are known of every answered request."""
    in_flight_s: NDArray[np.float64]
    """Seconds of all requests together, failed ones included."""
    block: NDArray[np.float64]
    """NaN without one."""
    client_s: NDArray[np.float64]
    """Of `seconds`, the client's (`wattbench_reports.tables.window_spans`). NaN where it is not known: under load,
    where requests are sent when they are due, and of what another tool measured."""
    window_s: NDArray[np.float64]
    """Of the whole window, with what was before and after these requests and with all passes; NaN without one."""


def window_spans(frames: Frames, system: str) -> WindowSpans:
    """Sum the answers of a system by window.

    Raises:
        UserError: a table of the run is damaged.
    """
    rows = frames.answers_of(system)
    names, windows = _windows(frames, rows)
    sums = _WindowSums(windows)
    started_s, failed = frames.figures("started_s", rows), frames.failed(rows)
    finished_s = _ends(frames, rows, failed)
    timed = np.isfinite(finished_s) & np.isfinite(started_s)
    tokens = np.where(failed, 0.0, frames.figures("output_tokens", rows))
    first_s, last_s = sums.least(np.where(timed, started_s, np.nan)), -sums.least(np.where(timed, -finished_s, np.nan))
    apart = np.array([bool(name) for name in names])
    # Where a source gives durations alone, all start at 0.
    clock = apart | (-sums.least(-started_s) > 0)
    client_s = np.full(len(names), np.nan)
    if frames.record.imported is None and frames.record.suite.measure.scenario != "load":
        client_s = np.minimum(_client_s(frames, rows, windows, len(names), started_s, finished_s), last_s - first_s)
    return _joined(
        WindowSpans(
            names=names,
            seconds=last_s - first_s,
            timed=clock & (sums.of(~failed & ~timed) == 0) & np.isfinite(first_s),
            answered=sums.of(~failed),
            output_tokens=sums.of(np.nan_to_num(tokens)),
            counted=sums.of(np.isnan(tokens)) == 0,
            in_flight_s=sums.of(np.where(timed, finished_s - started_s, 0.0)),
            block=sums.least(frames.figures("block", rows)),
            client_s=client_s,
            window_s=_window_s(frames, names),
        ),
        apart,
        first_s,
        last_s,
    )


def _client_s(
    frames: Frames,
    rows: Rows,
    windows: NDArray[np.int64],
    number: int,
    started_s: NDArray[np.float64],
    finished_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the client's seconds of each window, of the requests with times."""
    waited_s, call, together = (frames.further(name)(rows) for name in ("waited_s", "batch", "batch_size"))
    known = np.isfinite(started_s) & np.isfinite(finished_s)
    slots = slots_of(windows, np.nan_to_num(call), together, number)
    begun_s = started_s - np.nan_to_num(waited_s)
    return client_seconds(windows[known], begun_s[known], finished_s[known], slots)


def _window_s(frames: Frames, names: tuple[str, ...]) -> NDArray[np.float64]:
    table = frames.windows.drop_duplicates("window").set_index("window").reindex(list(names))
    return (table["finished_s"] - table["started_s"]).to_numpy(dtype=np.float64)


def _windows(frames: Frames, rows: Rows) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the windows of some answers, and the index of each answer's window.

    Answers without a window are grouped by their tasks.
    """
    windows, tasks = frames.categories("window"), frames.categories("task")
    number = frames.codes("window", rows).astype(np.int64)
    if "" in windows:
        number = np.where(number == windows.index(""), len(windows) + frames.codes("task", rows), number)
    present, number = np.unique(number, return_inverse=True)
    names = [*windows, *[""] * len(tasks)]
    return tuple(names[each] for each in present.tolist()), number.reshape(-1)


def _ends(frames: Frames, rows: Rows, failed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return when each request ended, those that failed included; NaN where it is not known."""
    finished_s = frames.figures("finished_s", rows)
    if not failed.any():
        return finished_s
    return np.where(failed, frames.further("finished_s")(rows), finished_s)


def _joined(
    spans: WindowSpans, apart: NDArray[np.bool_], first_s: NDArray[np.float64], last_s: NDArray[np.float64]
) -> WindowSpans:
    """Join the entries that have no window, the tasks of an import; seconds that overlap are counted once."""
    together = np.flatnonzero(~apart)
    if len(together) < 2:
        return spans
    seconds, reached_s = 0.0, -np.inf
    for position in together[np.argsort(first_s[together])].tolist():
        seconds += max(0.0, last_s[position] - max(first_s[position], reached_s))
        reached_s = max(reached_s, last_s[position])
    kept = np.append(np.flatnonzero(apart), together[0])

    def added(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.append(values[apart], values[together].sum())

    return WindowSpans(
        names=tuple(spans.names[position] for position in kept.tolist()),
        seconds=np.append(spans.seconds[apart], seconds),
        timed=np.append(spans.timed[apart], spans.timed[together].all()),
        answered=added(spans.answered),
        output_tokens=added(spans.output_tokens),
        counted=np.append(spans.counted[apart], spans.counted[together].all()),
        in_flight_s=added(spans.in_flight_s),
        block=np.append(spans.block[apart], np.nan),
        client_s=np.append(spans.client_s[apart], np.nan),
        window_s=np.append(spans.window_s[apart], np.nan),
    )


class _WindowSums:
    """Sums and least values of answers by window; the answers of a window lie in few stretches of the file."""

    def __init__(self, windows: NDArray[np.int64]) -> None:
        """Find the stretches.

        Args:
            windows: shape (answers,): the number of each answer's window, all from 0 on in use.
        """
        self._starts = np.flatnonzero(np.concatenate([[True], windows[1:] != windows[:-1]]))[: len(windows)]
        self._window = windows[self._starts]
        self._number = int(windows.max(initial=-1)) + 1

    def of(self, values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the sum of each window."""
        parts = np.add.reduceat(values.astype(np.float64), self._starts)
        return np.bincount(self._window, weights=parts, minlength=self._number).astype(np.float64)

    def least(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the least number of each window; NaN for a window without numbers."""
        least = np.full(self._number, np.nan)
        np.fmin.at(least, self._window, np.fmin.reduceat(values, self._starts))
        return least


def client_seconds(
    window: NDArray[np.int64], begun_s: NDArray[np.float64], ended_s: NDArray[np.float64], slots: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the client's seconds of each window.

    Args:
        window: shape (requests,): the number of each one's window. Requests may come in any order.
        begun_s: when a slot took each up: when it was sent, less what it had waited under a limit of a service.
        ended_s: when each ended.
        slots: shape (windows,), at least 1.

    Returns:
        Shape (windows,), at least 0.
    """
    by_begin, by_end = np.lexsort((begun_s, window)), np.lexsort((ended_s, window))
    of, begun_s, ended_s = window[by_begin], begun_s[by_begin], ended_s[by_end]
    first = np.searchsorted(of, np.arange(len(slots)))  # of each window, the position of its first request
    position = np.arange(len(of))
    later = position - first[of] >= slots[of]
    # Of all ends in order this one is among those of requests sent before: the ones after it end later.
    could_s = np.where(later, ended_s[position - np.where(later, slots[of], 0)], begun_s[first[of]])
    lag_s = np.maximum(begun_s - could_s, 0.0)
    return np.bincount(of, weights=lag_s, minlength=len(slots)) / slots


def slots_of(
    window: NDArray[np.int64], call: NDArray[np.float64], together: NDArray[np.float64], windows: int
) -> NDArray[np.int64]:
    """Return how many calls the client was to keep under way in each window: 1 where a call is of several items.

    Args:
        window: shape (requests,): the number of each one's window.
        call: `batch` of `wattbench.records.ItemRow`: answers of a call share it.
        together: `batch_size` of it.
        windows: how many there are.
    """
    order = np.lexsort((call, window))
    of, call = window[order], call[order]
    same = np.flatnonzero((of[1:] == of[:-1]) & (call[1:] == call[:-1]))
    most = np.ones(windows)
    np.fmax.at(most, window, together)
    most[of[same]] = 1
    return most.astype(np.int64)
