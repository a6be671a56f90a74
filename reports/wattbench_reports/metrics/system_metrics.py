"""Compute the metrics of each system, over all items or those of one domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.latencies import Clusters, Latencies, Mix
from wattbench_reports.metrics.mix_weighting import accuracies, by_block
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.tail_latency import TailLatency, tail_share
from wattbench_reports.stats import Interval, accuracy_interval
from wattbench_reports.stats.quantile_intervals import Sample
from wattbench_reports.tables import provenance
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.item_rows import Rows, as_slice
from wattbench_reports.tables.run_tables import Frames

__all__ = ["Measures", "measures"]

WAITING = ("load", "throughput")
"""Scenarios in which requests wait for each other, and are alike in how long they take."""

BATCHES = 20
"""Stretches of time by which their latencies are clustered: batch means, with batches much longer than a queue is busy
(A. M. Law, "Simulation Modeling and Analysis" (2015), section 9.5.3)."""


@dataclass(frozen=True)
class Measures:
    """One system on some items."""

    system: str
    items: int
    """Distinct items, however often each was asked."""
    requests: int
    accuracy: Interval | None
    latency_s: Latencies
    """Finished - started of each that was answered and timed."""
    output_tokens: float | None
    """Mean per request, over those whose tokens could be counted."""
    unmetered: int
    """Requests without joules; left out of the energy figures."""
    j_per_request: Interval | None
    j_per_correct: Interval | None
    """None without joules or scores, or where nothing metered was answered correctly."""
    provenance: str
    """Every provenance in the joules, joined; empty where there are none."""
    mixed_s: Latencies | None = None
    """The same under the mix of domains, where one is given."""
    own_cpu_s: float | None = None
    """Mean CPU seconds of the run's own processes per request; None where they were not recorded of every request."""
    failed: int = 0
    """Requests that failed: not correct, and without a latency."""

    @property
    def _latencies(self) -> Latencies:
        return self.latency_s if self.mixed_s is None else self.mixed_s

    def latency_percentile_s(self, share: float) -> float | None:
        """Return the least seconds within which this share of the requests ended; None from too few requests.

        Under a mix, with the domains weighted as the mix has them.
        """
        return self._latencies.percentile_s(share)

    def latency_interval(self, share: float) -> Interval | None:
        """Return a percentile of latency with its bounds, of 95% confidence."""
        return self._latencies.interval_s(share)

    def latency_sample(self) -> Sample:
        """Return the seconds of all requests, to be compared with those of another system."""
        return self._latencies.sample()

    @property
    def tail(self) -> TailLatency | None:
        """Return the highest percentile of its latency that its requests support:
        `wattbench_reports.metrics.tail_latency`."""
        share = tail_share(len(self.latency_s))
        seconds = None if share is None else self.latency_percentile_s(share)
        return None if share is None or seconds is None else TailLatency(share, seconds, len(self.latency_s))


def measures(
    frames: Frames,
    table: ItemTable,
    basis: Basis,
    domain: str | None = None,
    shares: Shares | None = None,
    overall: ItemTable | None = None,
) -> dict[str, Measures]:
    """Compute each system's metrics, in the order of `frames.systems`.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        basis: of that table.
        domain: only the items of this one; None takes all.
        shares: over all domains, the mix to state the figures for; None: every item counts the same.
        overall: in place of `table` over all domains, where its rows are pools of items; None: the same.
    """
    chosen = table.of_domain(domain) if domain is not None or overall is None else overall
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
            frames,
            _rows(frames, name, domain),
            _clusters(frames, table, name, domain),
            chosen,
            accuracy[column],
            per_request[column],
            per_correct[column],
            mix,
        )
        for column, name in enumerate(frames.systems)
    }


