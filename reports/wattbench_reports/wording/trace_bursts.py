"""Tabulate a trace and Poisson arrivals of the same mean rate, for the page, the terminal and Markdown."""

from __future__ import annotations

from wattbench_reports.formatting import units
from wattbench_reports.metrics.arrival_rates import AtRate
from wattbench_reports.metrics.trace_bursts import TAILS, ArrivalKind, BurstCost, Bursts, trace_lengths
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import label
from wattbench_reports.wording import arrival_rates

TITLE = "What the bursts of the trace cost"
HEAD = (
    "system", "arrivals", "sustained", "on time", *(label(share) for share in TAILS), "J per request", "queue peak",
    "most in flight", "copies",
)  # fmt: skip
TTFT_HEAD = tuple(f"TTFT {label(share)}" for share in TAILS)


def table(bursts: Bursts) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heading and two rows of texts per system: the trace, and Poisson arrivals."""
    ttft = any(each is not None for cost in bursts.costs for kind in _kinds(cost) for each in kind.ttft_s.values())
    rows = [
        _row(name, kind, ttft=ttft)
        for cost in bursts.costs
        for name, kind in zip(("trace", "Poisson"), _kinds(cost), strict=True)
    ]
    return (*HEAD[:7], *(TTFT_HEAD if ttft else ()), *HEAD[7:]), rows


def sentences(bursts: Bursts) -> list[str]:
    """Say of each system what the bursts cost, and how the table is read."""
    return [*map(_cost, bursts.costs), explained(bursts)]


def explained(bursts: Bursts) -> str:
    """Explain the two rows of a system, and the intervals."""
    number = units.plural(bursts.trace.systems[0].queries, "request")
    return (
        f"Both have {number} in as many seconds, of the same documents in the same order; only the moments differ. "
        "Intervals of differences are over documents. There is one window of each kind: what else the machine did in "
        "one of them is in the differences, and not in their intervals. "
        "Copies: how many copies of the model, each answering one request at a time, have to be resident for the share "
        "on time, simulated from the measured durations; not given for a server, whose durations depend on its load. "
        "Most in flight: requests that were under way at one time."
    )


def trace_lines(at: AtRate) -> list[str]:
    """Describe a trace: the part that was sent, and its lengths next to the suite's."""
    trace = at.trace
    if not trace:
        return []
    sentences = [
        f"Trace {trace.get('name')} ({trace.get('format')}, {units.count(trace.get('arrivals'))} arrivals, SHA-256 "
        f"{str(trace.get('sha256'))[:12]}), speed {trace.get('speed') or 1:g}."
    ]
    if trace.get("left_out"):
        left = int(trace["left_out"])
        verb = "is" if left == 1 else "are"
        sentences.append(
            f"{units.plural(left, 'arrival')} at the end {verb} left out, so that each document is asked equally often."
        )
    if trace.get("sessions") is not None:
        sentences.append(
            f"{units.plural(int(trace['sessions']), 'request')} followed earlier ones of the same conversation."
        )
    return [" ".join([*sentences, *_lengths(at)])]


def _lengths(at: AtRate) -> list[str]:
    """Compare the trace's own lengths with the suite's."""
    parts = []
    for lengths in trace_lengths(at):
        suite = "" if lengths.suite is None else f" (in the suite: {units.count(lengths.suite)})"
        parts.append(f"{units.count(lengths.trace)} {lengths.what} tokens{suite}")
    if not parts:
        return []
    return [
        f"The median of its own requests is {units.listed(parts)}. Only the moments are those of the trace: where "
        "lengths differ, the load does."
    ]


def _kinds(cost: BurstCost) -> tuple[ArrivalKind, ArrivalKind]:
    return cost.trace, cost.poisson


def _row(name: str, kind: ArrivalKind, *, ttft: bool) -> tuple[str, ...]:
    figures = kind.figures
    return (
        figures.system,
        name,
        arrival_rates.SUSTAINED[figures.state],
        units.percent(figures.in_time),
        *(units.quantity(kind.latency_s[share], "s") for share in TAILS),
        *((units.quantity(kind.ttft_s[share], "s") for share in TAILS) if ttft else ()),
        units.quantity_interval(figures.j_per_request, "J"),
        units.count(figures.queue_peak),
        units.count(figures.in_flight_peak),
        units.count(kind.copies),
    )


def _cost(cost: BurstCost) -> str:
    on_time, under_poisson = (units.percent(kind.figures.in_time) for kind in _kinds(cost))
    parts = [
        f"{on_time} on time in place of {under_poisson}",
        f"a mean latency {_more(cost.latency_s, 's')}" if cost.latency_s is not None else "",
        f"{_more(cost.j_per_request, 'J')} per request" if cost.j_per_request is not None else "",
        (
            f"{cost.trace.copies} resident in place of {cost.poisson.copies}"
            if cost.trace.copies is not None and cost.poisson.copies is not None
            else ""
        ),
    ]
    return f"{cost.system}, as the trace arrives: {', '.join(part for part in parts if part)}."


def _more(difference: Interval, unit: str) -> str:
    """Format a difference with its interval and sign."""
    low, high = (units.quantity(abs(each), unit) for each in (difference.low, difference.high))
    signs = ["-" if each < 0 else "+" for each in (difference.low, difference.high)]
    sign = "-" if difference.estimate < 0 else "+"
    return f"{sign}{units.quantity(abs(difference.estimate), unit)} [{signs[0]}{low}, {signs[1]}{high}]"
