"""A rate that wattbench states, and the worlds in which it is tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Outcomes = Mapping[str, tuple[int, int]]
"""Key of a claim to how often one simulated run did what the claim counts, and how often it could."""


@dataclass(frozen=True)
class Claim:
    """One stated rate."""

    key: str
    """Unique among all claims: ``latency-interval``."""
    says: str
    """The claim, as a sentence: "A p95's interval holds the true p95 in 95% of runs."."""
    estimand: str
    """What the truth is that it is held against, as a clause."""
    assumption: str
    """What has to be so for the rate to hold, as a clause."""
    seen_by: str
    """How a reader sees in a run that the assumption fails, as a sentence."""
    least: float = 0.0
    most: float = 1.0
    """The rate is within these where the assumption holds."""


@dataclass(frozen=True)
class World:
    """A way to simulate runs whose truth is known."""

    name: str
    holds: bool
    """Whether the assumption of the claims holds in it."""
    run: Callable[[int], Outcomes]
    """Simulate the run of a seed. A function at module level, or a `functools.partial` of one: other processes call
    it."""
    runs: int = 1000
