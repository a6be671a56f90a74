"""What every system would have shown on other items: joules per request and median latency, together.

`wattbench_reports.metrics.bootstrap_sums` holds sums that a page can carry; a median is no sum, and wants more of them
than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.stats import drawn_medians, median_bins, ratios, stratified_sums
from wattbench_reports.stats.budgets import PARETO_DOMAIN_UNITS, PARETO_DRAWS, PARETO_UNITS, SEED
from wattbench_reports.tables.item_rows import asked_document

_BINS = 32
"""Of each system's latencies: a quarter of a standard error apart where there are many."""


@dataclass(frozen=True)
class CostDraws:
    """All of shape (draws, systems). All systems see the same items in a draw."""

    joules: NDArray[np.float64]
    """Per request; infinite without any."""
    median_s: NDArray[np.float64]
    """NaN without any."""


@dataclass(frozen=True)
class _Answers:
    """One entry per answer in every array."""

    system: NDArray[np.integer[Any]]
    domain: NDArray[np.integer[Any]]
    document: NDArray[np.int32]
    joules: NDArray[np.float64]
    latency_s: NDArray[np.float64]
    bin_of: NDArray[np.int32]
    """The column of its latency among the bins of all systems; -1 where it has none."""

    def where(self, rows: NDArray[np.bool_]) -> _Answers:
        """Some of them."""
        return _Answers(*(array[rows] for array in vars(self).values()))


def cost_draws(items: pd.DataFrame, systems: int, shares: Sequence[float] | None) -> CostDraws:
    """Draw the items again, domain by domain, and add the domains up.

    An item is a document of a task: systems that answered other documents under the same number must not be compared.

    Args:
        items: as `wattbench_reports.tables.run_tables.Frames` has them.
        systems: how many there are.
        shares: of each domain in the mix that figures are stated for, in the order of the categories; None: every
            answer counts the same.
    """
    domains = len(items["domain"].cat.categories)
    answers = _answers(items)
    timed = np.isfinite(answers.latency_s)
    worth = [_worth(answers, rows, (domains, systems), shares) for rows in (np.isfinite(answers.joules), timed)]
    values, ends = _bin(answers, timed, worth[1], systems)
    width = int(ends[-1])
    owner = np.searchsorted(ends, np.arange(width), side="right")
    added: list[NDArray[np.float64]] = []
    for domain in range(domains):
        of_domain = answers.where(answers.domain == domain)
        blocks = _blocks(of_domain, systems, width, max(PARETO_UNITS // domains, PARETO_DOMAIN_UNITS), SEED + domain)
        one = np.zeros(len(blocks[0]), dtype=np.int64)
        drawn = stratified_sums(*blocks, strata=one, resamples=PARETO_DRAWS, seed=SEED + domain)
        metered_weight, timed_weight = (each[domain] for each in worth)
        counted = (metered_weight, metered_weight, timed_weight[owner])
        sums = [sums[:, 0] * each for sums, each in zip(drawn, counted, strict=True)]
        added = [total + more for total, more in zip(added, sums, strict=True)] if added else sums
    medians = [
        drawn_medians(counts, each) for counts, each in zip(np.split(added[2], ends[:-1], axis=1), values, strict=True)
    ]
    return CostDraws(
        joules=ratios(added[0], added[1]),
        median_s=np.column_stack(medians),
    )


def _answers(items: pd.DataFrame) -> _Answers:
    return _Answers(
        system=items["system"].cat.codes.to_numpy(),
        domain=items["domain"].cat.codes.to_numpy(),
        document=asked_document(items),
        joules=items["energy_j"].to_numpy(dtype=np.float64),
        latency_s=(items["finished_s"] - items["started_s"]).to_numpy(dtype=np.float64),
        bin_of=np.full(len(items), -1, dtype=np.int32),
    )


def _worth(
    answers: _Answers, rows: NDArray[np.bool_], shape: tuple[int, int], shares: Sequence[float] | None
) -> NDArray[np.float64]:
    """Return the weight of one answer, shape (domains, systems): its domain's share over the answers in it."""
    if shares is None:
        return np.ones(shape)
    cells = answers.domain[rows].astype(np.int64) * shape[1] + answers.system[rows]
    number = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    return np.asarray(np.asarray(shares)[:, None] / np.maximum(number, 1))


def _bin(
    answers: _Answers, timed: NDArray[np.bool_], worth: NDArray[np.float64], systems: int
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Bin each system's latencies, into `bin_of` of the answers; return the value of each bin, and where they end."""
    values, ends, start = [], [], 0
    for system in range(systems):
        rows_of_system = np.flatnonzero(timed & (answers.system == system))
        values.append(np.zeros(1))  # one bin, in which nothing lies
        if len(rows_of_system):
            weights = worth[answers.domain[rows_of_system], system]
            # Where answers count for unlike much, they are worth fewer that count the same (Kish's effective size).
            alike = weights.sum() ** 2 / (len(rows_of_system) * max((weights**2).sum(), np.finfo(float).tiny))
            few = max(len(pd.unique(answers.document[rows_of_system])) * alike, 1.0)
            bins = median_bins(answers.latency_s[rows_of_system], weights, few, _BINS)
            values[-1] = bins.values
            answers.bin_of[rows_of_system] = start + bins.bin_of
        start += len(values[-1])
        ends.append(start)
    return values, np.array(ends)


def _blocks(answers: _Answers, systems: int, width: int, most: int, seed: int) -> tuple[NDArray[np.float64], ...]:
    """Sum per resampled unit: joules, metered (units, systems); answers by bin (units, bins)."""
    unit, names = pd.factorize(answers.document)
    count = len(names)
    if count > most:
        unit, count = np.random.default_rng(seed).permutation(np.arange(count) % most)[unit], most
    cell = unit * systems + answers.system

    def total(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(cell, weights=weights, minlength=count * systems)
        return sums.astype(np.float64).reshape(count, systems)

    metered, timed = np.isfinite(answers.joules), answers.bin_of >= 0
    binned = np.bincount(unit[timed] * width + answers.bin_of[timed], minlength=count * width)
    return (
        total(np.where(metered, answers.joules, 0.0)),
        total(metered.astype(np.float64)),
        binned.reshape(count, width).astype(np.float64),
    )
