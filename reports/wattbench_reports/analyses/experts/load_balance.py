"""Compute the use of experts: how far it depends on the domain, and how even it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.experts.recorded_choices import Choices
from wattbench_reports.stats import Dependence, dependence, entropy_bits
from wattbench_reports.stats.budgets import SEED


@dataclass(frozen=True)
class ExpertUse:
    """The use of the experts of one mixture."""

    system: str
    experts: tuple[str, ...]
    layers: tuple[int, ...]
    """Those that have experts, counted from 0."""
    per_token: int
    domains: tuple[str, ...]
    items: tuple[int, ...]
    """Per domain."""
    shares: NDArray[np.float64]
    """Shape (layers, domains, experts): the mean over the domain's items of an expert's share of the choices in the
    layer. Sums to 1 over experts."""
    load: NDArray[np.float64]
    """Shape (layers, experts): an expert's share of all choices in the layer, each token counting the same."""
    evenness: tuple[float, ...]
    """Per layer: the entropy of the load over the experts, over that of an even load; 1 is even."""
    dependence: Dependence | None
    """On the domain; None with fewer than two domains."""
    at_most_bits: float
    """The maximum of the mutual information: the lesser of the entropy of the domain and of the information in choosing
    `per_token` different experts for each token."""

    @property
    def busiest(self) -> NDArray[np.float64]:
        """Return the load of the most used expert over that of the mean expert, shape (layers,); 1 is even."""
        return np.asarray(self.load.max(axis=1) * len(self.experts))


def expert_use(choices: Choices) -> ExpertUse:
    """Compute how a mixture's choices depend on the domain, and how its load is balanced."""
    row, counts, codes = choices.row, choices.counts, choices.domain
    shares_of_item = counts / counts.sum(axis=2, keepdims=True)
    shares = np.stack([shares_of_item[codes == code].mean(axis=0) for code in range(len(choices.domains))], axis=1)
    load = counts.sum(axis=0) / counts.sum(axis=(0, 2))[:, None]
    per_token, number = row.experts_per_token or 1, choices.number
    items = np.bincount(codes)
    return ExpertUse(
        system=row.system,
        experts=tuple(row.experts),
        layers=tuple(row.expert_layers),
        per_token=per_token,
        domains=choices.domains,
        items=tuple(int(count) for count in items),
        shares=shares,
        load=load,
        evenness=tuple(float(bits) / math.log2(number) if number > 1 else 1.0 for bits in entropy_bits(load)),
        dependence=dependence(counts, codes, seed=SEED) if len(choices.domains) > 1 else None,
        at_most_bits=min(float(entropy_bits(items / items.sum())), math.log2(number / per_token)),
    )
