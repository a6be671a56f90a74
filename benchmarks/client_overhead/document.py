"""Write what the clients took as a table of docs/data."""

from __future__ import annotations

from benchmarks.client_overhead.figures import Client, Figures
from benchmarks.written_tables import Table

COLUMNS = (
    "client", "in flight", "overhead median, ms", "overhead 95th percentile, ms", "processor time, ms",
    "over wattbench's overhead", "over wattbench's processor time",
)  # fmt: skip


def table(figures: Figures) -> Table:
    """Return the table."""
    rounds = max(len(client.processor_s) for client in figures.clients)
    absent = f" Not installed: {', '.join(figures.absent)}." if figures.absent else ""
    lost = [
        f"{client.lost} of {client.requests + client.lost} that {client.tool} sent with {client.in_flight} in flight"
        for client in figures.clients
        if client.lost
    ]
    lacking = f" Not compared, as the tool did not record them: {', '.join(lost)}." if lost else ""
    made = (
        f"Made by tox -e clients on {figures.date} on {figures.cores} cores, of which other work took "
        f"{figures.other_work:.0%}: runs of {figures.lengths[0]} and {figures.lengths[1]} requests for each in flight, "
        f"{rounds} time{'s' if rounds > 1 else ''} each. An answer has {figures.tokens} tokens, the first after "
        f"{1000 * figures.first_token_s:g} ms and the others {1000 * figures.token_s:g} ms apart.{absent}{lacking}"
    )
    rows = [_row(client, figures) for client in sorted(figures.clients, key=lambda each: each.in_flight)]
    return Table("clients", made, COLUMNS, tuple(rows))


def _row(client: Client, figures: Figures) -> tuple[str, ...]:
    ours = figures.client("wattbench", client.in_flight)
    assert ours is not None
    return (
        f"{client.tool} {client.version}",
        str(client.in_flight),
        f"{1000 * client.overhead_median_s:.2f}",
        f"{1000 * client.overhead_p95_s:.2f}",
        f"{1000 * client.processor_median_s:.1f}",
        f"{client.overhead_median_s / ours.overhead_median_s:.1f}",
        f"{client.processor_median_s / ours.processor_median_s:.1f}",
    )
