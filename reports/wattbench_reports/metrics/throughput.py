"""Compute request and output token throughput: what a system serves per second, over the time it was measured.

    request throughput        answered requests / seconds
    output token throughput   their output tokens / seconds

Seconds are the wall time of the measured windows: in each from its first request sent (under load: due) to its last one
ended, in the pass whose answers count, as latencies do. Windows add up, requests and tokens as well as seconds. So of
device slots and machines that measure side by side it is the throughput of one of them. A failed request takes seconds
and is not served. Tokens are those of windows in which they are known of every answer.

Conventions in the wild: GuideLLM and evalscope perf divide by the span from the first request sent to the last one
ended, as this does; `vllm bench serve`, SGLang and AIPerf have what their client does before and after it in it, too
(some 10 ms); LoadGen counts from the first arrival. All hide how many requests were in flight, without which no
throughput says anything: the mean is given here, seconds of all requests over the same wall time (J. D. C. Little,
Operations Research 9, 1961).

A part of these seconds is the client's own: `wattbench_reports.tables.window_spans` defines it. Where it is more than
half, a throughput is more the client's than the system's. The system's is at least as high: `Throughput.source` is then
`CLIENT`, there are no bounds, and nothing is concluded from it.

Another quantity is how fast one request's tokens follow each other (decode speed, 1 / TPOT): it is in no figure here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from wattbench.records import SummaryRow
from wattbench_reports.stats import Interval
from wattbench_reports.stats.block_ratios import block_ratio
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.window_spans import WindowSpans, window_spans

REQUESTS_PER_S, OUTPUT_TOKENS_PER_S = "requests_per_s", "output_tokens_per_s"
RATES = (REQUESTS_PER_S, OUTPUT_TOKENS_PER_S)
"""Names of request throughput and output token throughput, wherever figures have names."""

REQUESTS, CLIENT, STATED = "requests", "client", "stated"
"""Where a throughput is from: the times of the requests; likewise, and most of the time was the client's, so that it is
a lower bound; or what the source of an import states over all of them."""

CLIENT_SHARE = "client_share"
"""The name of the client's share of the time, wherever figures have names."""

MOSTLY = 0.5
"""The client's share above which a throughput is `CLIENT`."""

NOTED = 0.1
"""The client's share from which it is named. MLPerf's compliance tests take two results within 10% for the same
(mlcommons/inference, compliance/nvidia/TEST01/verify_performance.py)."""


@dataclass(frozen=True)
class Rate:
    """Something per second."""

    per_s: float
    interval: Interval | None = None
    """Over other blocks; None with fewer than two, and where the figure is a lower bound or what a source states."""


@dataclass(frozen=True)
class Throughput:
    """What one system serves per second."""

    requests: Rate | None
    output_tokens: Rate | None
    """None where no window has the tokens of every answer."""
    in_flight: float | None
    """Requests in flight, mean over the seconds."""
    seconds: float | None = None
    """Of all windows together; None where the source states the figures."""
    answered: int = 0
    """Requests that were answered in them."""
    source: str = REQUESTS
    client_share: float | None = None
    """Of the seconds, 0 to 1; None where it is not known."""
    client_share_of_windows: float | None = None
    """The same seconds as a share of those of the whole windows, all passes over their items included: of what joules
    are measured over, at least this share is the client's, as power is taken to be even."""


def throughputs(frames: Frames, *, by_block: bool = True) -> dict[str, Throughput]:
    """Return the throughput of each system whose requests have times, or whose source states one.

    Args:
        frames: a run, or its answers at one rate of arrivals.
        by_block: state intervals between blocks; False where the reader asked for other clusters.

    Raises:
        UserError: a table of the run is damaged.
    """
    stated = None
    measured = {}
    for name in frames.systems:
        known = _measured(window_spans(frames, name), by_block=by_block)
        if frames.record.imported is not None:
            stated = frames.run.summaries() if stated is None else stated
            rows = [row for row in stated if row.system == name]
            if known is None or _requests(rows) > len(frames.positions(frames.answers_of(name))):
                known = _stated(rows)  # the requests that are listed have no times, or are a part of them
        if known is not None:
            measured[name] = known
    return measured


def window_throughput(frames: Frames) -> dict[str, dict[str, float]]:
    """Return `RATES` and `CLIENT_SHARE` of each window whose answers count, each by its id.

    Raises:
        UserError: a table of the run is damaged.
    """
    requests: dict[str, float] = {}
    tokens: dict[str, float] = {}
    client: dict[str, float] = {}
    for system in frames.systems:
        spans = window_spans(frames, system)
        measured = spans.timed & (spans.seconds > 0)
        for number in np.flatnonzero(measured).tolist():
            name = spans.names[number]
            requests[name] = float(spans.answered[number] / spans.seconds[number])
            if spans.counted[number]:
                tokens[name] = float(spans.output_tokens[number] / spans.seconds[number])
            client[name] = float(spans.client_s[number] / spans.seconds[number])
    return {REQUESTS_PER_S: requests, OUTPUT_TOKENS_PER_S: tokens, CLIENT_SHARE: client}


