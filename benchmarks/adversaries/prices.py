"""Prices of a further correct answer along the hull, and whether one of several equal systems is called the best.

Eight systems of `whole_runs`, decided without a requirement, which states the prices, and with one that all of them
meet, which names the cheapest and what is tied with it. Costs and accuracies are drawn independently.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.adversaries.claim import Claim, Outcomes, World
from benchmarks.adversaries.whole_runs import MACHINES, POPULATIONS, WholeRun, costs_of, whole_run
from tests.made_up.noisy_runs import NAMES, SYSTEMS
from wattbench_reports.decision import decide
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement

ALIKE = "all 70%"
_ANYTHING = DecisionSettings((Requirement("accuracy", 0.01),))
"""All systems meet it, so that the cheapest is to be found."""

CLAIMS = (
    Claim(
        "price",
        "The interval of a price along the hull holds the true price of its two systems in 95% of cases.",
        "prices of a further correct answer, of other items on the machine as it was in the run",
        "items are a sample of those to come, and the two systems would be on the hull of any other run too",
        "The price of two systems that are tied in accuracy or cost is of a hull that another run may not have.",
        least=0.92,
    ),
    Claim(
        "one-best",
        "Of eight equal systems one alone is called the cheapest in at most 5% of runs.",
        "runs",
        "what the machine does in a block hits all systems of the block alike, and blocks hold several items of each",
        "Figures of a block that a few items make up are marked.",
        most=0.05,
    ),
)


@dataclass(frozen=True)
class Setup:
    """What is simulated many times."""

    population: str
    machine: str
    items: int


def outcomes(setup: Setup, seed: int) -> Outcomes:
    """Simulate a run, and count its prices and whether it names one system as the best."""
    rng = np.random.default_rng([zlib.crc32(repr(setup).encode()), seed])
    accuracies = POPULATIONS[setup.population]
    accuracy, seconds = accuracies(rng.random(SYSTEMS)), costs_of(accuracies, rng.random(SYSTEMS))
    run = whole_run(rng, MACHINES[setup.machine], setup.items, accuracy, seconds)
    if setup.population == ALIKE:
        return {
            "one-best": (
                int(len(decide(run.analysis.measured, run.analysis.paid, run.analysis.weighed, _ANYTHING).best) == 1),
                1,
            )
        }
    return {"price": prices_held(run)}


def prices_held(run: WholeRun) -> tuple[int, int]:
    """Count the intervals of prices that hold the truth, which is infinite where the dearer system is no better."""
    hull = decide(run.analysis.measured, run.analysis.paid, run.analysis.weighed).hull
    held = 0
    for step in hull:
        cheaper, dearer = NAMES.index(step.cheaper), NAMES.index(step.dearer)
        gain, extra = run.accuracy[dearer] - run.accuracy[cheaper], run.joules[dearer] - run.joules[cheaper]
        true = max(float(extra / gain), 0.0) if gain > 0 else math.inf
        held += step.price.low <= true <= step.price.high
    return held, len(hull)


def _world(setup: Setup, *, holds: bool = True) -> World:
    return World(f"{setup.population}, {setup.machine}, {setup.items} items", holds, partial(outcomes, setup), 200)


WORLDS = (
    _world(Setup("U(60%, 90%)", "still", 64)),
    _world(Setup("U(60%, 90%)", "bursty", 256)),
    _world(Setup("N(70%, 4 points)", "still", 64), holds=False),
    _world(Setup("N(70%, 4 points)", "drifting", 64), holds=False),
    _world(Setup("crowded below 80%", "heavy-tailed", 256), holds=False),
    _world(Setup(ALIKE, "still", 64)),
    _world(Setup(ALIKE, "drifting", 64)),
    _world(Setup(ALIKE, "bursty", 256)),
    _world(Setup(ALIKE, "heavy-tailed", 64), holds=False),
)
