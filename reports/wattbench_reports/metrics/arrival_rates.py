"""Compute the figures of a run under load, separately for each rate of arrivals.

The arrivals of a trace, and the Poisson arrivals next to it, are a rate each.

Latency counts from when a request was due. What a system that does not hold a rate shows is the length of a queue
that grows, so it is stated as not held. Only a system that is shown to hold the rate in the long run is ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS, LoadRow
from wattbench.records.rate_bounds import Held
from wattbench_reports.formatting.units import digits, listed
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.system_metrics import Measures, measures
from wattbench_reports.metrics.throughput import Throughput, throughputs
from wattbench_reports.metrics.validity import Validity, validity
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import label, needed, percentiles
from wattbench_reports.tables.item_matrix import ItemTable, item_table
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.token_timings import TokenTimes, token_times

PERCENTILES = (0.5, 0.9, 0.99, 0.999)
LOADGEN = "loadgen"
"""Of arrivals that LoadGen drew and judged."""
_COLUMNS = ("offered_per_s", "scheduled_s", "failure")
_NEWER = ("arrivals",)


@dataclass(frozen=True)
class LoadFigures:
    """A system at one rate, over all its tasks."""

    system: str
    kind: str
    offered_per_s: float
    arrivals: str
    """`loadgen`, or `arrivals` of its `LoadRow`."""
    scheduled_per_s: float
    """As drawn."""
    served_per_s: float
    """Answered requests over the seconds from the first one due until the last one ended."""
    queries: int
    failed: int
    """Of these, without an answer."""
    held: bool
    """In the long run."""
    here: bool
    """While it was measured."""
    client_late: bool
    """Not held `here` for a reason that may be the client's alone: it is not known whether the system holds it."""
    reasons: tuple[str, ...]
    """Why it is not held `here`."""
    lacks: tuple[str, ...]
    """Why it is held `here` and not shown to be in the long run."""
    remarks: tuple[str, ...]
    latency_s: Mapping[float, float | None]
    """Percentile to seconds, of the answered requests, from due to done. So the next two."""
    ttft_s: Mapping[float, float | None]
    tpot_s: Mapping[float, float | None]
    goodput_per_s: float
    """Requests per second that were answered within the deadlines."""
    in_time: float
    """Their share of all, 0 to 1."""
    in_time_low: float | None
    """The lower bound of the share in the long run; None where requests are too few, or in older records. Of several
    tasks the lowest; so the next three, each of the task that shows the least."""
    effective_requests: int | None
    """As how many independent requests those after the transient count."""
    backlog_growth_p: float | None
    """Of the test that the backlog does not grow."""
    transient_requests: int | None
    """The first requests, which are in none of these three."""
    accuracy: Interval | None
    """What failed is not correct."""
    j_per_request: Interval | None
    """Joules of all requests, over the answered ones."""
    j_per_correct: Interval | None
    provenance: str
    valid: bool
    """Its measured windows are."""
    own_cpu_s_per_request: float | None = None
    """CPU seconds of the run's own processes; None where they were not recorded."""
    client_punctual: float | None = None
    """The share of the requests that the client sent within 5 ms of when it could have; None in older records."""
    client_lag_p50_s: float | None = None
    """The client's own lag (`wattbench.records.client_lag`), the worst of its tasks; None where requests are too few.
    So for the other percentiles, and all that follow are the worst of the tasks."""
    client_lag_p99_s: float | None = None
    client_lag_largest_s: float | None = None
    slot_wait_p50_s: float | None = None
    """The wait of a request that was due for fewer than the most to be under way: the system's, not the client's."""
    slot_wait_p99_s: float | None = None
    answer_wait_p50_s: float | None = None
    """The wait for the answers that a request follows in its conversation."""
    answer_wait_p99_s: float | None = None
    queue_peak: float | None = None
    """The most requests that were due and not sent at one time."""
    in_flight_peak: float | None = None
    output_tokens_per_s: float | None = None
    """Output token throughput, over the seconds of `served_per_s`; None where tokens are not recorded."""
    requests_in_flight: float | None = None
    """Mean over the same seconds, from when each was due."""

    @property
    def state(self) -> Held:
        """Return whether the system holds the rate, and for how long that is known."""
        return Held.of(held=self.held, here=self.here, client_late=self.client_late)


