"""How often a decision is wrong about systems against requirements, and about the system that it advises.

Eight systems are drawn anew in each run from a population, and held against bounds that 85%, 50% or 15% of it keep; or
all are alike and miss a bound by a hair: no population is more adverse to what is said of a system that misses. A world
goes through all its populations, sizes and machines in turn. In half of its runs no faster system is more accurate.

A run goes from its answers to `wattbench_reports.decision.decide` (`whole_runs`), at the default risk. A system is said
to meet its requirements where `SystemDecision.qualifies` is yes, and to fail one where the outcome of its check is no;
`Decision.chosen` is advised.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.adversaries.claim import Claim, Outcomes, World
from benchmarks.adversaries.whole_runs import (
    COPIES,
    MACHINES,
    POPULATIONS,
    WITHIN,
    Floats,
    WholeRun,
    costs_of,
    whole_run,
)
from tests.made_up.noisy_runs import NAMES, SYSTEMS
from wattbench_reports.decision import Decision, Qualifies, decide
from wattbench_reports.metrics.decision_settings import RISK, DecisionSettings, Quantity, Requirement

TOLERANCE = 0.02
"""By which a rate may be above the risk."""
PLACES = {"below most": 0.15, "in the middle": 0.5, "above most": 0.85}
"""Where a requirement lies, to the share of the population that misses it."""
HAIR, ABOVE = "a hair above all", "10 points below all"
"""Places of a requirement where all systems are alike: they miss it by next to nothing, or are 10 points above it."""
TEN_POINTS = 0.1
SIZES = (16, 64, 256)
*SPREAD, ALIKE = POPULATIONS
USUAL = ("still", "bursty", "heavy-tailed")
SEVERAL: tuple[Quantity, ...] = ("accuracy", "joules", "p95")

_SAMPLE = (
    "items are a sample of those to come, none a copy of another, joules and seconds are of this session, and the mean "
    "of joules over items or blocks is near a normal distribution"
)
_SEEN = (
    "Copies show as items of equal or nearly equal text; heavy tails and bursts as a few items or blocks that hold "
    "most of the joules; how much sessions differ only in several (`wattbench dev calibrate SUITE --sessions 5`)."
)

CLAIMS = (
    Claim(
        "meets-wrong",
        f"A system that misses a requirement is said to meet it in at most {RISK:.0%} of runs.",
        "systems that truly miss one of their requirements",
        _SAMPLE,
        _SEEN,
        most=RISK + TOLERANCE,
    ),
    Claim(
        "fails-wrong",
        f"A system that meets a requirement is said to fail it in at most {RISK:.0%} of runs.",
        "systems and requirements that they truly meet",
        _SAMPLE,
        _SEEN,
        most=RISK + TOLERANCE,
    ),
    Claim(
        "advised-misses",
        f"In at most {RISK:.0%} of runs the advised system misses a requirement.",
        "runs of eight systems, whether or not one is advised",
        _SAMPLE,
        _SEEN,
        most=RISK + TOLERANCE,
    ),
    Claim(
        "said-to-meet-misses",
        "How many of the systems that are said to meet their requirements miss one. No bound limits this: where hardly "
        "any system meets a requirement, most of the few that are said to may miss it.",
        "systems that are said to meet them",
        _SAMPLE,
        "It is likely where one of many systems is said to meet a requirement, and barely: take a smaller `--risk`.",
    ),
    Claim(
        "advised-of-advised",
        "How many of the advised systems miss a requirement; no bound limits this either.",
        "runs in which a system is advised",
        _SAMPLE,
        "As above.",
    ),
    Claim(
        "found",
        "Of 256 items, a system that is 10 points above a required accuracy is said to meet it in 80% of runs.",
        "systems that are 10 points above",
        _SAMPLE,
        _SEEN,
        least=0.8,
    ),
)


@dataclass(frozen=True)
class Setup:
    """What is simulated many times."""

    quantities: tuple[Quantity, ...]
    place: str
    population: str
    items: int
    machine: str
    dearer_is_better: bool = False


def in_turn(setups: Sequence[Setup], seed: int) -> Outcomes:
    """Simulate a run of one of several setups."""
    return outcomes(setups[seed % len(setups)], seed)


def outcomes(setup: Setup, seed: int) -> Outcomes:
    """Simulate a run and count what its decision says."""
    rng = np.random.default_rng([zlib.crc32(repr(setup).encode()), seed])
    accuracies = POPULATIONS[setup.population]
    better = rng.random(SYSTEMS)
    faster = 1 - better if setup.dearer_is_better else rng.random(SYSTEMS)
    accuracy, seconds = np.clip(accuracies(better), *WITHIN), costs_of(accuracies, faster)
    run = whole_run(rng, MACHINES[setup.machine], setup.items, accuracy, seconds)
    requirements = requirements_of(setup, run, seconds)
    return counted(
        decide(run.analysis.measured, run.analysis.paid, run.analysis.weighed, DecisionSettings(requirements)),
        truths(run, requirements),
        setup.place,
    )


def requirements_of(setup: Setup, run: WholeRun, seconds: Floats) -> tuple[Requirement, ...]:
    """Return the requirements of a run; their bounds scale with the seconds of the mean item."""
    accuracies, hair = POPULATIONS[setup.population], 1e-6
    if setup.place in PLACES:
        missed = np.full(1, PLACES[setup.place])
        accuracy, most_s = float(accuracies(missed)[0]), float(costs_of(accuracies, missed)[0])
    else:
        accuracy = float(run.accuracy[0]) + (hair if setup.place == HAIR else -TEN_POINTS)
        most_s = float(seconds[0]) * (1 - hair)
    slower = most_s / float(seconds[0])
    bounds: dict[Quantity, float] = {
        "accuracy": accuracy,
        "joules": float(run.joules[0]) * slower,
        "p95": float(run.p95_s[0]) * slower,
    }
    return tuple(Requirement(quantity, bounds[quantity]) for quantity in setup.quantities)


def truths(run: WholeRun, requirements: Sequence[Requirement]) -> dict[str, list[bool]]:
    """Return for each system which requirements it truly meets."""
    met = {
        "accuracy": lambda bound: run.accuracy >= bound,
        "joules": lambda bound: run.joules <= bound,
        "p95": lambda bound: run.p95_s <= bound,
    }
    by_requirement = [met[each.quantity](each.bound).tolist() for each in requirements]
    return {name: [each[system] for each in by_requirement] for system, name in enumerate(NAMES)}


def counted(decision: Decision, truly: dict[str, list[bool]], place: str) -> Outcomes:
    """Count a decision's right and wrong statements, by the requirements that each system truly meets."""
    meets = {name: all(each) for name, each in truly.items()}
    yes = [meets[each.system] for each in decision.systems if each.qualifies == Qualifies.YES]
    failed = [
        true
        for each in decision.systems
        for check, true in zip(each.checks, truly[each.system], strict=True)
        if check.outcome == Qualifies.NO
    ]
    misses = decision.chosen is not None and not meets[decision.chosen]
    counts = {
        "meets-wrong": (yes.count(False), SYSTEMS - sum(meets.values())),
        "fails-wrong": (failed.count(True), sum(sum(each) for each in truly.values())),
        "advised-misses": (int(misses), 1),
    }
    if place in PLACES:
        counts["said-to-meet-misses"] = yes.count(False), len(yes)
        counts["advised-of-advised"] = int(misses), int(decision.chosen is not None)
    if place == ABOVE:
        counts["found"] = yes.count(True), SYSTEMS
    return counts


