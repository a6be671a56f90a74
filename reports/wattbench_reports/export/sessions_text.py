"""Write what earlier sessions showed as plain text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, numbers
from wattbench_reports.presenter.text import as_text
from wattbench_reports.stats import session_variance
from wattbench_reports.tables.session_record import SessionRecord


def sessions_text(record: SessionRecord) -> str:
    """Return a row per system: the mean of its joules and seconds per request, and their spread between sessions."""
    heads = ("J per request", "spread", "s per request", "spread")
    rows = tuple(
        tuple(map(Cell, (name, *_cells(joules, "J"), *_cells(record.figures["seconds"].get(name, ()), "s"))))
        for name, joules in record.figures["energy_j"].items()
    )
    table = Table("", (Column("system"), *numbers(*heads)), rows)
    note = Passage(sentences=("spread: standard deviation between sessions, of the logarithm.",))
    lead = f"{record.suite}: {units.plural(record.sessions, 'session')}"
    return as_text(Section("sessions", "Sessions", "Sessions", lead, (Passage(tables=(table,)), note)))


def _cells(values: Sequence[float | None], unit: str) -> tuple[str, str]:
    known = np.array([value for value in values if value is not None and value > 0], dtype=np.float64)
    spread = session_variance(np.log(known))
    mean = units.quantity(float(known.mean()) if len(known) else None, unit)
    return mean, units.NONE if spread is None else units.percent(math.sqrt(spread.log_variance))