@dataclass(frozen=True)
class AtRate:
    """All systems at one rate."""

    offered_per_s: float
    arrivals: str | None
    """As in `LoadRow`."""
    trace: Mapping[str, Any]
    """What is recorded of the trace that they are of, or next to; empty without one."""
    frames: Frames
    """The answers at this rate alone, each begun when it was due."""
    table: ItemTable
    measured: Mapping[str, Measures]
    judged: Mapping[str, Validity]
    systems: tuple[LoadFigures, ...]

    @property
    def not_held(self) -> dict[str, str]:
        """Return the systems that did not hold the rate, and why."""
        return {each.system: "; ".join(each.reasons) for each in self.systems if each.state is Held.NO}

    @property
    def not_known(self) -> dict[str, str]:
        """Return the systems for which a late client leaves it open whether they hold the rate, with the reasons."""
        return {each.system: "; ".join(each.reasons) for each in self.systems if each.state is Held.NOT_KNOWN}

    @property
    def only_here(self) -> dict[str, str]:
        """Return the systems that held the rate in this minute only, each with what is lacking for the long run."""
        return {each.system: "; ".join(each.lacks) for each in self.systems if each.state is Held.HERE}

    @property
    def unranked(self) -> dict[str, str]:
        """Return the systems that no ranking takes, each with a clause that says why.

        These are all but the systems that hold the rate in the long run.
        """
        here = {name: f"held it only in this minute: {why}" for name, why in self.only_here.items()}
        unknown = {name: f"it is not known whether it sustains it: {why}" for name, why in self.not_known.items()}
        return {name: f"does not sustain it: {why}" for name, why in self.not_held.items()} | unknown | here

    @property
    def holding(self) -> int:
        """Count the systems that hold the rate in the long run."""
        return sum(each.held for each in self.systems)

    @property
    def holding_here(self) -> int:
        """Count the systems that held the rate in this minute."""
        return sum(each.here for each in self.systems)


@dataclass(frozen=True)
class LoadReport:
    """A run under load."""

    deadline_s: float
    ttft_deadline_s: float | None
    tpot_deadline_s: float | None
    share: float
    """Of the requests, that has to be in time for a rate to be held."""
    rates: tuple[AtRate, ...]
    """Lowest first."""

    @property
    def compared(self) -> AtRate:
        """Return the rate at which systems are compared.

        It is that of the trace where there is one; else the highest that most systems hold in the long run; without
        one, the highest that most held in this minute; else the lowest.
        """
        traced = [rate for rate in self.rates if rate.arrivals == TRACE_ARRIVALS]
        if traced:
            return traced[0]
        for holding in ([rate.holding for rate in self.rates], [rate.holding_here for rate in self.rates]):
            if most := max(holding):
                return [rate for rate, number in zip(self.rates, holding, strict=True) if number == most][-1]
        return self.rates[0]

    @property
    def deadlines(self) -> str:
        """Return the deadlines in words: ``within 2 s, its first token within 0.5 s``."""
        parts = [f"within {digits(self.deadline_s)} s of the scheduled arrival"]
        if self.ttft_deadline_s is not None:
            parts.append(f"its first token within {digits(self.ttft_deadline_s)} s")
        if self.tpot_deadline_s is not None:
            parts.append(f"later tokens at {digits(self.tpot_deadline_s)} s each")
        return listed(parts)


def load_report(frames: Frames) -> LoadReport | None:
    """Return the figures of a run by rate; None where it was not under load.

    Raises:
        UserError: the tables are damaged.
    """
    rows = frames.run.loads()
    if not rows:
        return None
    more = frames.more_columns(*_COLUMNS, newer=_NEWER)
    kinds = sorted({(row.offered_per_s, row.arrivals) for row in rows}, key=lambda kind: (kind[0], kind[1] or ""))
    rates = tuple(
        _at_rate(frames, more, *kind, [row for row in rows if (row.offered_per_s, row.arrivals) == kind])
        for kind in kinds
    )
    first = rows[0]
    return LoadReport(first.deadline_s, first.ttft_deadline_s, first.tpot_deadline_s, first.share, rates)


def rate_title(at: AtRate) -> str:
    """Name a rate as a noun: ``2 requests per second``, ``the arrivals of azure.csv (2 requests per second)``."""
    rate = f"{at.offered_per_s:g} requests per second"
    mean = f"{digits(at.offered_per_s)} requests per second on average"
    if at.arrivals == TRACE_ARRIVALS:
        speed = "" if at.trace.get("speed") in (None, 1) else f" at speed {at.trace['speed']:g}"
        return f"the arrivals of {at.trace.get('name', 'a trace')}{speed} ({mean})"
    if at.arrivals == POISSON_ARRIVALS:
        return f"Poisson arrivals at the mean rate of {at.trace.get('name', 'a trace')} ({mean})"
    return rate


