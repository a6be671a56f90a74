"""Format the throughput of a system, for the terminal, Markdown and the page."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.metrics.throughput import CLIENT, NOTED, STATED

REQUESTS, OUTPUT_TOKENS, IN_FLIGHT = "requests per s", "output tokens per s", "in flight"
"""The columns of `columns`."""


def columns(comparison: Comparison) -> tuple[str, ...]:
    """Return the columns for which some system has a figure."""
    known = {
        REQUESTS: [each.requests_per_s for each in comparison.systems],
        OUTPUT_TOKENS: [each.output_tokens_per_s for each in comparison.systems],
        IN_FLIGHT: [each.requests_in_flight for each in comparison.systems],
    }
    return tuple(name for name, values in known.items() if any(value is not None for value in values))


def cells(figures: SystemFigures, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cells of a row under `columns`."""
    texts = {
        REQUESTS: requests(figures),
        OUTPUT_TOKENS: output_tokens(figures),
        IN_FLIGHT: in_flight(figures.requests_in_flight),
    }
    return tuple(texts[name] for name in names)


def requests(figures: SystemFigures, unit: str = "") -> str:
    """Format request throughput: ``3.21 [3.05, 3.38]``; without bounds where they are not known. Where most of the time
    was wattbench's: ``at least 1,200 (98.1% of the time wattbench's own)``.

    Args:
        figures: of the system.
        unit: behind the figure.
    """
    per_s = rate(figures.requests_per_s, figures.requests_per_s_low, figures.requests_per_s_high)
    if figures.throughput_from != CLIENT:
        return f"{per_s}{unit}"
    return f"at least {per_s}{unit} ({units.percent(figures.client_share)} of the time wattbench's own)"


def output_tokens(figures: SystemFigures, unit: str = "") -> str:
    """Format output token throughput as `requests` does, without the share."""
    per_s = rate(figures.output_tokens_per_s, figures.output_tokens_per_s_low, figures.output_tokens_per_s_high)
    least = "at least " if figures.throughput_from == CLIENT and figures.output_tokens_per_s is not None else ""
    return f"{least}{per_s}{unit}"


def rate(per_s: float | None, low: float | None, high: float | None) -> str:
    """Format something per second, with its bounds where they are known; a dash where it is not."""
    if per_s is None:
        return units.NONE
    bounds = "" if low is None or high is None else f" [{units.digits(low)}, {units.digits(high)}]"
    return f"{units.digits(per_s)}{bounds}"


def in_flight(requests_in_flight: float | None) -> str:
    """Format how many requests were in flight, on average."""
    return units.NONE if requests_in_flight is None else units.digits(requests_in_flight)


def detail(figures: SystemFigures) -> str:
    """Word the throughput of a system in one line: ``3.21 [3.05, 3.38] requests/s · 96.3 [91.2, 102] output tokens/s ·
    1.00 in flight``; empty where it is not known."""
    return " · ".join(_parts(figures))


def _parts(figures: SystemFigures) -> Iterator[str]:
    if figures.requests_per_s is not None:
        yield requests(figures, " requests/s")
    if figures.output_tokens_per_s is not None:
        yield output_tokens(figures, " output tokens/s")
    if figures.requests_in_flight is not None:
        yield f"{in_flight(figures.requests_in_flight)} in flight"
    if figures.throughput_from == STATED:
        yield "throughput as its source states it"


def line(comparison: Comparison) -> str:
    """Explain the columns of throughput; empty where no throughput is known."""
    if not columns(comparison):
        return ""
    stated = [each.system for each in comparison.systems if each.throughput_from == STATED]
    mix = comparison.workload is not None and comparison.workload.mix is not None
    of_mix = " It is of the requests as asked, whatever the mix." if mix else ""
    whose = f" Of {units.named(stated)} it is what the source states over all requests." if stated else ""
    first = "when the first request was due" if comparison.load is not None else "the first request sent"
    return (
        "Requests/s and output tokens/s: throughput, answered requests and their tokens divided by the seconds from "
        f"{first} to the last one ended, with the mean number of requests in flight. It is not the speed "
        f"of one request (1 / TPOT), and is only compared at the same load.{of_mix}{whose}{_client(comparison)}"
    )


def _client(comparison: Comparison) -> str:
    """Say which part of the time was wattbench's own work; empty where that part is small everywhere."""
    noted = [
        f"{each.system} {units.percent(each.client_share)}"
        for each in comparison.systems
        if each.client_share is not None and each.client_share >= NOTED and each.throughput_from != CLIENT
    ]
    some = f" Of this time wattbench's own work between requests took: {units.named(noted)}." if noted else ""
    if any(each.throughput_from == CLIENT for each in comparison.systems):
        some += (
            " At least: wattbench's own work between requests took most of the time, so that what the system serves is "
            "not known, and not ranked."
        )
    return some


def intervals(comparison: Comparison) -> str:
    """Say what the brackets of a throughput hold, or why there are none."""
    if any(each.requests_per_s_low is not None for each in comparison.systems):
        return "Brackets: 95% confidence intervals for other items of the same tasks at other times, between blocks."
    return "No intervals: they are between blocks, of which there have to be two."
