"""Judge the readings of power that a source holds, and divide the joules of valid windows among its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.importers.imported import Imported
from wattbench.importers.survey import Survey
from wattbench.importers.telemetry import judged
from wattbench.meters.windows.in_flight import shares
from wattbench.records import Purpose, WindowLabel, WindowRow
from wattbench.records.provenance import IMPORTED


@dataclass(frozen=True)
class Metered:
    """The windows of an import, one per metered system, and the share of each answer."""

    windows: tuple[WindowRow, ...]
    window_of_row: NDArray[np.int32]
    """Shape (answers,): places in `windows`; -1 without one."""
    share_of_row: NDArray[np.float64]
    """Shape (answers,): each answer's share of its window; NaN without a window, or without times."""

    def columns(self, rows: slice, stated_j: Any) -> dict[str, Any]:
        """Return the columns of window, joules and provenance of some answers, as Arrow arrays.

        Args:
            rows: of the answers.
            stated_j: the joules that the source states of each; they are kept where no window was read.
        """
        places, share = self.window_of_row[rows], self.share_of_row[rows]
        total_j = np.array([np.nan if (j := _valid_j(row)) is None else j for row in self.windows] + [np.nan])
        names = np.array([row.window for row in self.windows] + [""])
        labels = np.array([row.provenance_label if row.valid else "" for row in self.windows] + [""])
        inside = pa.array(places >= 0)
        joules = pa.array(total_j[places] * share, from_pandas=True)
        stated = pc.if_else(stated_j.is_valid(), IMPORTED, "")
        counted = pc.if_else(joules.is_valid(), pa.array(labels[places].tolist(), pa.string()), "")
        return {
            "window": pa.array(names[places].tolist(), pa.string()),
            "energy_j": pc.if_else(inside, joules, stated_j),
            "energy_provenance": pc.if_else(inside, counted, stated),
        }


def metered(imported: Imported, known: Survey, run: str) -> Metered | None:
    """Judge a window for each system whose power the source holds, from its first request to its last answer.

    Joules that the source states of single answers do not count in such a window: readings do.

    Returns:
        None if the source holds no readings.
    """
    if not imported.telemetry:
        return None
    started_s, finished_s = _times(imported)
    windows: list[WindowRow] = []
    window_of_row = np.full(len(started_s), -1, np.int32)
    share_of_row = np.full(len(started_s), np.nan)
    for name, telemetry in imported.telemetry.items():
        cells = [number for number, cell in enumerate(known.cells) if cell.system == name]
        of_system = np.isin(known.cell_of_row, cells)
        timed = of_system & np.isfinite(started_s) & np.isfinite(finished_s)
        if not timed.any():
            continue
        task = known.cells[cells[0]].task if len(cells) == 1 else None
        label = WindowLabel(window=f"w{len(windows):04d}", run=run, system=name, task=task, purpose=Purpose.MEASURED)
        first_s, last_s = float(started_s[timed].min()), float(finished_s[timed].max())
        row = judged(telemetry, label, first_s, last_s)
        window_of_row[of_system] = len(windows)
        share_of_row[timed] = shares(started_s[timed], finished_s[timed])
        windows.append(row)
    return Metered(tuple(windows), window_of_row, share_of_row)


def meter_details(imported: Imported) -> Mapping[str, dict[str, Any]]:
    """Map components to the meter that read each, for a run's header. The first system with a component counts."""
    details: dict[str, dict[str, Any]] = {}
    for telemetry in imported.telemetry.values():
        for component in telemetry.provenance:
            details.setdefault(
                component,
                {
                    "meter": telemetry.read_by,
                    "reads": telemetry.provenance[component],
                    "step_s": telemetry.step_s[component],
                },
            )
    return details


def _times(imported: Imported) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when each answer started and ended; NaN where the source does not say."""
    starts, ends = [], []
    for batch in imported.answers.batches(("started_s", "seconds")):
        started_s = batch.column("started_s").to_numpy(zero_copy_only=False)
        starts.append(started_s)
        ends.append(started_s + batch.column("seconds").to_numpy(zero_copy_only=False))
    return np.concatenate(starts), np.concatenate(ends)


def _valid_j(row: WindowRow) -> float | None:
    return row.total_j if row.valid else None
