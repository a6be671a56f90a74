"""Every window and its judgement: why the joules of this page may be believed, or not."""

from __future__ import annotations

import pandas as pd

from reports import units
from reports.compare import Analysis
from reports.panels.section import Passage, Section
from reports.panels.table import Cell, Column, Table, energy_badge


def validity_section(analysis: Analysis) -> Section:
    """All windows, the measured ones and those around them, with their reasons."""
    windows = analysis.frames.windows
    measured = windows[windows["purpose"] == "measured"]
    good = int(measured["valid"].sum())
    total = units.plural(len(measured), "measured window")
    summary = f"All {total} can be believed." if good == len(measured) else f"{good} of {total} can be believed."
    if measured.empty:
        summary = "No window was measured."
    table = Table(
        caption=f"Every window and its judgement ({len(windows)})",
        columns=(
            Column("Window"),
            Column("System"),
            Column("Task"),
            Column("Purpose"),
            Column("Length", numeric=True),
            Column("Energy", numeric=True),
            Column("Provenance"),
            Column("Samples", numeric=True),
            Column("Largest gap", numeric=True),
            Column("Passes", numeric=True),
            Column("Judgement"),
            Column("Reasons"),
        ),
        rows=tuple(_row(row) for _, row in windows.iterrows()),
        note="Passes: how often the items of the window were asked to fill it.",
    )
    lead = (
        f"{summary} A window that fails a check is marked, never dropped; a system with such a window is shown and not "
        "ranked by energy."
    )
    passage = Passage("", (), folded=(table,))
    return Section("validity", "Validity", "Can the joules be believed?", lead, (passage,))


def _row(row: pd.Series) -> tuple[Cell, ...]:
    reasons = () if row["reasons"] is None else row["reasons"]
    valid = bool(row["valid"])
    return (
        Cell(str(row["window"])),
        Cell(str(row["system"])),
        Cell(units.NONE if pd.isna(row["task"]) else str(row["task"])),
        Cell(str(row["purpose"])),
        Cell(units.quantity(float(row["finished_s"]) - float(row["started_s"]), "s")),
        Cell(units.quantity(float(row["total_j"]), "J")),
        energy_badge(str(row["provenance_label"])),
        Cell(units.count(row["samples"])),
        Cell(units.quantity(float(row["largest_gap_s"]), "s")),
        Cell(units.count(row["passes"])),
        Cell("valid" if valid else "NOT VALID", "badge" if valid else "badge-bad"),
        Cell("; ".join(str(reason) for reason in reasons)),
    )
