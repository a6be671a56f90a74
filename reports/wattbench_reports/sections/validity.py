"""Validity of the measurements: every caveat, every provenance, every window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import SpoiledBy
from wattbench.records.rows.windows import signal_in_words
from wattbench_reports.analyses.validity import Origin, blocks_asked, origins
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.data_support import data_support
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, energy_badge, numbers, text_rows
from wattbench_reports.tables.provenance import MEANING
from wattbench_reports.wording import data_support as wording
from wattbench_reports.wording import input_check

MOST_WINDOWS = 500
"""How many windows the page shows, those not valid first; the record has all."""


def validity_section(measured: Measured, comparison: Comparison) -> Section:
    """Make the section: caveats, provenances, and the windows with their reasons."""
    windows = measured.frames.windows
    counted = windows[windows["purpose"] == "measured"]
    good = int(counted["valid"].sum())
    total = units.plural(len(counted), "measured window")
    summary = f"All {total} are valid." if good == len(counted) else f"{good} of {total} are valid."
    if counted.empty:
        summary = "No window was measured."
    if not measured.frames.record.suite.measure.energy:
        summary = "Joules are not metered (energy: off)."
    lead = (
        f"{summary} A window that fails a check is marked, never dropped; a system with such a window is shown but "
        "not ranked by energy."
    )
    passages = (
        _caveats(measured, comparison),
        *_data(measured, comparison),
        *_blocks(measured),
        _provenances(measured, origins(measured)),
        Passage("Windows", (), folded=(_windows(measured),)),
    )
    return Section("validity", "Validity", "Are the measurements valid?", lead, passages)


def _data(measured: Measured, comparison: Comparison) -> tuple[Passage, ...]:
    """Make the table of checks of the data, and of what the data can support."""
    check, support = comparison.data, data_support(comparison, [measured.frames.record])
    if check is None or support is None:
        return ()
    head, rows = input_check.table(check)
    table = Table(
        caption="By system",
        columns=tuple(Column(name.capitalize(), numeric=name in input_check.NUMERIC) for name in head),
        rows=text_rows(rows),
        note=input_check.meaning(check),
    )
    said = wording.passage(support, wording.RECORDED)  # the page's controls set prices and the grid
    return (Passage(input_check.TITLE, said.sentences, (table, *said.tables)),)


def _caveats(measured: Measured, comparison: Comparison) -> Passage:
    caveats = comparison.caveats
    if not caveats:
        return Passage("Caveats", ("None: no check of this run found a limitation.",))
    table = Table(
        caption=f"Limitations ({len(caveats)})",
        columns=(Column("Code"), Column("Meaning"), Column("Affects")),
        rows=tuple(
            (Cell(each.code), Cell(each.text), Cell(_named(measured, each.systems) or "the run")) for each in caveats
        ),
        prose=True,
        note="Most serious first. Programs find them under caveats in wattbench runs compare --format json.",
    )
    return Passage("Caveats", (), (table,))


_ASKED_AGAIN: Mapping[SpoiledBy | None, str] = {
    "other work": "the machine was busy ({})",
    "interruption": "the run was interrupted meanwhile, and joules would not be valid",
    None: "requests had failed",
}


def _blocks(measured: Measured) -> tuple[Passage, ...]:
    """Describe the blocks of the run, and why some of them were asked again."""
    layout = blocks_asked(measured.frames.run)
    if layout is None:
        if measured.frames.record.imported is not None or measured.load is not None:
            return ()
        return (Passage("Blocks", ("One block: what changes on the machine over time is in no interval.",)),)
    sentences = [f"{units.plural(layout.blocks, 'block')}: in each, all systems were asked the same items."]
    if layout.plan is not None and layout.plan.why:
        sentences.append(f"Chosen by {layout.plan.chosen_by}: {layout.plan.why.rstrip('.')}.")
    for reason, because in _ASKED_AGAIN.items():
        if count := layout.asked_again.get(reason):
            signals = units.listed(
                [f"{signal_in_words(name)}{f' ({times}×)' if times > 1 else ''}" for name, times in layout.reasons]
            )
            verb = "was" if count == 1 else "were"
            sentences.append(f"{units.plural(count, 'block')} {verb} asked again, because {because.format(signals)}.")
    if layout.asked_again:
        sentences.append(f"Of {layout.attempts} attempts the last of each block counts.")
    else:
        sentences.append("No block had to be asked again.")
    if layout.still_contended:
        left = units.plural(layout.still_contended, "block")
        sentences.append(f"The machine was busy during the attempt that counts of {left}: its windows are marked.")
    return (Passage("Blocks", tuple(sentences)),)


def _provenances(measured: Measured, by_component: Sequence[Origin]) -> Passage:
    if not by_component:
        return Passage("Where the joules come from", ("No window of this run has joules.",))
    labels = dict.fromkeys(each.provenance for each in by_component)
    sentences = tuple(f"{label}: {MEANING.get(label, 'not known to this version of wattbench')}." for label in labels)
    table = Table(
        caption="Provenance of the joules of each component, over all windows",
        columns=(
            Column("Component"),
            Column("Provenance"),
            Column("Meter"),
            Column("Reads"),
            *numbers("Step", "Windows", "Joules"),
            Column("Systems"),
        ),
        rows=tuple(_origin(measured, each) for each in by_component),
        note=(
            "Step: the update interval of the sensor; a window that is not much longer is marked. A dash: not "
            "recorded. A component inside another, such as a GPU behind a meter at the wall, is not added to it."
        ),
    )
    return Passage("Where the joules come from", sentences, (table,))


def _origin(measured: Measured, each: Origin) -> tuple[Cell, ...]:
    return (
        Cell(each.component),
        energy_badge(each.provenance),
        Cell(each.meter.meter or units.NONE),
        Cell(each.meter.reads or units.NONE),
        Cell(units.quantity(each.meter.step_s, "s")),
        Cell(units.count(each.windows)),
        Cell(units.quantity(each.energy_j, "J")),
        Cell(_named(measured, each.systems)),
    )


def _named(measured: Measured, systems: Sequence[str]) -> str:
    """Name systems, or write ``all systems`` for all of a run with several."""
    everyone = set(measured.frames.systems) <= set(systems) and len(systems) > 1
    return "all systems" if everyone else ", ".join(systems)


def _windows(measured: Measured) -> Table:
    windows = measured.frames.windows
    shown = shown_windows(windows["valid"].to_numpy(dtype=bool), MOST_WINDOWS)
    blocks, cpu = bool(windows["block"].notna().any()), bool(windows["own_cpu_s"].notna().any())
    metered = measured.frames.record.suite.measure.energy
    note = "Passes: how many times the items of the window were asked to make it long enough."
    caption = f"All windows ({len(windows)})"
    if len(shown) < len(windows):
        invalid = int((~windows["valid"].astype(bool)).sum())
        caption = f"{len(shown):,} of {len(windows):,} windows, those not valid ({invalid:,}) first"
        note += f" All windows are in {measured.frames.run.layout.windows_table.resolve()}."
    return Table(
        caption=caption,
        columns=(
            Column("Window"),
            Column("System"),
            Column("Task"),
            *((Column("Block", numeric=True),) if blocks else ()),
            Column("Purpose"),
            *numbers("Duration", "Energy"),
            Column("Provenance"),
            *numbers("Samples", "Largest gap", "Passes"),
            *((Column("Own CPU", numeric=True),) if cpu else ()),
            Column("Validity"),
            Column("Reasons"),
        ),
        rows=tuple(_row(row, metered, blocks=blocks, cpu=cpu) for _, row in windows.iloc[shown].iterrows()),
        note=note,
    )


def shown_windows(valid: NDArray[np.bool_], most: int) -> list[int]:
    """Select windows to show, those not valid first; return their indices in ascending order.

    Args:
        valid: shape (windows,).
        most: the number to show. Valid windows fill the remaining room, evenly spaced.
    """
    if len(valid) <= most:
        return list(range(len(valid)))
    invalid, others = np.flatnonzero(~valid)[:most], np.flatnonzero(valid)
    even = np.linspace(0, len(others) - 1, most - len(invalid)).round().astype(np.int64)
    return sorted(int(index) for index in (*invalid, *others[even]))


def _row(row: pd.Series, metered: bool, *, blocks: bool, cpu: bool) -> tuple[Cell, ...]:
    reasons = () if row["reasons"] is None else row["reasons"]
    valid, contended = bool(row["valid"]), row["contended"] == 1
    block = units.NONE if pd.isna(row["block"]) else f"{int(row['block']) + 1}"
    if row["attempt"] > 0:
        block += f", attempt {int(row['attempt']) + 1}"
    return (
        Cell(str(row["window"])),
        Cell(str(row["system"])),
        Cell(units.NONE if pd.isna(row["task"]) else str(row["task"])),
        *((Cell(block),) if blocks else ()),
        Cell(str(row["purpose"])),
        Cell(units.quantity(float(row["finished_s"]) - float(row["started_s"]), "s")),
        Cell(units.quantity(float(row["total_j"]), "J")),
        energy_badge(str(row["provenance_label"])),
        Cell(units.count(row["samples"])),
        Cell(units.quantity(float(row["largest_gap_s"]), "s")),
        Cell(units.count(row["passes"])),
        *((Cell(units.quantity(float(row["own_cpu_s"]), "s")),) if cpu else ()),
        _validity(valid=valid, contended=contended) if metered else Cell("not metered", "badge"),
        Cell("; ".join(str(reason) for reason in reasons)),
    )


def _validity(*, valid: bool, contended: bool) -> Cell:
    if not valid:
        return Cell("NOT VALID", "badge-bad")
    return Cell("valid, busy machine", "badge-warn") if contended else Cell("valid", "badge")