def throughput_of_shares(frames: Frames, shares: Sequence[Collection[int] | None]) -> list[Throughput | None]:
    """Return the throughput of all systems in turns for each of several shares of the blocks, without intervals.

    Args:
        frames: a run, or its answers at one rate of arrivals.
        shares: numbers of blocks, such as those that a machine asked; None: all that was asked, in blocks or not.

    Raises:
        UserError: a table of the run is damaged.
    """
    spans = [window_spans(frames, name) for name in frames.systems]
    return [_measured(_joined(spans, share), by_block=False) for share in shares]


def _joined(spans: Sequence[WindowSpans], share: Collection[int] | None) -> WindowSpans:
    """Join the windows of several systems, each in its share of the blocks."""
    chosen = [np.ones_like(each.timed) if share is None else np.isin(each.block, list(share)) for each in spans]
    arrays = {
        field.name: np.concatenate([getattr(each, field.name)[rows] for each, rows in zip(spans, chosen, strict=True)])
        for field in fields(WindowSpans)
        if field.name != "names"
    }
    names = tuple(
        each.names[row] for each, rows in zip(spans, chosen, strict=True) for row in np.flatnonzero(rows).tolist()
    )
    return WindowSpans(names=names, **arrays)


def _measured(spans: WindowSpans, *, by_block: bool) -> Throughput | None:
    seconds = spans.seconds
    if not spans.timed.any() or seconds[spans.timed].sum() <= 0:
        return None
    measured_s, client_s = float(seconds[spans.timed].sum()), float(spans.client_s[spans.timed].sum())
    share, of_windows = (_share(client_s, each) for each in (measured_s, float(spans.window_s[spans.timed].sum())))
    source = CLIENT if share is not None and share > MOSTLY else REQUESTS
    block = spans.block if by_block and source == REQUESTS else np.full(len(seconds), np.nan)
    return Throughput(
        requests=_rate(spans.answered, seconds, block, spans.timed),
        output_tokens=_rate(spans.output_tokens, seconds, block, spans.timed & spans.counted),
        in_flight=float(spans.in_flight_s[spans.timed].sum() / measured_s),
        seconds=measured_s,
        answered=int(spans.answered[spans.timed].sum()),
        source=source,
        client_share=share,
        client_share_of_windows=of_windows,
    )


def _share(client_s: float, of_s: float) -> float | None:
    """Return the client's share of some seconds; None where either of the two is not known."""
    return min(client_s / of_s, 1.0) if of_s > 0 and not math.isnan(client_s) else None


def _rate(
    served: NDArray[np.float64], seconds: NDArray[np.float64], block: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> Rate | None:
    """Divide the sums over the chosen windows; with an interval between their blocks, where all have one."""
    served, seconds, block = served[chosen], seconds[chosen], block[chosen]
    if not seconds.sum() > 0:
        return None
    per_s = float(served.sum() / seconds.sum())
    if np.isnan(block).any():
        return Rate(per_s)
    _, number = np.unique(block, return_inverse=True)
    served_by_block, seconds_by_block = (np.bincount(number, each).astype(np.float64) for each in (served, seconds))
    ratio = block_ratio(served_by_block, seconds_by_block)
    return Rate(per_s, None if ratio is None else ratio.interval())


def _stated(rows: list[SummaryRow]) -> Throughput | None:
    """Return the throughput that an import's source states for a system; a figure with several means is left out."""
    requests, tokens = _mean(rows, "requests_per_s"), _mean(rows, "output_tokens_per_s")
    if requests is None and tokens is None:
        return None
    return Throughput(
        requests=None if requests is None else Rate(requests),
        output_tokens=None if tokens is None else Rate(tokens),
        in_flight=_mean(rows, "in_flight"),
        source=STATED,
    )


def _requests(rows: list[SummaryRow]) -> float:
    """Return how many requests the stated figures of an import cover; 0 if its source does not say."""
    return max((row.value for row in rows if (row.figure, row.statistic) == ("requests", "total")), default=0.0)


def _mean(rows: list[SummaryRow], figure: str) -> float | None:
    means = {row.value for row in rows if (row.figure, row.statistic) == (figure, "mean")}
    return means.pop() if len(means) == 1 else None
