"""Hold the choices of a router that was not run here, for the items of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OfflineRouter:
    """A router that was not run in this run."""

    name: str
    chains: tuple[tuple[str, ...], ...]
    """The different orders in which it asks systems."""
    chain_of: NDArray[np.int64]
    """Shape (items,): which of `chains`, row by row those of the item table; -1 where its choice is not known."""
    router_s: NDArray[np.float64]
    """Shape (items,): its own seconds, without the systems'; not a number where the file has none. So are the next
    two."""
    router_j: NDArray[np.float64]
    router_usd: NDArray[np.float64] | None = None
    """Its own US dollars; None where the file has none at all."""
    notes: tuple[str, ...] = ()
    """What a reader of its figures should know of the file, as clauses."""

    @property
    def members(self) -> tuple[str, ...]:
        """Return every system that it asks."""
        return tuple(dict.fromkeys(name for chain in self.chains for name in chain))

    def requests_of(self, systems: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how often each chain asks each system, and which one answers.

        Both have shape (chains, systems).
        """
        requests = np.zeros((len(self.chains), len(systems)))
        answered = np.zeros(requests.shape)
        for number, chain in enumerate(self.chains):
            columns = [systems.index(name) for name in chain]
            requests[number, columns] = 1.0
            answered[number, columns[-1]] = 1.0
        return requests, answered
