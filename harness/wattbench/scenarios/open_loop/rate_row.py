"""Build a rate's `LoadRow`: the results of its answers, the verdict, and LoadGen's own figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wattbench.config import Load
from wattbench.records import AnswerRow, LoadRow
from wattbench.records.client_lag import Sending, SentRequest, sending
from wattbench.records.rate_bounds import RateBounds, why_only_here
from wattbench.records.token_times import time_per_output_token_s
from wattbench.scenarios.open_loop.dispatch import ABORTED, GIVEN_UP, Offered
from wattbench.scenarios.open_loop.held import (
    Offer,
    RequestTimes,
    lacks_early_stopping,
    most_lag_s,
    rate_bounds,
    why_not_held,
)
from wattbench.scenarios.open_loop.loadgen_logs import Detail
from wattbench.systems.base import GENERATE

AGREE_S = 0.05
"""LoadGen stamps a query in a thread that waits for the interpreter; wattbench stamps it where it ends. Percentiles
that differ by more than this are remarked on."""
_NEVER_SENT = (GIVEN_UP, ABORTED)
_PERCENTILES = (50.0, 90.0, 99.0, 99.9)


def outcome(row: AnswerRow) -> RequestTimes:
    """Return the latency, TTFT and TPOT of a request in seconds; the first two count from when it was due."""
    if row.failure is not None:
        return RequestTimes(None, None, None)
    first_s = row.first_token_s
    return RequestTimes(
        row.finished_s - row.scheduled_s,
        None if first_s is None else first_s - row.scheduled_s,
        time_per_output_token_s(first_s, row.token_s, row.finished_s, row.output_tokens),
        row.output_tokens if row.request_type == GENERATE else 0,
    )


def sending_of(answers: Sequence[AnswerRow], slots: int) -> Sending:
    """Return the lags of the client, from the answers of a window.

    Args:
        answers: of one window. Those that were never sent ended as they began.
        slots: how many may be under way at one time.
    """
    sent: list[SentRequest] = []
    unsent: list[SentRequest] = []
    for row in answers:
        ready_s = max(row.scheduled_s, row.arrival.get("released_s", row.scheduled_s))
        request = SentRequest(row.scheduled_s, ready_s, row.started_s, row.finished_s)
        (unsent if row.failure in _NEVER_SENT else sent).append(request)
    return sending(sent, slots, unsent)


def _lags_s(answers: Sequence[AnswerRow], client: Sending, load: Load) -> list[float]:
    """Return the part of each request's latency that may be the client's, as `Offer.lag_s`."""
    at_most_s = iter(client.at_most_s)
    unsent_s = math.inf if client.largest_s > most_lag_s(load) else 0.0
    return [unsent_s if row.failure in _NEVER_SENT else next(at_most_s) for row in answers]


def load_row(
    system: str,
    task: str,
    rate_per_s: float,
    load: Load,
    answers: Sequence[AnswerRow],
    offered: Offered,
    *,
    slots: int = 1,
    trace: Mapping[str, Any] | None = None,
) -> LoadRow:
    """Return the results of a rate.

    Args:
        system: its name.
        task: its name.
        rate_per_s: as offered.
        load: the suite's deadlines.
        answers: one per query, in the order in which they were due.
        offered: the same queries, with LoadGen's results where it timed them.
        slots: how many may be under way at one time.
        trace: what is recorded of the trace that they are of, or next to.
    """
    outcomes = [outcome(row) for row in answers]
    detail = offered.detail
    first_due_s, last_due_s = answers[0].scheduled_s, answers[-1].scheduled_s
    total_s = max(row.finished_s for row in answers) - first_due_s
    arriving_s = last_due_s - first_due_s
    failed = sum(row.failure is not None for row in answers)
    client = sending_of(answers, slots)
    offer = Offer(outcomes, _lags_s(answers, client, load), arriving_s, total_s)
    verdict = why_not_held(offer, load, detail, client)
    reasons = list(verdict.reasons)
    bounds = _bounds(answers, [each.in_time(load) for each in outcomes])
    lacks = [] if reasons else [*why_only_here(bounds, load.in_time), *_early_stopping(detail)]
    apart_s = None if detail is None else _disagreement_s(answers, detail)
    return LoadRow(
        system=system,
        task=task,
        offered_per_s=rate_per_s,
        arrivals=answers[0].arrivals,
        window=answers[0].window,
        scheduled_per_s=(len(answers) - 1) / arriving_s,
        served_per_s=(len(answers) - failed) / total_s,
        queries=len(answers),
        failed=failed,
        in_time=sum(each.in_time(load) for each in outcomes),
        duration_s=total_s,
        drain_s=max(0.0, total_s - arriving_s),
        deadline_s=load.deadline_s,
        ttft_deadline_s=load.ttft_deadline_s,
        tpot_deadline_s=load.tpot_deadline_s,
        share=load.in_time,
        held=not reasons and not lacks,
        here=not reasons,
        client_late=verdict.client_late,
        reasons=reasons,
        lacks=lacks,
        bounds={} if bounds is None else bounds.as_record(),
        remarks=_remarks(answers, outcomes, load, apart_s),
        loadgen_version="" if detail is None else detail.version,
        loadgen_valid=None if detail is None else detail.valid,
        loadgen={} if detail is None else dict(detail.results),
        disagreement_s=apart_s,
        trace=dict(trace or {}),
        sending=client.as_record(),
    )


def _bounds(answers: Sequence[AnswerRow], in_time: Sequence[bool]) -> RateBounds | None:
    return rate_bounds(
        np.array([row.scheduled_s for row in answers]),
        np.array([row.finished_s for row in answers]),
        np.array(in_time),
        np.array([row.failure is None for row in answers]),
    )


def _early_stopping(detail: Detail | None) -> list[str]:
    if detail is None or not lacks_early_stopping(detail):
        return []
    return ["LoadGen: INVALID, too many requests over its latency bound (early stopping)"]


def _disagreement_s(answers: Sequence[AnswerRow], detail: Detail) -> float | None:
    """Return the largest difference between LoadGen's percentiles of latency and ours, by LoadGen's definition."""
    ordered = sorted(row.finished_s - row.scheduled_s for row in answers)
    apart = []
    for percentile in _PERCENTILES:
        loadgen_ns = detail.figure(f"result_{percentile:.2f}_percentile_latency_ns")
        if loadgen_ns is not None:
            apart.append(abs(ordered[int(len(ordered) * percentile / 100)] - loadgen_ns * 1e-9))
    return max(apart, default=None)


def _remarks(
    answers: Sequence[AnswerRow], outcomes: Sequence[RequestTimes], load: Load, apart_s: float | None
) -> list[str]:
    remarks = []
    if apart_s is not None and apart_s > AGREE_S:
        remarks.append(f"LoadGen's percentiles of latency and wattbench's differ by up to {apart_s:.3f} s")
    if not any(row.first_token_s is not None for row in answers):
        remarks.append("the engine does not report when its first token arrives, so there is no TTFT")
        if load.ttft_deadline_s is not None:
            remarks.append("the deadline of the first token was applied to the whole answer")
    unknown = sum(outcome.lacks_tpot(load) for outcome in outcomes)
    if unknown:
        remarks.append(
            f"{unknown} of {len(answers)} requests have no TPOT (the answer came in one chunk, or the engine does not "
            "report when tokens arrive): they count as late"
        )
    why = next((row.failure for row in answers if row.failure is not None), None)
    if why is not None:
        remarks.append(f"the first failure: {why}")
    return remarks
