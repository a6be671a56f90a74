"""List what the measurements of a run rest on: blocks that were asked again, and the meters of each component."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from wattbench.records import BlockPlan, RunRecords, SpoiledBy, attempts_by_block
from wattbench.records.schema.header import MeterRecord
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.tables.run_tables import object_of_text


@dataclass(frozen=True)
class BlocksAsked:
    """The blocks of a run."""

    plan: BlockPlan | None
    """None: the record does not say how they were chosen."""
    blocks: int
    asked_again: Mapping[SpoiledBy | None, int]
    """Why blocks were asked again, to how many. None: requests of them had failed."""
    attempts: int
    """Of all blocks together."""
    reasons: tuple[tuple[str, int], ...]
    """Signal of other work, and how many of the attempts that were asked again it spoiled; commonest first."""
    still_contended: int
    """Blocks whose last attempt, the one that counts, was contended too."""


def blocks_asked(run: RunRecords) -> BlocksAsked | None:
    """Count the attempts of each block; None for a run without blocks."""
    rows = run.blocks()
    if not rows:
        return None
    attempts = attempts_by_block(rows)
    again = [row for each in attempts for row in each[:-1]]
    reasons = Counter(signal for row in again for signal in row.signals)
    return BlocksAsked(
        plan=run.block_plan(),
        blocks=len(attempts),
        asked_again=Counter(reason for _, reason in {(row.number, row.spoiled_by) for row in again}),
        attempts=len(rows),
        reasons=tuple(reasons.most_common()),
        still_contended=sum(bool(each[-1].signals) for each in attempts),
    )


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


def origins(measured: Measured) -> tuple[Origin, ...]:
    """List every component and provenance of the windows, in the order of the record; empty without joules.

    Raises:
        UserError: the table of windows is damaged.
    """
    frames = measured.frames
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
