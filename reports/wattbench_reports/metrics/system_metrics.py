"""Compute the metrics of each system, over all items or those of one domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import accuracies, by_block
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.tail_latency import TailLatency, tail_share
from wattbench_reports.stats import Interval, accuracy_interval
from wattbench_reports.stats.percentiles import needed, percentile
from wattbench_reports.stats.weighted_quantiles import Mixed, mixed
from wattbench_reports.tables import provenance
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.run_tables import Frames

__all__ = ["Measures", "measures"]

_COLUMNS = (
    "system",
    "domain",
    "task",
    "doc_id",
    "doc_hash",
    "started_s",
    "finished_s",
    "output_tokens",
    "energy_j",
    "energy_provenance",
    "own_cpu_s",
    "failed",
)


@dataclass(frozen=True)
class Measures:
    """One system on some items."""

    system: str
    items: int
    """Distinct items, however often each was asked."""
    requests: int
    accuracy: Interval | None
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted: finished - started of each that was answered and timed."""
    output_tokens: float | None
    """Mean per request, over those whose tokens could be counted."""
    unmetered: int
    """Requests without joules; left out of the energy figures."""
    j_per_request: Interval | None
    j_per_correct: Interval | None
    """None without joules or scores, or where nothing metered was answered correctly."""
    provenance: str
    """Every provenance in the joules, joined; empty where there are none."""
    mixed: Mixed | None = None
    """Seconds under the mix of domains, where one is given."""
    own_cpu_s: float | None = None
    """Mean CPU seconds of the run's own processes per request; None where they were not recorded of every request."""
    failed: int = 0
    """Requests that failed: not correct, and without a latency."""

    def latency_percentile_s(self, share: float) -> float | None:
        """Return the seconds within which this share of the requests ended; None from too few requests.

        By linear interpolation; under a mix, with the domains weighted as the mix has them.
        """
        if len(self.latency_s) < needed(share):
            return None
        return percentile(self.latency_s, share) if self.mixed is None else self.mixed.quantile_s(share)

    @property
    def tail(self) -> TailLatency | None:
        """The highest percentile of its latency that its requests support: `wattbench_reports.metrics.tail_latency`."""
        share = tail_share(len(self.latency_s))
        seconds = None if share is None else self.latency_percentile_s(share)
        return None if share is None or seconds is None else TailLatency(share, seconds, len(self.latency_s))


def measures(
    frames: Frames, table: ItemTable, basis: Basis, domain: str | None = None, shares: Shares | None = None
) -> dict[str, Measures]:
    """Compute each system's metrics, in the order of `frames.systems`.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        basis: of that table.
        domain: only the items of this one; None takes all.
        shares: over all domains, the mix to state the figures for; None: every item counts the same.
    """
    items = frames.items[list(_COLUMNS)]
    items = items if domain is None else items[frames.items["domain"] == domain]
    chosen = table.of_domain(domain)
    rows = dict(list(items.groupby("system", observed=True)))
    weights = shares if domain is None else np.array([float(name == domain) for name in basis.domains])
    per_request = intervals(basis, {"energy_j": 1.0}, weights, per_correct=False)
    per_correct = intervals(basis, {"energy_j": 1.0}, weights, per_correct=True)
    weighed = accuracies(basis, shares) if domain is None and shares is not None else None
    by_item = [
        accuracy_interval(chosen.correct[:, each], chosen.trials[:, each]) for each in range(len(frames.systems))
    ]
    mix = None if weighed is None or shares is None else dict(zip(basis.domains, shares.tolist(), strict=True))
    accuracy = weighed or by_block(basis, weights, by_item)
    return {
        name: _of_system(
            name,
            rows.get(name, items.iloc[:0]),
            chosen,
            accuracy[column],
            per_request[column],
            per_correct[column],
            mix,
        )
        for column, name in enumerate(frames.systems)
    }


def _of_system(
    name: str,
    rows: pd.DataFrame,
    table: ItemTable,
    accuracy: Interval | None,
    per_request: Interval | None,
    per_correct: Interval | None,
    mix: Mapping[str, float] | None,
) -> Measures:
    column = table.column(name)
    seconds = (rows["finished_s"] - rows["started_s"]).to_numpy(dtype=np.float64)
    latency = np.sort(seconds[np.isfinite(seconds)])
    tokens = rows["output_tokens"].to_numpy(dtype=np.float64)
    known = np.isfinite(tokens)
    has_joules = rows["energy_j"].notna()
    return Measures(
        system=name,
        # What nobody scored is not in the table's sums.
        items=int((table.trials[:, column] > 0).sum()) or len(rows[["task", "doc_id", "doc_hash"]].drop_duplicates()),
        requests=len(rows),
        accuracy=accuracy,
        latency_s=latency,
        output_tokens=_mean(tokens[known], rows["domain"][known], mix) if known.any() else None,
        unmetered=int((~has_joules).sum()),
        j_per_request=per_request,
        j_per_correct=per_correct,
        provenance=provenance.joined(rows.loc[has_joules, "energy_provenance"].unique().tolist()),
        mixed=None if mix is None else mixed(seconds, rows["domain"], mix),
        own_cpu_s=_mean(rows["own_cpu_s"].to_numpy(dtype=np.float64), rows["domain"], mix)
        if len(rows) and rows["own_cpu_s"].notna().all()
        else None,
        failed=int(rows["failed"].sum()),
    )


def _mean(values: NDArray[np.float64], domains: pd.Series, mix: Mapping[str, float] | None) -> float:
    if mix is None:
        return float(values.mean())
    of_system = pd.Series(values).groupby(domains.to_numpy(), observed=True).mean()
    weights = np.array([mix.get(str(name), 0.0) for name in of_system.index])
    return float(weights @ of_system.to_numpy() / weights.sum()) if weights.sum() > 0 else float(values.mean())
