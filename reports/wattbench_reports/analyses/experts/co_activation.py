"""Compute which experts a mixture activates together, per token and layer, against what chance would give."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.experts.recorded_choices import Choices
from wattbench_reports.stats import together_by_chance


@dataclass(frozen=True)
class Together:
    """The co-activation of one mixture. Pairs are in the order (0, 1), (0, 2), ... (1, 2), ..."""

    pairs: tuple[tuple[int, int], ...]
    """Indices of the two experts."""
    tokens: int
    """In each layer."""
    observed: NDArray[np.float64]
    """Shape (layers, pairs): for how many tokens both were asked."""
    expected: NDArray[np.float64]
    """The same if the experts of a token were independent, given how often each is asked in the layer
    and the domain."""

    def ratio(self, layers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return observed over expected co-activations in some layers, shape (pairs,); NaN where none are expected."""
        observed, expected = self.observed[layers].sum(axis=0), self.expected[layers].sum(axis=0)
        ratios = np.divide(observed, expected, out=np.full(len(observed), math.nan), where=expected > 0)
        return np.asarray(ratios)

    def share(self, layers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the share of tokens in some layers that activate both experts of a pair, shape (pairs,)."""
        return np.asarray(self.observed[layers].sum(axis=0) / (self.tokens * len(layers)))


def together(choices: Choices) -> Together | None:
    """Compute the co-activation of all pairs of experts. None if not recorded, or if tokens activate one expert or all.

    What is expected is taken domain by domain: experts that are asked in the same domains would otherwise look drawn
    to each other.
    """
    per_token = choices.row.experts_per_token or 1
    if choices.pairs is None or not 1 < per_token < choices.number:
        return None
    first, second = np.triu_indices(choices.number, k=1)
    expected = np.zeros(choices.pairs.shape[1:])
    all_tokens = 0.0
    for index in range(len(choices.domains)):
        counts = choices.counts[choices.domain == index].sum(axis=0)
        tokens = float(counts[0].sum()) / per_token
        all_tokens += tokens
        for layer, counts_of_layer in enumerate(counts):
            chances = np.clip(counts_of_layer * per_token / counts_of_layer.sum(), 0.0, 1.0)
            expected[layer] += tokens * together_by_chance(chances, per_token)[first, second]
    return Together(
        pairs=tuple(zip(first.tolist(), second.tolist(), strict=True)),
        tokens=round(all_tokens),
        observed=choices.pairs.sum(axis=0),
        expected=expected,
    )
