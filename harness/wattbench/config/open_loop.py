"""The `load` scenario: requests that arrive on their own, whether or not the last was answered."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from wattbench.records.schema.base import Items, PauseSeconds, RelativePath, Seconds, Strict, Times

MOST_QUERIES = 100_000_000
"""The most requests of a rate: each is kept in memory until the rate ends."""

TRACE_KEYS = ("trace", "speed", "start_s", "duration_s", "sessions", "beside_poisson")
"""The settings of a trace."""


class Load(Strict):
    """Open-loop arrivals: Poisson through MLPerf LoadGen (its Server scenario), at each rate in turn; or those of a
    trace, by a schedule of wattbench's own."""

    rates_per_s: Annotated[list[Annotated[float, Field(gt=0, le=10_000)]], Field(min_length=1)] | None = None
    """Requests offered per second, one measured window for each rate; every system is asked at all of them. None: only
    a trace."""
    trace: RelativePath | None = None
    """A file of real arrivals, whose times requests are sent at: Azure's CSV, Mooncake's JSON lines or OpenTelemetry's
    spans, packed by gzip or not. Its path is relative to this file. Prompts are those of the tasks."""
    speed: Annotated[float, Field(gt=0, le=10_000)] = 1.0
    """How fast the trace goes by: 2 halves the time between arrivals."""
    start_s: PauseSeconds = 0.0
    """Where the part of the trace that is sent begins, in seconds of the trace from its first arrival."""
    duration_s: Seconds | None = None
    """How long that part is, in seconds of the trace; None: to its end."""
    sessions: bool = False
    """Send a request of a conversation only after the answers that came before it there. The trace must have them."""
    beside_poisson: bool = True
    """Also measure Poisson arrivals of the same number in the same time, of the same documents in the same order: what
    the trace's bursts cost."""
    min_duration_s: Seconds = 60.0
    """The shortest time for which requests arrive at each rate."""
    min_queries: Items = 2000
    """The fewest requests at each rate, rounded up so that each document is asked equally often. 2,000 can show that a
    rate of up to about half of what a system can serve is held in the long run; with fewer than 223 a rate can only be
    held in this minute."""
    deadline_s: Seconds
    """A request is in time if it is complete within this many seconds after it was due."""
    ttft_deadline_s: Seconds | None = None
    """The same for its first token; None sets no deadline."""
    tpot_deadline_s: Seconds | None = None
    """The most seconds per output token after the first; None sets no limit."""
    in_time: Annotated[float, Field(ge=0.5, le=0.999)] = 0.9
    """The share of the requests that must be in time for the system to hold the rate: LoadGen's target percentile."""
    max_in_flight: Times = 64
    """The most requests that are sent to a server and not yet answered; the others wait here, and their wait counts. A
    system in this process is always asked one request at a time, with a queue in front of it."""

    @model_serializer(mode="wrap")
    def _without_trace(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave a trace's keys out of settings without a trace: older suites keep their record and hash."""
        settings: dict[str, Any] = plain(self)
        if self.trace is not None:
            return settings
        return {name: value for name, value in settings.items() if name not in TRACE_KEYS}

    @model_validator(mode="after")
    def _some_arrivals(self) -> Self:
        if self.rates_per_s is None and self.trace is None:
            raise ValueError("name the rates under rates_per_s, or a file of arrivals under trace")
        given = [name for name in TRACE_KEYS if getattr(self, name) != type(self).model_fields[name].default]
        if self.trace is None and given:
            raise ValueError(f"{given[0]}: belongs to a trace; name its file under trace")
        return self

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        if self.rates_per_s is None:
            return self
        if len(set(self.rates_per_s)) < len(self.rates_per_s):
            raise ValueError(
                f"rates_per_s: name each rate once (here: {', '.join(f'{r:g}' for r in self.rates_per_s)})"
            )
        most = max(self.rates_per_s) * self.min_duration_s
        if most > MOST_QUERIES:
            raise ValueError(
                f"{max(self.rates_per_s):g} requests per second for {self.min_duration_s:g} s are {most:,.0f}, "
                f"and a rate may have {MOST_QUERIES:,}: lower rates_per_s or min_duration_s"
            )
        return self

    def queries(self, rate_per_s: float, documents: int) -> int:
        """Estimate how many requests there will be at a rate. LoadGen draws the arrivals, so there may be some more."""
        wanted = max(self.min_queries, math.ceil(rate_per_s * self.min_duration_s))
        return math.ceil(wanted / documents) * documents