def _rows(frames: Frames, system: str, domain: str | None) -> Rows:
    """Return the rows of the answers of a system, or of those in a domain."""
    rows = frames.answers_of(system)
    if domain is None:
        return rows
    code = frames.categories("domain").index(domain)
    return as_slice(frames.positions(rows)[frames.codes("domain", rows) == code])


def _clusters(frames: Frames, table: ItemTable, system: str, domain: str | None) -> Clusters:
    """Return the clusters of a system's answers: blocks; where requests wait for each other, stretches of time
    (`BATCHES`); else items."""

    def read() -> NDArray[np.integer[Any]]:
        row, rows = frames.table_rows_of(system), frames.answers_of(system)
        if table.blocks is not None:
            cluster: NDArray[np.integer[Any]] = np.asarray(table.blocks[row, table.column(system)])
        elif frames.record.suite.measure.scenario in WAITING:
            cluster = _batches(frames.figures("started_s", rows))
        else:
            cluster = row
        if domain is None:
            return cluster
        return np.asarray(cluster[frames.codes("domain", rows) == frames.categories("domain").index(domain)])

    return read


def _batches(started_s: NDArray[np.float64]) -> NDArray[np.integer[Any]]:
    """Return the stretch of each request: `BATCHES` stretches of equal size, in the order of time."""
    rank = np.empty(len(started_s), dtype=np.int64)
    rank[np.argsort(started_s, kind="stable")] = np.arange(len(started_s))
    return rank * BATCHES // max(len(started_s), 1)


def _of_system(
    name: str,
    frames: Frames,
    rows: Rows,
    clusters: Clusters,
    table: ItemTable,
    accuracy: Interval | None,
    per_request: Interval | None,
    per_correct: Interval | None,
    mix: Mapping[str, float] | None,
) -> Measures:
    column = table.column(name)
    seconds = frames.seconds(rows)
    tokens, cpu_s = frames.figures("output_tokens", rows), frames.figures("own_cpu_s", rows)
    known = np.isfinite(tokens)
    has_joules = ~np.isnan(frames.figures("energy_j", rows))
    domains = frames.categorical("domain", rows) if mix is not None else None
    return Measures(
        system=name,
        # What nobody scored is not in the table's sums.
        items=table.items(column) or frames.items_answered(name, rows),
        requests=len(seconds),
        accuracy=accuracy,
        latency_s=Latencies(partial(frames.seconds, rows), clusters),
        output_tokens=_mean(tokens, known, domains, mix) if known.any() else None,
        unmetered=int((~has_joules).sum()),
        j_per_request=per_request,
        j_per_correct=per_correct,
        provenance=provenance.joined(frames.labels("energy_provenance", frames.positions(rows)[has_joules])),
        mixed_s=None if mix is None else Latencies(partial(frames.seconds, rows), clusters, _mix(frames, rows, mix)),
        own_cpu_s=_mean(cpu_s, None, domains, mix) if len(cpu_s) and not np.isnan(cpu_s).any() else None,
        failed=int(frames.failed(rows).sum()),
    )


def _mix(frames: Frames, rows: Rows, mix: Mapping[str, float]) -> Mix:
    shares = np.array([mix.get(name, 0.0) for name in frames.categories("domain")])
    return Mix(partial(frames.codes, "domain", rows), shares)


def _mean(
    values: NDArray[np.float64],
    known: NDArray[np.bool_] | None,
    domains: pd.Categorical | None,
    mix: Mapping[str, float] | None,
) -> float:
    """Return the mean of the known values, or of all values; under a mix the weighted mean of the domains."""
    kept = values if known is None else values[known]
    if mix is None or domains is None:
        return float(kept.mean())
    labels = domains if known is None else domains[known]
    of_domain = pd.Series(kept).groupby(pd.Series(labels), observed=True).mean().rename(index=str).sort_index()
    weights = np.array([mix.get(str(name), 0.0) for name in of_domain.index])
    return float(weights @ of_domain.to_numpy() / weights.sum()) if weights.sum() > 0 else float(kept.mean())
