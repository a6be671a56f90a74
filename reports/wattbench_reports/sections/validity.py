"""Why the figures of this page may be believed, or not: every caveat, every provenance, every window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.analyses.meters_used import Origin, origins
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Passage, Section
from wattbench_reports.sections.table import Cell, Column, Table, energy_badge
from wattbench_reports.tables.provenance import MEANING

MOST_WINDOWS = 500
"""So many windows are on the page, those that are not valid before others; the record has all."""


def validity_section(analysis: Analysis) -> Section:
    """Caveats, provenances, and the windows with their reasons."""
    windows = analysis.frames.windows
    measured = windows[windows["purpose"] == "measured"]
    good = int(measured["valid"].sum())
    total = units.plural(len(measured), "measured window")
    summary = f"All {total} can be believed." if good == len(measured) else f"{good} of {total} can be believed."
    if measured.empty:
        summary = "No window was measured."
    lead = (
        f"{summary} A window that fails a check is marked, never dropped; a system with such a window is shown and not "
        "ranked by energy."
    )
    passages = (
        _caveats(analysis),
        _provenances(analysis, origins(analysis)),
        Passage("Windows", (), folded=(_windows(analysis),)),
    )
    return Section("validity", "Validity", "Can the figures be believed?", lead, passages)


def _caveats(analysis: Analysis) -> Passage:
    caveats = analysis.comparison.caveats
    if not caveats:
        return Passage("Caveats", ("There is none: no check of this run found anything that limits its figures.",))
    table = Table(
        caption=f"What limits the figures ({len(caveats)})",
        columns=(Column("Code"), Column("What it means"), Column("Concerns")),
        rows=tuple(
            (Cell(each.code), Cell(each.text), Cell(_named(analysis, each.systems) or "the run")) for each in caveats
        ),
        prose=True,
        note="Gravest first. Programs find them under caveats in wattbench compare --format json.",
    )
    return Passage("Caveats", (), (table,))


def _provenances(analysis: Analysis, found: Sequence[Origin]) -> Passage:
    if not found:
        return Passage("Where the joules come from", ("No window of this run has joules.",))
    labels = dict.fromkeys(each.provenance for each in found)
    sentences = tuple(f"{label}: {MEANING.get(label, 'not known to this version of wattbench')}." for label in labels)
    table = Table(
        caption="Each component and how its joules came about, over all windows",
        columns=(
            Column("Component"),
            Column("Provenance"),
            Column("Meter"),
            Column("Reads"),
            Column("Step", numeric=True),
            Column("Windows", numeric=True),
            Column("Joules", numeric=True),
            Column("Systems"),
        ),
        rows=tuple(_origin(analysis, each) for each in found),
        note=(
            "Step: how often the sensor's figure advances; a window that is not much longer is marked. A dash: not "
            "recorded. A component within another, such as a GPU behind a meter at the wall, is not added to it."
        ),
    )
    return Passage("Where the joules come from", sentences, (table,))


def _origin(analysis: Analysis, each: Origin) -> tuple[Cell, ...]:
    return (
        Cell(each.component),
        energy_badge(each.provenance),
        Cell(each.meter or units.NONE),
        Cell(each.reads or units.NONE),
        Cell(units.quantity(each.step_s, "s")),
        Cell(units.count(each.windows)),
        Cell(units.quantity(each.energy_j, "J")),
        Cell(_named(analysis, each.systems)),
    )


def _named(analysis: Analysis, systems: Sequence[str]) -> str:
    """Some systems by name; of a run with several, all of them in two words."""
    everyone = set(analysis.frames.systems) <= set(systems) and len(systems) > 1
    return "all systems" if everyone else ", ".join(systems)


def _windows(analysis: Analysis) -> Table:
    windows = analysis.frames.windows
    shown = _on_page(windows["valid"].to_numpy(dtype=bool))
    note = "Passes: how often the items of the window were asked to fill it."
    caption = f"Every window and its judgement ({len(windows)})"
    if len(shown) < len(windows):
        spoiled = int((~windows["valid"].astype(bool)).sum())
        caption = f"{len(shown):,} of {len(windows):,} windows, those that are not valid ({spoiled:,}) before others"
        note += f" All of them are in {analysis.frames.run.layout.windows_table.resolve()}."
    return Table(
        caption=caption,
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
        rows=tuple(_row(row) for _, row in windows.iloc[shown].iterrows()),
        note=note,
    )


def _on_page(valid: NDArray[np.bool_]) -> list[int]:
    """Places of the windows that are shown, in the order of the record: first come those that are not valid."""
    if len(valid) <= MOST_WINDOWS:
        return list(range(len(valid)))
    chosen = [*np.flatnonzero(~valid), *np.flatnonzero(valid)][:MOST_WINDOWS]
    return sorted(int(place) for place in chosen)


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
