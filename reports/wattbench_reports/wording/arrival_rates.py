"""Word a run under load: a table for each request rate."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from wattbench.records.rate_bounds import GROWTH_P, LEAST_EFFECTIVE, RISK, TRANSIENT, Held
from wattbench_reports.formatting import units
from wattbench_reports.metrics.arrival_rates import AtRate, LoadFigures, LoadReport, rate_title
from wattbench_reports.stats import Interval
from wattbench_reports.wording import throughput

HEAD = (
    "system", "sustained", "served/s", "on time", "p50", "p90", "TTFT p50", "TTFT p90", "TPOT p50",
    "J per request", "J per correct answer", "accuracy",
)  # fmt: skip
"""The columns of `cells`; `table` adds output token throughput and CPU seconds where they were recorded."""
SUSTAINED = {Held.LONG_RUN: "yes", Held.HERE: "this minute", Held.NOT_KNOWN: "not known", Held.NO: "NO"}


def table(at: AtRate) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heading and one row of texts per system."""
    rows = [cells(figures) for figures in at.systems]
    head: tuple[str, ...] = HEAD
    if has_token_throughput(at):
        head = (*head, "output tokens/s", "in flight")
        rows = [(*row, *token_throughput(figures)) for row, figures in zip(rows, at.systems, strict=True)]
    if not has_own_cpu(at):
        return head, rows
    return (*head, "CPU per request"), [
        (*row, units.quantity(figures.own_cpu_s_per_request, "s"))
        for row, figures in zip(rows, at.systems, strict=True)
    ]


def has_token_throughput(at: AtRate) -> bool:
    """Return whether output tokens were recorded of any system."""
    return any(figures.output_tokens_per_s is not None for figures in at.systems)


def token_throughput(figures: LoadFigures) -> tuple[str, str]:
    """Format output tokens per second, and how many requests were in flight."""
    return throughput.rate(figures.output_tokens_per_s, None, None), throughput.in_flight(figures.requests_in_flight)


def has_own_cpu(at: AtRate) -> bool:
    """Return whether CPU seconds were recorded of any system."""
    return any(figures.own_cpu_s_per_request is not None for figures in at.systems)


def title(at: AtRate) -> str:
    """Name a rate: ``at 2 requests per second``."""
    return f"at {rate_title(at)}"


def heading(at: AtRate) -> str:
    """Name a rate as a heading: ``At 2 requests per second``; the name of a trace keeps its capitals."""
    text = title(at)
    return units.capital(text)


def explained(report: LoadReport) -> str:
    """Explain the columns: the deadlines of this run, and which percentiles are given."""
    return (
        f"On time: answered {report.deadlines}. A rate is sustained in this minute if at least {100 * report.share:g}% "
        f"of requests were; and in the long run (yes) if the lower bound of that share ({100 * (1 - RISK):g}%) is as "
        f"high, without the first {100 * TRANSIENT:g}% of requests; the others count as {LEAST_EFFECTIVE} independent "
        f"ones or more; and the backlog is not seen to grow (p of {GROWTH_P:g} or more). Only that is ranked. Latency "
        "and TTFT count from the scheduled arrival. Percentiles are given only from the number of requests that "
        "LoadGen requires (p50: 7, p90: 44, p99: 459, p99.9: 4,603), and only at rates that were sustained: otherwise "
        "they depend on the length of the queue."
    )


def cells(figures: LoadFigures) -> tuple[str, ...]:
    """Make a row under `HEAD`."""
    return (
        figures.system,
        SUSTAINED[figures.state],
        units.digits(figures.served_per_s),
        units.percent(figures.in_time),
        seconds(figures, "latency_s", 0.5),
        seconds(figures, "latency_s", 0.9),
        seconds(figures, "ttft_s", 0.5),
        seconds(figures, "ttft_s", 0.9),
        seconds(figures, "tpot_s", 0.5),
        units.quantity_interval(figures.j_per_request, "J"),
        j_per_correct(figures),
        units.percent_interval(figures.accuracy),
    )


def seconds(figures: LoadFigures, name: str, share: float) -> str:
    """Format a percentile; a dash where the rate was not sustained as seen."""
    return units.quantity(getattr(figures, name)[share] if figures.here else None, "s")


