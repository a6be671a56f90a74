"""Made-up worlds of a gate: a machine whose speed strays, tasks that are unlike, and a candidate whose truth is known.

A plan says which items are asked when, and of which system first. `play` asks them on one of the machines of
`tests.made_up.noisy_machine` and returns the rounds that a gate would have recorded:

    plan = plan_rounds(world.tasks, seed=1, block=8, joules=True)
    rounds = play(World(NOISES["bursts"], second_turn=-0.02), plan, np.random.default_rng(1))

Everything happens in one session and in the order in which it is asked, so that time noise, bursts and the order within
a round hit the two systems as they would in a real gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.made_up.noisy_machine import NOISES, STEP_S, Noise, Schedule, measure, wander
from wattbench.records import SIDES
from wattbench.records.schema.gate import gate_loads
from wattbench.scenarios.interleaved.schedule import PlannedRound, reload_points
from wattbench_reports.gate.evidence.model import Round

WATTS = 30.0
WATTS_SD = 0.015
"""Of the logarithm of watts, in each window."""
DISCORDANT = 0.1
"""Share of the items that only one of two equal systems answers rightly."""
SHORTEST_S, LONGEST_S = 0.25, 2.0
"""Median seconds of the first task's items and of the last one's; geometric in between."""
SECONDS_LOG_SD = 0.4
"""Of the items of one task."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """A machine, and how the candidate differs from the baseline. Shares are of the baseline's figure."""

    noise: Noise = NOISES["still"]
    items: int = 1200
    """Of the suite, in equal parts of each task: a gate asks all of them if it has to."""
    second_turn: float = 0.0
    """How much longer everything takes the system that is asked second in a round: -0.02 is 2% less."""
    instances_sd: float = 0.0
    """Of the logarithm of a system's speed, drawn anew for each system at each load."""
    cheap_loads: bool = True
    """Both systems are loaded as often as a gate plans to; else once."""
    wander_sd: float = 0.0
    """Of each system by itself, in the logarithm of its speed: a first-order autoregression."""
    wander_s: float = 60.0
    """After so long its autocorrelation has fallen to 1/e."""
    shifts: tuple[float, ...] = (0.0,) * 8
    """Of each task: by how much the candidate's accuracy is higher. 0.05 is 5 points."""
    domains: int | None = None
    """Into how many domains of equal size the tasks are grouped, in their order; None: each task is its own."""
    accuracy: float = 0.5
    """Of the baseline, in every task."""
    slower: float = 0.0
    """How much longer the candidate takes, at the same joules: a delay."""
    joules: float = 0.0
    """How many more joules the candidate takes, in the same time."""
    longer: tuple[float, float] = (0.0, 1.0)
    """Of the items, the share for which the candidate takes some times the seconds and joules; and how many times."""
    lengths_sd: float = 0.0
    """Of the logarithm of how much longer the candidate's answer to an item is, 1 on average: of answers of its own."""
    independent: bool = False
    """Whether the candidate is right about an item does not depend on whether the baseline is."""

    @property
    def tasks(self) -> dict[str, int]:
        """Return the suite's tasks with their numbers of items."""
        return {f"task {number}": self.items // len(self.shifts) for number in range(len(self.shifts))}

    @property
    def each_domain(self) -> tuple[str, ...]:
        """Return all domains."""
        return tuple(dict.fromkeys(self.domain(task) for task in self.tasks))

    def domain(self, task: str) -> str:
        """Return a task's domain."""
        number = list(self.tasks).index(task)
        return task if self.domains is None else f"domain {number * self.domains // len(self.shifts)}"


@dataclass(frozen=True)
class _Items:
    """The two systems' answers to items on a machine without noise. Arrays are of shape (items, 2)."""

    seconds: Values
    joules: Values
    correct: Values


def play(world: World, plan: Sequence[PlannedRound], rng: np.random.Generator) -> tuple[Round, ...]:
    """Ask rounds one after the other in one session.

    Args:
        world: the machine, the tasks and the systems.
        plan: no item more than once.
        rng: of the items, of the answers and of the machine.
    """
    names = [task for each in plan for task, _ in each.items]
    items = _drawn(world, names, rng)
    sizes = np.array([len(each.items) for each in plan])
    round_of, start = np.repeat(np.arange(len(plan)), sizes), np.cumsum(sizes) - sizes
    is_second = np.array([SIDES.index(each.first) for each in plan])[round_of, None] != np.arange(2)
    reloads = reload_points(plan, gate_loads(len(names)) - 1) if world.cheap_loads else []
    loads = np.searchsorted(reloads, [each.pair for each in plan], side="right")
    factors = np.exp(world.instances_sd * rng.normal(size=(len(reloads) + 1, 2)))[loads[round_of]]
    factors *= np.where(is_second, 1 + world.second_turn, 1.0)
    turn = start[round_of, None] + np.arange(len(names))[:, None]  # when the first system is asked: start of the round,
    at = turn + np.where(is_second, sizes[round_of, None], 0)  # twice, as two are asked, and the item's place in it
    if world.wander_sd:
        factors *= _wanders(world, items.seconds, at, rng)
    asked = np.empty((2, at.size))
    asked[0, at], asked[1, at] = items.seconds * factors, items.joules * factors
    who, what = np.empty((2, at.size), dtype=np.int64)
    who[at], what[at] = np.arange(2), np.arange(len(names))[:, None]
    measured = measure(Schedule(who, what, *asked), world.noise, rng)
    joules = np.add.reduceat(measured.joules[at], start) * np.exp(WATTS_SD * rng.normal(size=(len(plan), 2)))
    seconds = measured.seconds[at]
    domain_of = {task: world.domain(task) for task in world.tasks}
    domains = [domain_of[task] for task in names]
    rounds = []
    for number, (each, first, size) in enumerate(zip(plan, start.tolist(), sizes.tolist(), strict=True)):
        part = slice(first, first + size)
        rounds.append(
            Round(
                correct=items.correct[part],
                seconds=seconds[part],
                energy_j=(float(joules[number, 0]), float(joules[number, 1])) if each.long else None,
                tasks=tuple(names[part]),
                domains=tuple(domains[part]),
                pair=each.pair,
                load=int(loads[number]),
            )
        )
    return tuple(rounds)


def _wanders(world: World, seconds: Values, at: NDArray[np.int64], rng: np.random.Generator) -> Values:
    """Return the factor of each system on each item, by when it is asked; of shape (items, 2)."""
    in_order_s = np.empty(at.size)
    in_order_s[at] = seconds
    step = (np.cumsum(in_order_s)[at] / STEP_S).astype(np.int64)
    paths = [wander(world.wander_sd, world.wander_s, int(step.max()) + 1, rng) for _ in SIDES]
    return np.stack([path[side] for path, side in zip(paths, step.T, strict=True)], axis=1)


def _drawn(world: World, tasks: Sequence[str], rng: np.random.Generator) -> _Items:
    """Draw an item of each of the tasks given, and what either system does with it."""
    number_of = {task: number for number, task in enumerate(world.tasks)}
    task = np.array([number_of[name] for name in tasks])
    baseline_s = np.geomspace(SHORTEST_S, LONGEST_S, len(world.shifts))[task]
    baseline_s = baseline_s * np.exp(SECONDS_LOG_SD * rng.normal(size=len(task)))
    joules = WATTS * baseline_s
    shift = np.array(world.shifts)[task]
    by_chance = np.maximum(DISCORDANT - np.abs(shift), 0.0) / 2
    lost, won = by_chance + np.maximum(-shift, 0.0), by_chance + np.maximum(shift, 0.0)
    level = rng.random(len(task))
    baseline = level < world.accuracy
    candidate = np.where(baseline, level < world.accuracy - lost, level < world.accuracy + won)
    if world.independent:
        candidate = rng.random(len(task)) < world.accuracy + shift
    share, times = world.longer
    sd = world.lengths_sd
    length = np.where(rng.random(len(task)) < share, times, 1.0) * np.exp(sd * rng.normal(size=len(task)) - sd**2 / 2)
    return _Items(
        seconds=np.stack([baseline_s, baseline_s * (1 + world.slower) * length], axis=1),
        joules=np.stack([joules, joules * (1 + world.joules) * length], axis=1),
        correct=np.stack([baseline, candidate], axis=1).astype(np.float64),
    )
