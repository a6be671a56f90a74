"""State what limits a run under load: rates that are not held or not known, and requests that failed."""

from __future__ import annotations

from wattbench.records import TRACE_ARRIVALS
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.metrics.arrival_rates import LoadReport, rate_title


def load_caveats(report: LoadReport) -> tuple[Caveat, ...]:
    """Return the caveats of a comparison at one rate, most serious first."""
    at = report.compared
    rate = rate_title(at)
    rates = [
        Caveat(
            "not-held",
            f"{name} does not sustain {rate}: {why}. Its latencies are those of a growing queue, and it is not ranked.",
            (name,),
        )
        for name, why in at.not_held.items()
    ]
    rates += [
        Caveat(
            "client-late",
            f"It is not known whether {name} sustains {rate}: {why}. It is not ranked.",
            (name,),
        )
        for name, why in at.not_known.items()
    ]
    rates += [
        Caveat(
            "held-here",
            f"{name} sustained {rate} in this minute, which is no claim for the long run: {why}. It is not ranked.",
            (name,),
        )
        for name, why in at.only_here.items()
    ]
    others = [rate_title(each) for each in report.rates if each is not at]
    if others:
        chosen = "the lowest, as none is sustained"
        if at.holding_here:
            chosen = "the highest that most systems sustain" + ("" if at.holding else " in this minute")
        if at.arrivals == TRACE_ARRIVALS:
            chosen = "as they arrived in the trace"
        text = (
            f"The comparison and the verdict are for {rate}, {chosen}. Values for {listed(others)} are in tables of "
            "their own, and are not compared with these."
        )
        rates.append(Caveat("one-load", text, tuple(each.system for each in at.systems)))
    for each in at.systems:
        if each.failed:
            text = (
                f"{each.system}: {each.failed} of {plural(each.queries, 'request')} have no answer. They count as "
                "wrong and as late, and are not in its latency percentiles."
            )
            rates.append(Caveat("failed-requests", text, (each.system,)))
    return tuple(rates)
