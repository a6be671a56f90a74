"""Define the record of a rate of requests: a line of `loads.jsonl`. The answers of its window count only with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from wattbench.records.rate_bounds import Held, RateBounds, why_only_here
from wattbench.records.rows.answers import Arrivals
from wattbench.records.rows.schema import LARGEST_NUMBER, Amount, Count, FieldError, RecordRow, Signed

TRACE_ARRIVALS: Final = "trace"
"""`arrivals` of what is sent as a trace says."""
POISSON_ARRIVALS: Final = "poisson"
"""`arrivals` of what is sent next to a trace: as many requests in as long, at moments drawn evenly."""


@dataclass(frozen=True, kw_only=True)
class LoadRow(RecordRow):
    """The results of one system on one task, at one rate of arrivals."""

    system: str
    task: str
    offered_per_s: Amount
    """Requests per second, as the suite sets them; of a trace, the mean of the part that is sent."""
    arrivals: Arrivals | None = None
    """`TRACE_ARRIVALS`; `POISSON_ARRIVALS`, next to it; None: Poisson by LoadGen, at a rate of the suite."""
    window: str
    """The window in which they arrived and were answered."""
    scheduled_per_s: Amount
    """As drawn, or as in the trace: requests after the first, per second until the last was due."""
    served_per_s: Amount
    """Answered requests per second, from when the first was due until the last one ended."""
    queries: Count
    failed: Count
    """Of these, without an answer: refused, interrupted, or not sent as they could not be in time any more."""
    in_time: Count
    """Of these, answered within every deadline."""
    duration_s: Amount
    """From when the first was due until the last one ended."""
    drain_s: Signed
    """Of these seconds, those after the last was due."""
    deadline_s: Amount
    ttft_deadline_s: Amount | None = None
    tpot_deadline_s: Amount | None = None
    share: Amount = 0.9
    """The share that has to be in time."""
    held: bool
    """Whether the rate is shown to be held in the long run: what `bounds` show, where it was held `here`."""
    here: bool = False
    """Whether it was held as it was seen, with no claim beyond. If not, its latencies are those of a growing queue.
    Older records have none: their `held`, which a rule of independent requests gave, is read as this."""
    client_late: bool = False
    """Whether it is not held `here` for a reason that may be the client's alone: it is not known whether the system
    holds the rate. Older records do not say so: such a rate is not held."""
    reasons: list[str] = field(default_factory=list)
    """Why it is not held `here`; empty if it is."""
    lacks: list[str] = field(default_factory=list)
    """Why it is not shown to be held in the long run; empty if it is, or is not held `here`."""
    bounds: dict[str, Amount] = field(default_factory=dict)
    """What its requests show of the long run: `RateBounds`. Empty where they are too few, and in older records."""
    remarks: list[str] = field(default_factory=list)
    """What else a reader should know."""
    loadgen_version: str = ""
    loadgen_valid: bool | None = None
    """LoadGen's own verdict."""
    loadgen: dict[str, Any] = field(default_factory=dict)
    """LoadGen's own results, keyed as its detail log keys them."""
    disagreement_s: Signed | None = None
    """The largest difference between LoadGen's percentiles of latency and those of wattbench, over the same
    requests."""
    trace: dict[str, Any] = field(default_factory=dict)
    """Of a trace, and of what is next to it: `name`, `format`, `sha256`, `rows` and `arrivals` of the file, `speed`,
    `start_s`, `duration_s`, `sessions` (how many requests followed another), `left_out` (arrivals at the end of the
    part, so that each document is asked equally often), and `input_tokens` and `output_tokens`, each with `p50`,
    `p90` and `mean`."""
    sending: dict[str, Amount] = field(default_factory=dict)
    """How punctual the client was, as `wattbench.records.client_lag` defines it: keys as in `Sending.as_record`. Empty
    in older records."""

    @property
    def state(self) -> Held:
        """Whether the system holds this rate, and if so, whether in the long run."""
        return Held.of(held=self.held, here=self.here, client_late=self.client_late)

    @property
    def rate_bounds(self) -> RateBounds | None:
        """What the rate's requests show of the long run."""
        return RateBounds.from_record(self.bounds) if self.bounds else None

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check the facts of the trace and the client, and the conclusions."""
        trace, sending = raw["trace"], raw["sending"]
        for name in ("name", "format", "sha256"):
            if trace and not isinstance(trace.get(name), str):
                raise FieldError(f"trace: {name} is {trace.get(name)!r:.60}: it must be a text")
        for name in ("arrivals", "speed", "left_out"):
            if trace and not _is_amount(trace.get(name)):
                raise FieldError(f"trace: {name} is {trace.get(name)!r:.60}: it must be a number that is not below 0")
        if trace.get("sessions") is not None and not _is_amount(trace["sessions"]):
            raise FieldError(f"trace: sessions is {trace['sessions']!r:.60}: it must be a number that is not below 0")
        for name in ("input_tokens", "output_tokens"):
            lengths = trace.get(name, {"p50": 0})
            if not isinstance(lengths, Mapping) or not _is_amount(lengths.get("p50")):
                raise FieldError(f"trace: {name} is {lengths!r:.60}: it must have a median")
        missing = [name for name in _SENDING if sending and name not in sending]
        if missing:
            raise FieldError(f"sending: a value is missing ({missing[0]})")
        _check_conclusion(raw)


def _check_conclusion(raw: Mapping[str, Any]) -> None:
    if raw["client_late"] and raw["here"]:
        raise FieldError("client_late: the rate was held as it was seen")
    bounds = raw["bounds"]
    missing = [each.name for each in fields(RateBounds) if bounds and not _is_amount(bounds.get(each.name))]
    if missing:
        raise FieldError(f"bounds: {missing[0]} is missing, or no number that is not below 0")
    if bounds and not (
        bounds["cut"] + bounds["requests"] == raw["queries"]
        and bounds["in_time_low"] <= bounds["in_time"] <= 1
        and bounds["effective"] <= bounds["requests"]
        and bounds["growth_p"] <= 1
    ):
        raise FieldError("bounds: they contradict each other, or the number of requests")
    shown = not why_only_here(RateBounds.from_record(bounds) if bounds else None, raw["share"])
    if raw["held"] and not (raw["here"] and shown):
        raise FieldError("held: the bounds next to it do not show it")


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST_NUMBER


_SENDING = ("punctual", "own_lag_largest_s", "queue_peak", "in_flight_peak")
"""Of `LoadRow.sending`, what figures are made of in any case."""
