"""The figures of each system, over all items or those of one domain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports import provenance
from reports.frames import Frames
from reports.itemtable import ItemTable
from reports.stats import Interval, accuracy_interval, ratio_intervals

SEED = 1
"""Of every bootstrap: the same records give the same figures."""

P95_MIN_REQUESTS = 90
"""The fewest requests after which a p95 means anything: 0.95^n falls below 1% (the early-stopping rule of MLPerf
LoadGen, which asks 44 for a p90 and 459 for a p99)."""

_COLUMNS = ("system", "output_tokens", "started_s", "finished_s", "energy_j", "energy_provenance")


@dataclass(frozen=True)
class Measures:
    """One system on some items."""

    system: str
    items: int
    """Distinct items, however often each was asked."""
    requests: int
    accuracy: Interval | None
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted: finished - started of each that was answered."""
    output_tokens: float | None
    """Mean per request, over those whose tokens could be counted."""
    unmetered: int
    """Requests without joules; left out of the energy figures."""
    j_per_request: Interval | None
    j_per_correct: Interval | None
    """None without joules, or where nothing metered was answered correctly."""
    provenance: str
    """Every provenance in the joules, joined; empty where there are none."""

    def latency_quantile_s(self, share: float) -> float | None:
        """Seconds within which so large a share of the requests ended, by linear interpolation."""
        return float(np.quantile(self.latency_s, share)) if len(self.latency_s) else None


def measures(frames: Frames, table: ItemTable, domain: str | None = None) -> dict[str, Measures]:
    """Each system's figures, in the order of `frames.systems`.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        domain: only the items of this one; None takes all.
    """
    items = frames.items[list(_COLUMNS)]
    items = items if domain is None else items[frames.items["domain"] == domain]
    chosen = table.of_domain(domain)
    rows = dict(list(items.groupby("system", observed=True)))
    per_request = ratio_intervals(chosen.energy_j, chosen.metered, seed=SEED)
    per_correct = ratio_intervals(chosen.energy_j, chosen.metered_correct, seed=SEED)
    return {
        name: _of_system(name, rows.get(name, items.iloc[:0]), chosen, per_request[column], per_correct[column])
        for column, name in enumerate(frames.systems)
    }


def _of_system(
    name: str, rows: pd.DataFrame, table: ItemTable, per_request: Interval | None, per_correct: Interval | None
) -> Measures:
    column = table.column(name)
    latency = np.sort((rows["finished_s"] - rows["started_s"]).to_numpy(dtype=np.float64))
    latency = latency[np.isfinite(latency)]
    tokens = rows["output_tokens"].to_numpy(dtype=np.float64)
    tokens = tokens[np.isfinite(tokens)]
    has_joules = rows["energy_j"].notna()
    return Measures(
        system=name,
        items=int((table.asked[:, column] > 0).sum()),
        requests=len(rows),
        accuracy=accuracy_interval(table.correct[:, column], table.asked[:, column]),
        latency_s=latency,
        output_tokens=float(tokens.mean()) if len(tokens) else None,
        unmetered=int((~has_joules).sum()),
        j_per_request=per_request,
        j_per_correct=per_correct,
        provenance=provenance.joined(rows.loc[has_joules, "energy_provenance"].unique().tolist()),
    )