def j_per_correct(figures: LoadFigures) -> str:
    """Format joules per correct answer with their interval, or say why there are none."""
    if figures.j_per_correct is None and figures.j_per_request is not None:
        return "none correct"
    return units.quantity_interval(figures.j_per_correct, "J")


def detail(figures: LoadFigures) -> str:
    """Describe the figures for which the terminal's table has no column."""
    failed = f", {figures.failed} without an answer" if figures.failed else ""
    parts = [
        figures.kind,
        f"{units.plural(figures.queries, 'request')} at {units.digits(figures.scheduled_per_s)}/s as drawn{failed}",
        f"goodput {units.digits(figures.goodput_per_s)}/s",
        *(
            ()
            if figures.output_tokens_per_s is None
            else ("{} output tokens/s, {} requests in flight".format(*token_throughput(figures)),)
        ),
        f"TPOT p50 {seconds(figures, 'tpot_s', 0.5)}",
        f"{units.percent_interval(figures.accuracy)} correct",
        *(
            ()
            if figures.own_cpu_s_per_request is None
            else (f"{units.quantity(figures.own_cpu_s_per_request, 's')} of CPU per request",)
        ),
        *long_run(figures),
        *client(figures),
        figures.provenance or "no energy",
        "valid" if figures.valid else "NOT VALID",
    ]
    return " · ".join(parts)


def long_run(figures: LoadFigures) -> tuple[str, ...]:
    """Say what the requests show of the long run; empty where they are too few, or in older records."""
    if figures.in_time_low is None or figures.effective_requests is None or figures.backlog_growth_p is None:
        return ()
    return (
        f"in the long run at least {units.percent(figures.in_time_low)} on time, by "
        f"{units.plural(figures.effective_requests, 'effective request')} after the first "
        f"{units.count(figures.transient_requests)}",
        f"backlog {'grows' if figures.backlog_growth_p < GROWTH_P else 'not seen to grow'} "
        f"(p = {figures.backlog_growth_p:.3f})",
    )


def lacking(at: AtRate) -> list[str]:
    """Say why systems do not sustain a rate, or only in this minute, in a sentence for each."""
    return [
        *(f"{name} does not sustain this rate: {why}." for name, why in at.not_held.items()),
        *(f"It is not known whether {name} sustains this rate: {why}." for name, why in at.not_known.items()),
        *(
            f"{name} sustained this rate in this minute, with no claim beyond: {why}."
            for name, why in at.only_here.items()
        ),
    ]


def not_held(figures: LoadFigures) -> list[str]:
    """Say why a rate was not sustained, or may not have been; empty where it was."""
    start = "not known whether it is sustained" if figures.client_late else "not sustained"
    return [f"{start}: {why}" for why in figures.reasons]


def client(figures: LoadFigures) -> tuple[str, ...]:
    """Say how punctual the client was; empty for older records."""
    if figures.client_punctual is None:
        return ()
    return (
        f"client: {units.percent(figures.client_punctual)} sent within 5 ms of when it could, largest lag "
        f"{units.quantity(figures.client_lag_largest_s, 's')}",
        f"queue peak {units.count(figures.queue_peak)}",
    )


def plain(figures: LoadFigures) -> dict[str, Any]:
    """Flatten all metrics, for programs; those of a rate that is not sustained are marked by `held`, not hidden."""
    row: dict[str, Any] = {}
    for field in fields(figures):
        value = getattr(figures, field.name)
        if isinstance(value, Interval) or field.name in ("accuracy", "j_per_request", "j_per_correct"):
            bounds = (None, None, None) if value is None else (value.estimate, value.low, value.high)
            row |= zip((field.name, f"{field.name}_low", f"{field.name}_high"), map(_finite, bounds), strict=True)
        elif field.name in ("latency_s", "ttft_s", "tpot_s"):
            stem = field.name.removesuffix("_s")
            row |= {f"{stem}_p{100 * share:g}_s".replace(".", "_"): value_s for share, value_s in value.items()}
        else:
            row[field.name] = list(value) if isinstance(value, tuple) else value
    return row


def plain_rates(report: LoadReport) -> list[dict[str, Any]]:
    """Flatten every system at every rate, lowest rate first."""
    return [plain(figures) for at in report.rates for figures in at.systems]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