def _at_rate(frames: Frames, more: pd.DataFrame, rate: float, arrivals: str | None, rows: Sequence[LoadRow]) -> AtRate:
    arrived = _arrivals(more)
    alike = arrived.isna() if arrivals is None else arrived == arrivals
    chosen = frames.only((more["offered_per_s"] == rate) & alike, frozenset(row.window for row in rows))
    answers = chosen.more_columns(*_COLUMNS)
    # Under load a request begins when it is due: its wait for its turn is part of what its sender waits.
    chosen = replace(chosen, items=chosen.items.assign(started_s=answers["scheduled_s"]))
    table = item_table(chosen)
    measured, judged = measures(chosen, table, basis(table)), validity(chosen)
    tokens, served = token_times(chosen), throughputs(chosen)
    figures = tuple(
        _figures(
            name, chosen.kind_of(name), rate, [row for row in rows if row.system == name], chosen, answers,
            measured[name], judged[name], tokens[name], served.get(name),
        )
        for name in chosen.systems
        if len(chosen.positions(chosen.answers_of(name))) and any(row.system == name for row in rows)
    )  # fmt: skip
    return AtRate(rate, arrivals, rows[0].trace, chosen, table, measured, judged, figures)


def _figures(
    name: str,
    kind: str,
    rate: float,
    rows: Sequence[LoadRow],
    frames: Frames,
    more: pd.DataFrame,
    measured: Measures,
    judged: Validity,
    tokens: TokenTimes,
    served: Throughput | None,
) -> LoadFigures:
    answers = (frames.items["system"] == name).to_numpy() & more["failure"].isna().to_numpy()
    due_s = more["scheduled_s"][answers].to_numpy(dtype=np.float64)
    finished_s = frames.items["finished_s"][answers].to_numpy(dtype=np.float64)
    queries, busy_s = sum(row.queries for row in rows), sum(row.duration_s for row in rows)
    in_time, failed = sum(row.in_time for row in rows), sum(row.failed for row in rows)
    several = len(rows) > 1
    bounds = [row.rate_bounds for row in rows]
    known = [each for each in bounds if each is not None] if all(bounds) else []
    sent = [row.sending for row in rows if row.sending]
    return LoadFigures(
        system=name,
        kind=kind,
        offered_per_s=rate,
        arrivals=rows[0].arrivals or LOADGEN,
        scheduled_per_s=sum(row.scheduled_per_s * row.queries for row in rows) / queries,
        served_per_s=(queries - failed) / busy_s,
        queries=queries,
        failed=failed,
        held=all(row.held for row in rows),
        here=all(row.here for row in rows),
        client_late=any(row.client_late for row in rows) and all(row.here or row.client_late for row in rows),
        reasons=tuple(f"{row.task}: {why}" if several else why for row in rows for why in row.reasons),
        lacks=tuple(f"{row.task}: {why}" if several else why for row in rows for why in row.lacks),
        remarks=tuple(dict.fromkeys(remark for row in rows for remark in row.remarks)),
        latency_s=percentiles(finished_s - due_s, PERCENTILES),
        ttft_s=percentiles(tokens.first_s, PERCENTILES),
        tpot_s=percentiles(tokens.per_token_s, PERCENTILES),
        goodput_per_s=in_time / busy_s,
        in_time=in_time / queries,
        in_time_low=min((each.in_time_low for each in known), default=None),
        effective_requests=min((each.effective for each in known), default=None),
        backlog_growth_p=min((each.growth_p for each in known), default=None),
        transient_requests=max((each.cut for each in known), default=None),
        accuracy=measured.accuracy,
        j_per_request=measured.j_per_request and measured.j_per_request.times(queries / max(1, queries - failed)),
        j_per_correct=measured.j_per_correct,
        provenance=measured.provenance,
        valid=judged.valid,
        own_cpu_s_per_request=measured.own_cpu_s,
        client_punctual=min((each["punctual"] for each in sent), default=None),
        client_lag_p50_s=_worst(rows, "own_lag", 0.5),
        client_lag_p99_s=_worst(rows, "own_lag", 0.99),
        client_lag_largest_s=max((each["own_lag_largest_s"] for each in sent), default=None),
        slot_wait_p50_s=_worst(rows, "for_a_slot", 0.5),
        slot_wait_p99_s=_worst(rows, "for_a_slot", 0.99),
        answer_wait_p50_s=_worst(rows, "for_answers", 0.5),
        answer_wait_p99_s=_worst(rows, "for_answers", 0.99),
        queue_peak=max((each["queue_peak"] for each in sent), default=None),
        in_flight_peak=max((each["in_flight_peak"] for each in sent), default=None),
        output_tokens_per_s=None if served is None or served.output_tokens is None else served.output_tokens.per_s,
        requests_in_flight=None if served is None else served.in_flight,
    )


def _worst(rows: Sequence[LoadRow], wait: str, share: float) -> float | None:
    """Return the largest value of one percentile of a wait, among tasks with enough requests for it."""
    key = f"{wait}_{label(share)}_s"
    known = [row.sending[key] for row in rows if key in row.sending and row.queries >= needed(share)]
    return max(known, default=None)


def _arrivals(more: pd.DataFrame) -> pd.Series:
    """Return the kind of arrivals of each answer; empty for records without traces."""
    if "arrivals" in more:
        return more["arrivals"]
    return pd.Series(None, index=more.index, dtype=object)
