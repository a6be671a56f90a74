"""A run under load: a table per request rate, and the energy-latency curve over all rates."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.records import TRACE_ARRIVALS
from wattbench.records.rate_bounds import Held
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.figures import LoadCurve, LoadPoint, energy_latency
from wattbench_reports.formatting import units
from wattbench_reports.metrics.arrival_rates import PERCENTILES, AtRate, LoadFigures, LoadReport, rate_title
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.sections.trace_arrivals import client_tables, trace_passages
from wattbench_reports.wording import arrival_rates as words

_LEAD = (
    "Requests arrived at random times, whether or not earlier ones were answered: the open-loop Server scenario of "
    "MLPerf LoadGen. Systems are compared only at the same rate, and only if they are shown to "
    "sustain it in the long run."
)
_TRACE_LEAD = (
    "Requests arrived as in a trace of real ones, by a schedule of wattbench's own: MLPerf LoadGen neither times nor "
    "judges them. Systems are compared only under the same arrivals, and only if they are "
    "shown to sustain them in the long run."
)
_TOKENS = ("Output tokens per s", "In flight")
_BADGES = {Held.LONG_RUN: "badge", Held.NO: "badge-bad"}
_LABELS = {0.5: "p50", 0.9: "p90", 0.99: "p99", 0.999: "p99.9"}


def load_section(measured: Measured) -> Section | None:
    """Make a passage over all rates and one per rate; None where the run was not under load."""
    report = measured.load
    if report is None:
        return None
    places = {name: index for index, name in enumerate(measured.frames.systems)}
    passages = (
        Passage("", (words.explained(report), *_held(report)), (), _drawing(report, places)),
        *trace_passages(report, places),
        *(_passage(at, places) for at in report.rates),
    )
    return Section(
        "load",
        "Load",
        "Sustained request rates",
        _TRACE_LEAD if report.compared.arrivals == TRACE_ARRIVALS else _LEAD,
        passages,
        line="which request rates each system sustains, and what they cost",
    )


def _held(report: LoadReport) -> list[str]:
    sentences = []
    for name in dict.fromkeys(each.system for at in report.rates for each in at.systems):
        figures = [(at, each.state) for at in report.rates for each in at.systems if each.system == name]
        parts = [
            f"{_rates(report, held)} {state}"
            for state in (Held.LONG_RUN, Held.HERE)
            if (held := [at for at, each in figures if each is state])
        ]
        offered = units.plural(len(report.rates), "offered rate")
        unknown = [at for at, each in figures if each is Held.NOT_KNOWN]
        late = f"; of {_rates(report, unknown)} it is not known, as the client was late" if unknown else ""
        sentences.append(f"{name} sustains {units.listed(parts) if parts else 'none'}, of {offered}{late}.")
    return sentences


def _rates(report: LoadReport, held: Sequence[AtRate]) -> str:
    if report.compared.arrivals == TRACE_ARRIVALS:
        return units.named([rate_title(at) for at in held])
    return units.named([f"{at.offered_per_s:g}" for at in held]) + " per second"


def _drawing(report: LoadReport, places: dict[str, int]) -> Figure | None:
    everyone = [each for at in report.rates for each in at.systems if each.j_per_request is not None]
    share = 0.9 if all(each.latency_s[0.9] is not None for each in everyone) else 0.5
    curves = []
    for name in dict.fromkeys(each.system for each in everyone):
        points = [
            LoadPoint(each.offered_per_s, latency_s, each.j_per_request.estimate, each.held)
            for each in everyone
            if each.system == name and (latency_s := each.latency_s[share]) is not None and each.j_per_request
        ]
        if points:
            curves.append(LoadCurve(name, places[name], points))
    if not curves:
        return None
    return Figure(
        energy_latency(curves, _LABELS[share]),
        "Figure: joules per request against latency, by rate",
        f"Joules per request (all joules of a rate divided by its answered requests) against {_LABELS[share]} "
        "latency, one point per rate, with the rate next to it. Better is down and to the left. Hollow: not "
        "shown to be sustained in the long run; where its queue grew until arrivals ended, the latency depends on the "
        "number of requests.",
    )


def _passage(at: AtRate, places: dict[str, int]) -> Passage:
    remarks = tuple(f"{each.system}: {remark}." for each in at.systems for remark in each.remarks)
    return Passage(
        words.heading(at),
        (*words.lacking(at), *remarks),
        (_table(at, places), *_long_run(at, places)),
        None,
        (_percentiles(at, places), *client_tables(at, places)),
    )


def _table(at: AtRate, places: dict[str, int]) -> Table:
    return Table(
        caption=f"All systems {words.title(at)}",
        columns=(
            Column("System"),
            Column("Sustained"),
            *numbers("Served per s", "On time", "Goodput per s"),
            *(Column(name, numeric=True) for name in (_TOKENS if words.has_token_throughput(at) else ())),
            *numbers("Latency p50", "Latency p90", "Joules per request", "Joules per correct answer", "Accuracy"),
            *((Column("CPU per request", numeric=True),) if words.has_own_cpu(at) else ()),
            Column("Provenance"),
        ),
        rows=tuple(
            (
                Cell(each.system, series=places[each.system], detail=each.kind),
                Cell(words.SUSTAINED[each.state], _BADGES.get(each.state, "")),
                Cell(units.digits(each.served_per_s)),
                Cell(units.percent(each.in_time)),
                Cell(units.digits(each.goodput_per_s)),
                *(map(Cell, words.token_throughput(each)) if words.has_token_throughput(at) else ()),
                Cell(words.seconds(each, "latency_s", 0.5)),
                Cell(words.seconds(each, "latency_s", 0.9)),
                Cell(units.quantity_interval(each.j_per_request, "J")),
                Cell(words.j_per_correct(each)),
                Cell(units.percent_interval(each.accuracy)),
                *((Cell(units.quantity(each.own_cpu_s_per_request, "s")),) if words.has_own_cpu(at) else ()),
                energy_badge(each.provenance),
            )
            for each in at.systems
        ),
        note=(
            "Served: answered requests divided by the time until the last one finished. Goodput: the same for "
            "requests on time. Output tokens per s: those of the answered requests over the same time. In flight: mean "
            "number of requests, from when each was due."
        ),
    )


def _long_run(at: AtRate, places: dict[str, int]) -> tuple[Table, ...]:
    """Make the table of bounds behind "in the long run"; empty where no system has any."""
    known = [each for each in at.systems if each.in_time_low is not None]
    if not known:
        return ()
    return (
        Table(
            caption=f"In the long run {words.title(at)}",
            columns=(
                Column("System"),
                Column("Sustained"),
                *numbers("On time, at least", "Effective requests", "Backlog grows, p", "Transient, requests"),
            ),
            rows=tuple(
                (
                    Cell(each.system, series=places[each.system]),
                    Cell(words.SUSTAINED[each.state]),
                    Cell(units.percent(each.in_time_low)),
                    Cell(units.count(each.effective_requests)),
                    Cell("–" if each.backlog_growth_p is None else f"{each.backlog_growth_p:.3f}"),
                    Cell(units.count(each.transient_requests)),
                )
                for each in known
            ),
        ),
    )


def _percentiles(at: AtRate, places: dict[str, int]) -> Table:
    figures = (
        ("latency_s", "latency"),
        ("ttft_s", "time to first token (TTFT)"),
        ("tpot_s", ("time per output token (TPOT)")),
    )
    return Table(
        caption=f"Percentiles {words.title(at)}",
        columns=(
            Column("System"),
            Column("Metric"),
            *(Column(_LABELS[share], numeric=True) for share in PERCENTILES),
            Column("Requests", numeric=True),
        ),
        rows=tuple(_percentile_row(each, places, name, label) for each in at.systems for name, label in figures),
        note="A dash: too few requests, rate not sustained as seen, or not reported by the engine.",
    )


def _percentile_row(each: LoadFigures, places: dict[str, int], name: str, label: str) -> tuple[Cell, ...]:
    return (
        Cell(each.system, series=places[each.system]),
        Cell(label),
        *(Cell(words.seconds(each, name, share)) for share in PERCENTILES),
        Cell(units.count(each.queries)),
    )
