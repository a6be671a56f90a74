"""How the joules of each component came about: what the windows of a run say, and its header of the meters."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.tables.header_record import MeterRecord
from wattbench_reports.tables.json_values import object_of_text


@dataclass(frozen=True)
class Origin:
    """One component, read in one way."""

    component: str
    provenance: str
    meter: str
    """Which meter reads it; empty where the record does not say. So `reads`."""
    reads: str
    """What the meter reads, in words."""
    step_s: float | None
    """How often its figure advances."""
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
    """Every component and provenance that some window has, in the order of the record; empty without joules.

    Raises:
        UserError: the table of windows is damaged.
    """
    frames = analysis.frames
    told = frames.window_columns("energy_j", "provenance")
    sums: dict[tuple[str, str], _Sum] = {}
    for system, energy, provenance in zip(frames.windows["system"], told["energy_j"], told["provenance"], strict=True):
        joules, how = (object_of_text(frames.run.layout.windows_table, text) for text in (energy, provenance))
        for component, energy_j in joules.items():
            own = sums.setdefault((component, str(how.get(component, ""))), _Sum())
            own.windows += 1
            own.energy_j += float(energy_j)
            own.systems[str(system)] = None
    meters = frames.record.meters
    return tuple(
        Origin(component, provenance, known.meter, known.reads, known.step_s, own.windows, own.energy_j,
               tuple(name for name in frames.systems if name in own.systems))
        for (component, provenance), own in sums.items()
        for known in [meters.get(component, MeterRecord())]
    )  # fmt: skip
