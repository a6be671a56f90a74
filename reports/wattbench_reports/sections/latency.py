"""Latency: its distribution per system and its percentiles, for the request, the first token and output tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from wattbench_reports import figures
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.figures.latency import FIRST_TOKEN, PER_TOKEN, WHOLE, Times
from wattbench_reports.formatting import units
from wattbench_reports.metrics.latencies import Latencies
from wattbench_reports.metrics.tail_latency import MEDIAN, SHARES
from wattbench_reports.metrics.throughput import Throughput
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, numbers
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import label, rule
from wattbench_reports.tables.token_timings import TokenTimes, token_times
from wattbench_reports.wording import arrival_rates
from wattbench_reports.wording import throughput as throughput_words

_SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)

_LEAD = (
    "The share of requests answered within a given time. Better is to the left; a curve with a long upper end has a "
    "long tail latency."
)

_Seconds = Mapping[str, NDArray[np.float64]]
_Latencies = Mapping[str, Latencies]


def latency_section(measured: Measured, comparison: Comparison) -> Section:
    """Make the section: latency of the request, then TTFT and TPOT where engines report them."""
    latencies = {name: each.latency_s for name, each in measured.systems.items()}
    times = {name: each.latency_s for name, each in measured.by_item.systems.items()}
    streamed = measured.by_item is not measured  # and too many to be held, of all systems together
    whole = {name: each.profile_s() if streamed else each.sorted_s() for name, each in latencies.items()}
    start = "from its scheduled arrival" if measured.load is not None else "from sending it"
    caption = f"Latency of a request, {start} to its last token"
    drawing = _drawing(whole, latencies, WHOLE, "latency distribution")
    passage = Passage("", tuple(_circumstances(measured)), (_table(measured, latencies, caption),), drawing)
    tokens = token_times(measured.by_item.frames)
    passages = (
        passage,
        *_first_token(measured, times, tokens, start),
        *_per_token(measured, times, tokens),
        *_throughput(measured, comparison),
    )
    return Section(
        "latency",
        "Latency",
        "Latency: full request, first token, output tokens; throughput",
        _LEAD,
        passages,
        line="distributions, percentiles, where the seconds go, and what is served per second",
    )


def _circumstances(measured: Measured) -> Iterable[str]:
    if measured.shares is not None:
        yield (
            "In this section every request has the same weight; the latencies of the comparison are weighted by its "
            "mix of domains."
        )
    report = measured.load
    if report is None:
        return
    yield (
        f"All values are {arrival_rates.title(report.compared)}. Latency counts from the scheduled arrival of a "
        "request, so it includes queueing."
    )
    at = report.compared
    if at.not_held:
        yield (
            f"{units.named(list(at.not_held))} {'does' if len(at.not_held) == 1 else 'do'} not sustain that rate: no "
            "percentile is given, because it would depend on the length of the queue."
        )
    if at.not_known:
        yield (
            f"It is not known of {units.named(list(at.not_known))} whether that rate is sustained"
            ": no percentile is given, because it would depend on the client, which was late."
        )


def _first_token(
    measured: Measured, times: _Latencies, tokens: Mapping[str, TokenTimes], start: str
) -> Iterable[Passage]:
    seconds = {name: each.first_s for name, each in tokens.items()}
    silent = [name for name, each in seconds.items() if not len(each)]
    if len(silent) == len(seconds):
        yield Passage(
            "Time to first token (TTFT)",
            (("No engine of this run reports the time to first token; engines that stream their answers do."),),
        )
        return
    sentences = [f"Not reported by the engine of {units.named(silent)}."] if silent else []
    partly = [
        f"{name} ({len(each):,} of {tokens[name].answers:,})"
        for name, each in seconds.items()
        if 0 < len(each) < tokens[name].answers
    ]
    if partly:
        sentences.append(f"Reported for some requests only: {units.named(partly)}.")
    first = {name: times[name].of(each.first_s, each.first_of) for name, each in tokens.items()}
    table = _table(measured, first, f"Time to first token, {start}")
    yield Passage(
        "Time to first token (TTFT)",
        tuple(sentences),
        (table,),
        _drawing(seconds, first, FIRST_TOKEN, "time to first token"),
    )


def _per_token(measured: Measured, times: _Latencies, tokens: Mapping[str, TokenTimes]) -> Iterable[Passage]:
    seconds = {name: each.per_token_s for name, each in tokens.items()}
    if not any(len(each) for each in seconds.values()):
        return
    sentences = (
        "Time from the first token to the last, divided by the number of tokens after the first; not available for "
        "an answer of one token or in one chunk. If an engine sends several tokens at once, or a hybrid asks several "
        "members, the value is a mean that includes the pauses.",
    )
    per_token = {name: times[name].of(each.per_token_s, each.per_token_of) for name, each in tokens.items()}
    table = _table(measured, per_token, "Time per output token after the first")
    yield Passage(
        "Time per output token (TPOT)",
        sentences,
        (table,),
        _drawing(seconds, per_token, PER_TOKEN, "time per output token"),
    )


def _drawing(seconds: _Seconds, latencies: _Latencies, times: Times, what: str) -> Figure | None:
    curves = [
        figures.LatencyCurve(name, index, values_s, _bounds(latencies[name]))
        for index, (name, values_s) in enumerate(seconds.items())
        if len(values_s)
    ]
    return Figure(figures.latency(curves, times), f"Figure: {what}", "") if curves else None


def _bounds(latencies: Latencies) -> dict[float, Interval]:
    bounds = {share: latencies.interval_s(share) for share in (MEDIAN, SHARES[0])}
    return {share: interval for share, interval in bounds.items() if interval is not None}


def _table(measured: Measured, latencies: _Latencies, caption: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column("System"),
            Column("Requests", numeric=True),
            *(Column(label(share), numeric=True) for share in _SHARES),
            Column("Maximum", numeric=True),
        ),
        rows=tuple(
            (
                Cell(name, series=index),
                Cell(units.count(len(each))),
                *(
                    Cell(units.quantity_interval(None if name in measured.not_held else each.interval_s(share), "s"))
                    for share in _SHARES
                ),
                Cell(units.quantity(each.longest_s(), "s")),
            )
            for index, (name, each) in enumerate(latencies.items())
        ),
        note=rule(_SHARES),
    )


def _throughput(measured: Measured, comparison: Comparison) -> Iterable[Passage]:
    """Make the passage on throughput; none where no system has a throughput."""
    if not measured.served:
        return
    shown = [each for each in comparison.systems if each.system in measured.served]
    tokens = any(each.output_tokens_per_s is not None for each in shown)
    order = {name: index for index, name in enumerate(measured.frames.systems)}
    table = Table(
        caption="Throughput of each system",
        columns=(
            Column("System"),
            *numbers("Answered", "Seconds", "In flight", "Requests per s"),
            *((Column("Output tokens per s", numeric=True),) if tokens else ()),
        ),
        rows=tuple(
            _served_row(each, measured.served[each.system], order[each.system], tokens=tokens) for each in shown
        ),
        note=throughput_words.intervals(comparison),
    )
    yield Passage("Throughput", (throughput_words.line(comparison),), (table,))


def _served_row(figures: SystemFigures, served: Throughput, index: int, *, tokens: bool) -> tuple[Cell, ...]:
    return (
        Cell(figures.system, series=index),
        Cell(units.count(served.answered) if served.seconds is not None else units.NONE),
        Cell(units.quantity(served.seconds, "s")),
        Cell(throughput_words.in_flight(figures.requests_in_flight)),
        Cell(throughput_words.requests(figures)),
        *((Cell(throughput_words.output_tokens(figures)),) if tokens else ()),
    )
