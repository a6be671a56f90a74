"""A run under load: a trace next to Poisson arrivals at the same mean rate, and how punctual the client was."""

from __future__ import annotations

from wattbench.records import TRACE_ARRIVALS
from wattbench_reports.formatting import units
from wattbench_reports.metrics.arrival_rates import AtRate, LoadReport
from wattbench_reports.metrics.trace_bursts import bursts
from wattbench_reports.presenter.model import Cell, Column, Passage, Table, numbers
from wattbench_reports.wording import trace_bursts as words
from wattbench_reports.wording.arrival_rates import title

_TEXTS = ("system", "arrivals", "sustained")


def trace_passages(report: LoadReport, places: dict[str, int]) -> tuple[Passage, ...]:
    """Make the passages on a trace and the cost of its bursts; empty for a run without a trace."""
    about = tuple(words.trace_lines(report.compared))
    compared = bursts(report)
    if compared is None:
        return (Passage("", about),) if about else ()
    head, rows = words.table(compared)
    table = Table(
        caption=words.TITLE,
        columns=tuple(Column(_label(name), numeric=name not in _TEXTS) for name in head),
        rows=tuple((Cell(row[0], series=places[row[0]]), *map(Cell, row[1:])) for row in rows),
        note="A dash: too few requests, not sustained, not recorded, or not simulated.",
    )
    return (Passage(words.TITLE, (*about, *words.sentences(compared)), (table,)),)


def _label(name: str) -> str:
    """Return the heading of a column; a bare percentile is headed as one of latency."""
    return f"Latency {name}" if name[0] == "p" and name[1:].isdigit() else units.capital(name)


def client_tables(at: AtRate, places: dict[str, int]) -> tuple[Table, ...]:
    """Make the table on how punctual the client was; empty for older records."""
    known = [each for each in at.systems if each.client_punctual is not None]
    if not known:
        return ()
    turns = at.trace.get("sessions") is not None and at.arrivals == TRACE_ARRIVALS
    return (
        Table(
            caption=f"The client's own lag {title(at)}",
            columns=(
                Column("System"),
                *numbers("Sent within 5 ms", "Lag p50", "Lag p99", "Largest lag", "Wait for a slot p50", "p99"),
                *((Column("Wait for answers p50", numeric=True), Column("p99", numeric=True)) if turns else ()),
                *numbers("Queue peak", "Most in flight"),
            ),
            rows=tuple(
                (
                    Cell(each.system, series=places[each.system]),
                    Cell(units.percent(each.client_punctual)),
                    Cell(units.quantity(each.client_lag_p50_s, "s")),
                    Cell(units.quantity(each.client_lag_p99_s, "s")),
                    Cell(units.quantity(each.client_lag_largest_s, "s")),
                    Cell(units.quantity(each.slot_wait_p50_s, "s")),
                    Cell(units.quantity(each.slot_wait_p99_s, "s")),
                    *(
                        Cell(units.quantity(wait_s, "s"))
                        for wait_s in ((each.answer_wait_p50_s, each.answer_wait_p99_s) if turns else ())
                    ),
                    Cell(units.count(each.queue_peak)),
                    Cell(units.count(each.in_flight_peak)),
                )
                for each in known
            ),
            note=(
                "From when a request could have been sent (it was due, the answers before it had come, and a slot was "
                "free) to when it was: lag of the client, not of the system. No wait for a slot or an answer is in it."
            ),
        ),
    )
