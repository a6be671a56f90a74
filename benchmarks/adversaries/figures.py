"""Simulate every world of a module, and record how often each claim did what it counts."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.adversaries.claim import Claim, Outcomes, World
from benchmarks.shares import Share, share

FIGURES = Path(__file__).with_name("figures")
"""A file per module."""
MODULES: tuple[str, ...] = (
    "incomplete", "judged", "latency", "prices", "queues", "requirements", "routers", "stopping",
)  # fmt: skip

Map = Callable[[Callable[[int], Outcomes], Iterable[int]], Iterable[Outcomes]]


@dataclass(frozen=True)
class Rate:
    """How often one claim did what it counts in one world."""

    claim: str
    world: str
    holds: bool
    runs: int
    rate: Share


def claims_of(module: str) -> tuple[Claim, ...]:
    """Return the claims of a module."""
    return tuple(importlib.import_module(f"benchmarks.adversaries.{module}").CLAIMS)


def worlds_of(module: str) -> tuple[World, ...]:
    """Return the worlds of a module."""
    return tuple(importlib.import_module(f"benchmarks.adversaries.{module}").WORLDS)


def rates_of(module: str, each: Map = map, scale: float = 1.0) -> tuple[Rate, ...]:
    """Simulate the worlds of a module.

    Args:
        module: its name.
        each: how runs are spread over processes, as `map`.
        scale: of the number of runs of every world, for a trial.
    """
    rates: list[Rate] = []
    for world in worlds_of(module):
        number = max(2, round(world.runs * scale))
        outcomes = list(each(world.run, range(number)))
        rates += [
            Rate(claim.key, world.name, world.holds, number, found)
            for claim in claims_of(module)
            if (found := rate_of(claim.key, outcomes)) is not None
        ]
    return tuple(rates)


def rate_of(key: str, outcomes: Iterable[Outcomes]) -> Share | None:
    """Return how often a claim did what it counts; None where it never could.

    A run weighs as much as it has chances. The error is clustered by run.
    """
    counted = [each[key] for each in outcomes if each.get(key, (0, 0))[1]]
    chances = sum(number for _, number in counted)
    if not chances:
        return None
    mean = sum(hits for hits, _ in counted) / chances
    parts = [hits - mean * number for hits, number in counted]
    clustered = sum(part**2 for part in parts) ** 0.5 / chances
    return Share(round(mean, 6), max(round(clustered, 6), share([mean], chances).error))


def as_json(rates: Iterable[Rate]) -> str:
    """Write rates as `read` reads them."""
    return json.dumps([asdict(each) for each in rates], indent=1) + "\n"


def read(module: str) -> tuple[Rate, ...]:
    """Read the recorded rates of a module."""
    recorded = json.loads((FIGURES / f"{module}.json").read_text(encoding="utf-8"))
    return tuple(Rate(**each | {"rate": Share(**each["rate"])}) for each in recorded)
