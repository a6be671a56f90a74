"""Name the systems whose client sent requests later than they were due.

A latency counts from when a request was sent. What it waited in a client that did not keep its rate is in no latency,
so that a rate which was never offered looks as if it was held.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wattbench.importers.imported import Imported
from wattbench.quantities import quantity

LATE_SHARE = 0.1
"""Of the mean latency: a mean delay that is longer is named."""

MOST_NAMED = 8


def late_clients(imported: Imported) -> str | None:
    """Return one sentence about all systems whose requests were sent late. None if there are no such systems.

    Delays are those that the source states, or those between due and sent of its answers.
    """
    late = {
        system: (delay_s, latency_s)
        for system, delay_s, latency_s in (*_stated(imported), *_of_answers(imported))
        if latency_s > 0 and delay_s > LATE_SHARE * latency_s
    }
    if not late:
        return None
    worst = sorted(late, key=lambda system: -late[system][0])
    listed = "; ".join(
        f"{system}: {quantity(late[system][0], 's')} late, answered in {quantity(late[system][1], 's')}"
        for system in worst[:MOST_NAMED]
    )
    more = f"; and {len(worst) - MOST_NAMED} more" if len(worst) > MOST_NAMED else ""
    return (
        "The client did not keep its rate: it sent requests later than they were due, and no latency counts that wait "
        f"(means: {listed}{more})"
    )


def _stated(imported: Imported) -> Iterator[tuple[str, float, float]]:
    """Yield systems with the mean delay and the mean latency that the source states."""
    means: dict[str, dict[str, float]] = {}
    for row in imported.summaries:
        if row.figure in ("schedule_delay", "latency") and row.statistic == "mean":
            means.setdefault(row.system, {})[row.figure] = row.value
    for system, known in means.items():
        if len(known) == 2:
            yield system, known["schedule_delay"], known["latency"]


def _of_answers(imported: Imported) -> Iterator[tuple[str, float, float]]:
    """Yield systems with the mean delay and the mean latency of their answers.

    Answers without one of both do not count.
    """
    sums: dict[str, list[float]] = {}
    for batch in imported.answers.batches(("system", "scheduled_s", "started_s", "seconds")):
        if batch.column("scheduled_s").null_count == batch.num_rows:
            continue
        due_s, started_s, seconds = (
            batch.column(name).to_numpy(zero_copy_only=False) for name in ("scheduled_s", "started_s", "seconds")
        )
        known = np.isfinite(started_s - due_s) & np.isfinite(seconds)
        systems = batch.column("system").dictionary_encode()
        for code, system in enumerate(systems.dictionary.to_pylist()):
            rows = known & (systems.indices.to_numpy() == code)
            total = sums.setdefault(system, [0.0, 0.0, 0.0])
            total[0] += float((started_s - due_s)[rows].sum())
            total[1] += float(seconds[rows].sum())
            total[2] += int(rows.sum())
    for system, (delay_s, latency_s, answers) in sums.items():
        if answers:
            yield system, delay_s / answers, latency_s / answers
