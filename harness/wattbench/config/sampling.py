"""Say which systems sample by their own settings, how often an item is asked of each, and with which seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wattbench.config.suite import Measure
from wattbench.config.systems.agent import AskingSystem
from wattbench.config.systems.endpoint import EndpointSystem
from wattbench.config.systems.system import HybridSystem
from wattbench.config.systems.system_base import SystemBase

SAMPLED_REPEATS = 3
"""How often an item is asked of a system that samples: the fewest answers whose median is one of them that a single
odd one does not move."""


@dataclass(frozen=True)
class Sampling:
    """How a system samples whatever its tasks say."""

    temperatures: tuple[float, ...]
    """Of its requests; of a hybrid: the distinct ones of its members that sample."""
    seeds: tuple[int, ...]
    """Sent with each repeat, in order; empty where no seed is sent, and under load, where it goes up with each request
    of an item."""

    def as_record(self) -> dict[str, Any]:
        """Return it as `run.json` and `plan --json` have it."""
        return {"temperatures": list(self.temperatures), "seeds": list(self.seeds)}


def repeats_of(config: SystemBase, measure: Measure) -> int:
    """Return how often a system is asked each item; under load the rates decide that, and it is 1."""
    if measure.repeats != "auto":
        return measure.repeats
    return SAMPLED_REPEATS if measure.load is None and any_samples([config]) else 1


def sampling_of(config: SystemBase, measure: Measure) -> Sampling | None:
    """Return how a system samples whatever its tasks say; None: it does so only where a task says it."""
    temperatures = temperatures_of(config)
    if not temperatures:
        return None
    seeds = measure.load is None and any(each.takes_seed for each in _sampling(config))
    return Sampling(temperatures, tuple(measure.seed + n for n in range(repeats_of(config, measure))) if seeds else ())


def temperatures_of(config: SystemBase) -> tuple[float, ...]:
    """Return the temperatures above 0 in the requests of a system, or of a hybrid's members, in ascending order."""
    return tuple(sorted({each.temperature or 0.0 for each in _sampling(config)}))


def any_samples(systems: Iterable[SystemBase]) -> bool:
    """Return whether one of some systems samples whatever its tasks say, as an agent does."""
    return any(isinstance(each, AskingSystem) or temperatures_of(each) for each in systems)


def _sampling(config: SystemBase) -> list[EndpointSystem]:
    every = config.pool.values() if isinstance(config, HybridSystem) else [config]
    return [each for each in every if isinstance(each, EndpointSystem) and (each.temperature or 0.0) > 0]
