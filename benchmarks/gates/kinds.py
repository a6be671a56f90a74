"""The kinds of gates that are simulated: in which world, by which policy, and what is promised of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.made_up.gate_worlds import World
from tests.made_up.noisy_machine import NOISES, Noise


class Truth(StrEnum):
    """What is true of a candidate."""

    NO_WORSE = "no worse"
    """Equal, or worse by no more than a quarter of each margin."""
    WORSE = "worse by a margin"
    HARD_TO_FIND = "worse by a margin, and hard to find"
    """As `WORSE`, but a gate may well stay inconclusive: a test of fixed size would need more items than there are, the
    machine makes the slowest items, or sessions of two runs vary by as much."""


@dataclass(frozen=True)
class Kind:
    """A row of the tables."""

    name: str
    truth: Truth
    world: World
    policy: str = "four metrics"
    """One of `benchmarks.gates.policies.POLICIES`."""
    seed: int | None = None
    """Of the order of items and of who is first, in every gate; None: a fresh one for each."""
    on_record: bool = False
    """Two runs on record are judged, rather than two systems asked in turn."""


def _moved(tasks: int, first: float, last: float) -> tuple[float, ...]:
    """Return shifts of tasks, those of the first half and those of the last: the worst case for a plan by tasks."""
    return (first,) * (tasks // 2) + (last,) * (tasks // 2)


def _more_right(times: float, joules: float = 0.0) -> World:
    """Return a candidate with more right answers that takes as many more joules, or a share more than that."""
    return World(accuracy=0.2, shifts=(0.2 * (times - 1),) * 8, joules=times * (1 + joules) - 1)


SLOWER = "10% slower"
"""Rows of this name and a machine are of a candidate that is slower by the margin on it."""
_MACHINES = ("still", "drift over 30 s", "drift over 300 s", "bursts")
_SECOND_FASTER = World(second_turn=-0.02)
_INSTANCES = World(instances_sd=0.01 / 2**0.5, reloads=3)
_EVERYTHING = replace(
    _INSTANCES, noise=Noise(drift_sd=0.10, burst_slowdown=1.0), second_turn=-0.02, shifts=_moved(16, -0.40, 0.40)
)
_LOWER = World(shifts=(-0.05,) * 8)
_LOST = {
    f"5 points lower: {tasks} tasks moved by +15 and -25": World(shifts=_moved(tasks, 0.15, -0.25)) for tasks in (8, 16)
}
_TRADED = (0.10, 0.10, 0.0, 0.0, 0.0, 0.0, -0.10, -0.10)
_SPECIALIST = {
    "350 items of 2 domains moved by ±50 points, none net": World(items=352, shifts=_moved(4, 0.5, -0.5), domains=2)
}
_SESSIONS = World(NOISES["sessions of 5%"])


def _on(machines: Sequence[str], name: str, world: World) -> dict[str, World]:
    """Return a world on each of some machines, by the names of its rows."""
    return {f"{name}; {machine}": replace(world, noise=NOISES[machine]) for machine in machines}


_NO_WORSE: Mapping[str, Mapping[str, World]] = {
    "four metrics": {
        **_on((*_MACHINES, "warming"), "equal", World()),
        "equal; the second turn 2% faster": _SECOND_FASTER,
        "equal; the second turn 30% faster": World(second_turn=-0.30),
        "1% slower at 1% more joules, as an instance may be": World(slower=0.01, joules=0.01),
        "instances differ by 1%, drawn anew at 4 loads": _INSTANCES,
        **{
            f"{tasks} tasks moved by ±{move} points, none net": World(shifts=_moved(tasks, -move / 100, move / 100))
            for tasks in (8, 16)
            for move in (20, 40)
        },
        "drift, bursts, order, instances and 16 tasks moved by ±40 points": _EVERYTHING,
        "2.5% slower, 2.5% more joules: a quarter of the margins": World(slower=0.025, joules=0.025),
    },
    "p95": _on(_MACHINES, "equal", World()),
    "accuracy": {
        "equal": World(),
        "1.25 points lower: a quarter of the margin": World(shifts=(-0.0125,) * 8),
    },
    "accuracy within 10 points": _SPECIALIST,
    "joules per correct": {
        "right answers × 2, joules × 2": _more_right(2),
        "right answers × 4, joules × 4": _more_right(4),
    },
    "each domain": {"equal; 4 domains": World(domains=4)},
}
"""Policy to worlds, by the names of their rows. So for the next."""

_WORSE: Mapping[str, Mapping[str, World]] = {
    "four metrics": {
        **_on(_MACHINES, "5 points lower", _LOWER),
        **{f"{name}, of 2,400 items": replace(world, items=2400) for name, world in _LOST.items()},
        **_on(_MACHINES, SLOWER, World(slower=0.10)),
        **_on(_MACHINES, "10% more joules", World(joules=0.10)),
        "10% slower; drift, bursts, order, instances and 16 tasks moved": replace(_EVERYTHING, slower=0.10),
    },
    "with p95": _on(_MACHINES[:3], "25% slower", World(slower=0.25)),
    "accuracy": {"5 points lower": _LOWER},
    "accuracy and each domain within 10 points": _SPECIALIST,
    "each domain": {
        "10 points lower in one of 4 domains, 10 higher in another": World(domains=4, shifts=_TRADED),
    },
}

KINDS: tuple[Kind, ...] = (
    *(Kind(name, Truth.NO_WORSE, worlds[name], policy) for policy, worlds in _NO_WORSE.items() for name in worlds),
    *(
        Kind(f"equal; the second turn 2% faster; each gate's seed is {seed}", Truth.NO_WORSE, _SECOND_FASTER, seed=seed)
        for seed in (0, 1, 1234)
    ),
    Kind("two runs on record, equal; sessions of 5%", Truth.NO_WORSE, _SESSIONS, on_record=True),
    *(Kind(name, Truth.WORSE, worlds[name], policy) for policy, worlds in _WORSE.items() for name in worlds),
    Kind("two runs on record, 5 points lower", Truth.WORSE, replace(_SESSIONS, shifts=_LOWER.shifts), on_record=True),
    Kind(
        "two runs on record, 10% slower; sessions of 5%",
        Truth.HARD_TO_FIND,
        replace(_SESSIONS, slower=0.10),
        on_record=True,
    ),
    *(Kind(name, Truth.HARD_TO_FIND, world) for name, world in _LOST.items()),
    *(
        Kind(name, Truth.HARD_TO_FIND, world, "with p95")
        for name, world in _on(["bursts"], "25% slower", World(slower=0.25)).items()
    ),
    *(
        Kind(
            f"right answers × {times}, joules × {1.1 * times:g}",
            Truth.HARD_TO_FIND,
            _more_right(times, 0.10),
            "joules per correct",
        )
        for times in (2, 4)
    ),
)
"""All, in the order of the tables."""
