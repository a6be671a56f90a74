"""Compute each system's water, abiotic depletion and primary energy, with the interval of its joules.

A figure is the joules of the requests, each counted once, times what a joule costs, and where a source names
manufacture the hours of use times what an hour costs. So its interval is that of the joules (and hours): the error of a
factor is in no interval. Items share the hours of a window as in the Software Carbon Intensity
(`wattbench_reports.metrics.carbon.sci`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.carbon.sci import SECONDS
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.impacts.factors import MANUFACTURE, Impacts
from wattbench_reports.metrics.impacts.quantities import Quantity
from wattbench_reports.metrics.mix_weighting import combined, per_request
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.stats import Interval
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class SystemImpact:
    """One quantity of one system, in the quantity's unit."""

    quantity: Quantity
    parts: Mapping[str, float | None]
    """Part to its mean for a request; None where the hours of use are not known."""
    per_request: Interval | None
    """Of all parts together; None where one of them is not known."""
    per_correct: Interval | None
    """None as well where nothing was answered correctly."""


def system_impacts(
    table: ItemTable,
    impacts: Impacts,
    basis: Basis,
    sums: Mapping[str, NDArray[np.float64]],
    shares: Shares | None = None,
) -> dict[str, tuple[SystemImpact, ...]]:
    """Return each system's quantities, in the order of the basis; without systems that have no joules.

    Args:
        table: over all domains.
        impacts: what joules and hours cost.
        basis: of that table and `sums` (its NaN as 0).
        sums: from `wattbench_reports.metrics.carbon.sci.carbon_sums`.
        shares: the mix that figures are stated for; None: every item counts the same.
    """
    metered = [bool(table.metered[:, index].any()) for index in range(len(basis.systems))]
    timed = [bool(np.isfinite(sums[SECONDS][:, index]).all()) for index in range(len(basis.systems))]
    stated: dict[str, list[SystemImpact]] = {name: [] for name, has in zip(basis.systems, metered, strict=True) if has}
    for quantity in impacts.quantities:
        made = impacts.per_second(quantity)
        kinds = {part: {"energy_j": worth} for part, worth in impacts.per_joule(quantity).items()}
        if made is not None:
            kinds[MANUFACTURE] = {SECONDS: made}
        whole = _together(kinds)
        means = {part: per_request(basis, combined(worth, basis.totals), shares) for part, worth in kinds.items()}
        both = [intervals(basis, whole, shares, per_correct=each) for each in (False, True)]
        for index, name in enumerate(basis.systems):
            if name not in stated:
                continue
            known = made is None or timed[index]
            parts = {part: float(mean[index]) if known or part != MANUFACTURE else None for part, mean in means.items()}
            of_request, of_correct = (each[index] if known else None for each in both)
            stated[name].append(SystemImpact(quantity, parts, of_request, of_correct))
    return {name: tuple(each) for name, each in stated.items()}


def _together(kinds: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    whole: dict[str, float] = {}
    for worth in kinds.values():
        for kind, each in worth.items():
            whole[kind] = whole.get(kind, 0.0) + each
    return whole
