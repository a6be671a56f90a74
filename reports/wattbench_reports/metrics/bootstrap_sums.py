"""Draw the items of each domain again: what intervals of ratios of sums are computed from in runs without blocks.

The draws are kept as sums per domain, so that they serve any mix of domains; and in 16 bits each, so that a page can
carry them and restate a figure in the browser to the digit that is printed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats import StratifiedUnits, stratified_units
from wattbench_reports.stats.budgets import DOMAIN_SUMS, SEED
from wattbench_reports.tables.item_matrix import ItemTable

STEPS = 65_535
"""Into which the range of a column is divided."""


@dataclass(frozen=True)
class Packed:
    """One kind of sums, as 16-bit codes of each column's range."""

    low: NDArray[np.float64]
    """Shape (domains, systems): the value of code 0."""
    step: NDArray[np.float64]
    """Shape (domains, systems): what 1 is worth."""
    codes: NDArray[np.uint16]
    """Shape (draws, domains, systems)."""

    @property
    def sums(self) -> NDArray[np.float64]:
        """Return the unpacked sums, shape (draws, domains, systems), in the unit of what was summed."""
        return self.low + self.codes * self.step


@dataclass(frozen=True)
class Draws:
    """Sums per domain and system over items drawn again. All kinds see the same items, so that they stay paired."""

    systems: tuple[str, ...]
    domains: tuple[str, ...]
    kinds: Mapping[str, Packed]

    def of(self, kind: str) -> NDArray[np.float64]:
        """Return the sums of one kind, of shape (draws, domains, systems)."""
        return self.kinds[kind].sums


@dataclass(frozen=True)
class CombinedDraws(Draws):
    """Draws that are computed from others, so that a page need not carry them."""

    combined: Mapping[str, NDArray[np.float64]]
    """Kind to its sums, shape (draws, domains, systems); `kinds` is empty."""

    def of(self, kind: str) -> NDArray[np.float64]:
        """Return the sums of one kind, of shape (draws, domains, systems)."""
        return self.combined[kind]


@dataclass(frozen=True)
class Undrawn:
    """The items of each domain, drawn again only when that is needed."""

    systems: tuple[str, ...]
    domains: tuple[str, ...]
    kinds: tuple[str, ...]
    units: StratifiedUnits
    """Their blocks are the kinds, their strata the domains."""

    @property
    def number(self) -> int:
        """Return how many draws are made."""
        return DOMAIN_SUMS.count(len(self.domains) * len(self.systems))

    def draws(self) -> Draws:
        """Draw the items."""
        sums = zip(self.kinds, self.units.sums(self.number), strict=True)
        return Draws(self.systems, self.domains, {name: _packed(array) for name, array in sums})


def undrawn(table: ItemTable, **more: NDArray[np.float64]) -> Undrawn:
    """Make the items of a table ready to be drawn again, domain by domain.

    Args:
        table: at least one item. Joules and correct answers among those with joules are kinds ``energy_j`` and
            ``correct``.
        more: further kinds, each of shape (items, systems).
    """
    domains = table.domains.present
    kinds = {"energy_j": table.energy_j, "correct": table.metered_correct, **more}
    units = stratified_units(*kinds.values(), strata=table.domains.numbers(domains), seed=SEED)
    return Undrawn(table.systems, domains, tuple(kinds), units)


def _packed(sums: NDArray[np.float64]) -> Packed:
    """Pack sums of shape (draws, domains, systems) as codes; those of one domain and system are contiguous in
    memory."""
    columns = np.ascontiguousarray(np.moveaxis(sums, 0, -1))
    low, high = columns.min(axis=-1), columns.max(axis=-1)
    step = (high - low) / STEPS
    above, of = columns - low[..., None], step[..., None]
    places = np.divide(above, of, out=np.zeros_like(columns), where=of > 0)
    return Packed(low, step, np.moveaxis(np.clip(np.rint(places), 0, STEPS).astype(np.uint16), -1, 0))
