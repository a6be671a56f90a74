"""Take the earlier nights of a history as sessions: how much figures differ between two nights of one system."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wattbench_reports.gate.metrics import JOULES_PER_REQUEST, LATENCY_P50
from wattbench_reports.history.model import History, Night
from wattbench_reports.tables.session_record import MOST, QUANTILES, SessionRecord


def night_sessions(history: History, judged: Night) -> SessionRecord | None:
    """Return the nights before the judged one, each as a session, as far as they were made under its conditions.

    A figure of other items, of another machine or read by another meter is left out of its night.

    Returns:
        None where the judged night has no figure.
    """
    values = history.values[history.values["domain"] == ""]
    here = values[values["run"] == judged.run].set_index(["system", "metric"])["conditions"]
    nights = [night.run for night in history.series_nights() if night.date < judged.date][-MOST:]
    if here.empty or not nights:
        return None
    alike = values.merge(here.rename("wanted"), on=["system", "metric"])
    alike = alike[alike["conditions"] == alike["wanted"]]

    def column(metric: str) -> Mapping[str, tuple[float | None, ...]]:
        table = alike[alike["metric"] == metric].pivot_table(index="run", columns="system", values="value")
        table = table.reindex(nights)
        return {str(name): tuple(None if np.isnan(value) else float(value) for value in table[name]) for name in table}

    return SessionRecord(
        suite=judged.suite,
        suite_sha256="",
        machine={},
        created_utc="",
        runs=tuple(nights),
        j_per_request=column(JOULES_PER_REQUEST),
        seconds_per_request=column(LATENCY_P50),
        figures={name: column(name) for name in QUANTILES},
        source=str(history.root),
    )
