"""Write what the clients took as a table, and put it into docs/methodology.md."""

from __future__ import annotations

from benchmarks.client_overhead.figures import Client, Figures
from benchmarks.written_tables import Place, table

PLACE = Place("overhead of clients", by="clients")
COLUMNS = (
    "client", "in flight", "overhead, median", "95th percentile", "processor time", "of wattbench's overhead",
    "of its processor time",
)  # fmt: skip


def text(figures: Figures) -> str:
    """Return the paragraph and the table as Markdown."""
    rounds = max(len(client.processor_s) for client in figures.clients)
    absent = f" Not installed: {', '.join(figures.absent)}." if figures.absent else ""
    lost = [
        f"{client.lost} of {client.requests + client.lost} that {client.tool} sent with {client.in_flight} in flight"
        for client in figures.clients
        if client.lost
    ]
    lacking = f" Not compared, as the tool did not record them: {', '.join(lost)}." if lost else ""
    return (
        f"Measured on {figures.date} on {figures.cores} cores, of which other work took {figures.other_work:.0%}: runs "
        f"of {figures.lengths[0]} and {figures.lengths[1]} requests for each in flight, {rounds} "
        f"time{'s' if rounds > 1 else ''} each. An answer has {figures.tokens} tokens, the first after "
        f"{1000 * figures.first_token_s:g} ms and the others {1000 * figures.token_s:g} ms apart.{absent}{lacking}\n\n"
        + table(COLUMNS, (_row(client, figures) for client in sorted(figures.clients, key=lambda each: each.in_flight)))
    )


def _row(client: Client, figures: Figures) -> list[str]:
    ours = figures.client("wattbench", client.in_flight)
    assert ours is not None
    return [
        f"{client.tool} {client.version}",
        str(client.in_flight),
        f"{1000 * client.overhead_median_s:.2f} ms",
        f"{1000 * client.overhead_p95_s:.2f} ms",
        f"{1000 * client.processor_median_s:.1f} ms",
        f"{client.overhead_median_s / ours.overhead_median_s:.1f}",
        f"{client.processor_median_s / ours.processor_median_s:.1f}",
    ]