def _world(
    name: str,
    quantities: tuple[Quantity, ...],
    place: str,
    *,
    sizes: Sequence[int] = SIZES,
    machines: Sequence[str] = USUAL,
    holds: bool = True,
    runs: int = 216,
) -> World:
    """Return a world of all combinations, in turn. The number of runs is a multiple of that of combinations."""
    populations = SPREAD if place in PLACES else [ALIKE]
    dearer = (False, True) if place in PLACES else (False,)
    setups = tuple(Setup(quantities, place, *each) for each in itertools.product(populations, sizes, machines, dearer))
    return World(name, holds, partial(in_turn, setups), runs)


_COPIED = f"still, {COPIES} copies of each item"
_OF_A_MACHINE: tuple[Quantity, ...] = ("joules", "p95")
_LONG = {"bursts": "bursty, held against the long run", "sessions of 15%": "sessions of 15%, held against the long run"}

WORLDS = (
    *(
        _world(f"accuracy {place}, {items} items", ("accuracy",), place, sizes=[items])
        for place in (*PLACES, HAIR)
        for items in SIZES
    ),
    _world(f"accuracy {HAIR}, answers of a block alike", ("accuracy",), HAIR, sizes=SIZES[1:], machines=["moody"]),
    _world(f"accuracy {ABOVE}, 256 items", ("accuracy",), ABOVE, sizes=[256], runs=150),
    *(_world(f"joules {place}", ("joules",), place) for place in PLACES),
    _world(f"joules {HAIR}, still, 64 and 256 items", ("joules",), HAIR, sizes=SIZES[1:], machines=["still"]),
    _world(f"joules {HAIR}, still, 16 items", ("joules",), HAIR, sizes=SIZES[:1], machines=["still"], holds=False),
    *(_world(f"joules {HAIR}, {name}", ("joules",), HAIR, machines=[name], holds=False) for name in USUAL[1:]),
    *(_world(f"p95 {place}", ("p95",), place) for place in (*PLACES, HAIR)),
    *(_world(f"accuracy, joules and p95 {place}", SEVERAL, place) for place in PLACES),
    *(
        _world(f"accuracy {place}, {COPIES} copies of each item", ("accuracy",), place, machines=[_COPIED], holds=False)
        for place in ("above most", HAIR)
    ),
    *(
        _world(f"{quantity} {HAIR} in the long run, {name}", (quantity,), HAIR, machines=[machine], holds=False)
        for quantity in _OF_A_MACHINE
        for name, machine in _LONG.items()
    ),
)
