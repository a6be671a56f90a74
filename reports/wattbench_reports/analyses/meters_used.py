"""List how the joules of each component were measured, from the windows of a run and the meters in its header."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattbench.records.schema.header import MeterRecord
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.tables.run_tables import object_of_text


@dataclass(frozen=True)
class Origin:
    """One component, read in one way."""

    component: str
    provenance: str
    meter: MeterRecord
    windows: int
    """Windows with joules of it, of every purpose."""
    energy_j: float
    """Their joules together."""
    systems: tuple[str, ...]
    """Whose windows they are, in the order they first ran."""


@dataclass
class _Sum:
    windows: int = 0
    energy_j: float = 0.0
    systems: dict[str, None] = field(default_factory=dict)


def origins(analysis: Analysis) -> tuple[Origin, ...]:
    """List every component and provenance of the windows, in the order of the record; empty without joules.

    Raises:
        UserError: the table of windows is damaged.
    """
    frames = analysis.frames
    columns = frames.window_columns("energy_j", "provenance")
    sums: dict[tuple[str, str], _Sum] = {}
    for system, energy, provenance in zip(
        frames.windows["system"], columns["energy_j"], columns["provenance"], strict=True
    ):
        joules, how = (object_of_text(frames.run.layout.windows_table, text) for text in (energy, provenance))
        for component, energy_j in joules.items():
            totals = sums.setdefault((component, str(how.get(component, ""))), _Sum())
            totals.windows += 1
            totals.energy_j += float(energy_j)
            totals.systems[str(system)] = None
    meters = frames.record.meters
    return tuple(
        Origin(component, provenance, meters.get(component, MeterRecord()), totals.windows, totals.energy_j,
               tuple(name for name in frames.systems if name in totals.systems))
        for (component, provenance), totals in sums.items()
    )  # fmt: skip
