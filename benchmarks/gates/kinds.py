"""The kinds of gates that are simulated: in which world, by which policy, and what is promised of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.made_up.gate_worlds import World
from tests.made_up.noisy_machine import NOISES, Noise


class Truth(StrEnum):
    """What is true of a candidate."""

    NO_WORSE = "no worse"
    AT_THE_MARGIN = "worse by the margin"
    """By exactly the change that fails: it may fail or stay undecided, and must not pass."""


@dataclass(frozen=True)
class Kind:
    """A row of the tables."""

    name: str
    truth: Truth
    world: World
    policy: str = "5 points, 10%"
    """One of `benchmarks.gates.policies.POLICIES`."""
    seed: int | None = None
    """Of the order of items and of who is first, in every gate; None: a fresh one for each."""
    stated: bool = False
    """What a gate says that it can find is compared with what such gates find."""


def _moved(tasks: int, first: float, last: float) -> tuple[float, ...]:
    """Return shifts of the first and the last half of tasks: the worst case for a plan by tasks."""
    return (first,) * (tasks // 2) + (last,) * (tasks // 2)


ITEMS = 400
"""Of a gate, where a row does not say otherwise."""
_WORLD = World(items=ITEMS)
WORLDS: Mapping[str, World] = {
    "still": _WORLD,
    "drift over 30 s": replace(_WORLD, noise=NOISES["drift over 30 s"]),
    "drift over 300 s": replace(_WORLD, noise=NOISES["drift over 300 s"]),
    "bursts": replace(_WORLD, noise=NOISES["bursts"]),
    "cron": replace(_WORLD, noise=Noise(cron_every_s=60.0)),
    "each wanders by 3% over 60 s": replace(_WORLD, wander_sd=0.03),
    "each wanders by 5% over 60 s": replace(_WORLD, wander_sd=0.05),
    "each wanders by 10% over 30 s": replace(_WORLD, wander_sd=0.10, wander_s=30.0),
    "each wanders by 5% over 60 s; loaded once": replace(_WORLD, wander_sd=0.05, cheap_loads=False),
    "instances differ by 1%": replace(_WORLD, instances_sd=0.01),
    "instances differ by 2%": replace(_WORLD, instances_sd=0.02),
    "instances differ by 3%": replace(_WORLD, instances_sd=0.03),
    "answers right independently": replace(_WORLD, independent=True),
    "lengths of their own, log-sd .3": replace(_WORLD, lengths_sd=0.3),
    "lengths of their own, log-sd .7": replace(_WORLD, lengths_sd=0.7),
    "16 tasks moved by ±30 points": replace(_WORLD, shifts=_moved(16, -0.30, 0.30)),
}
"""Worlds in which the two systems are equal, but for what the name says."""
LOADED_ONCE: Mapping[str, World] = {
    f"instances differ by {share}%; loaded once": replace(_WORLD, instances_sd=share / 100, cheap_loads=False)
    for share in (1, 2, 3)
}
"""Worlds in which a gate says that it is of these two instances, and cannot know more."""
SHAPES: Mapping[str, tuple[float, float]] = {
    "20% × 1.5": (0.2, 1.5), "10% × 2": (0.1, 2.0), "5% × 3": (0.05, 3.0), "2% × 6": (0.02, 6.0),
}  # fmt: skip
"""Candidates that take longer on some items, 10% on average: the share of items, and how many times."""


def _sizes(world: World) -> Mapping[str, World]:
    return {f"{items} items": replace(world, items=items) for items in (96, 200, 400, 1200)}


_SECOND_FASTER = replace(_WORLD, second_turn=-0.02)

KINDS: tuple[Kind, ...] = (
    *(Kind(f"equal; {name}", Truth.NO_WORSE, world, "default") for name, world in _sizes(_WORLD).items()),
    *(
        Kind(f"equal; {name}; instances differ by 1%, drift over 30 s", Truth.NO_WORSE, world, "default")
        for name, world in _sizes(replace(WORLDS["drift over 30 s"], instances_sd=0.01)).items()
    ),
    *(Kind(f"equal; {name}", Truth.NO_WORSE, world, stated=True) for name, world in WORLDS.items()),
    *(Kind(f"equal; {name}", Truth.NO_WORSE, world) for name, world in LOADED_ONCE.items()),
    *(
        Kind(f"equal; the second turn 2% faster; each gate's seed is {seed}", Truth.NO_WORSE, _SECOND_FASTER, seed=seed)
        for seed in (0, 1, 1234)
    ),
    *(Kind(f"equal; {name}", Truth.NO_WORSE, WORLDS[name], "p95") for name in ("still", "drift over 30 s", "bursts")),
    Kind("equal; 4 domains", Truth.NO_WORSE, replace(_WORLD, items=1200, domains=4), "each domain"),
    Kind(
        "right answers × 2, joules × 2",
        Truth.NO_WORSE,
        replace(_WORLD, items=1200, accuracy=0.2, shifts=(0.2,) * 8, joules=1.0),
        "joules per correct",
    ),
    *(
        Kind(f"10% slower, 10% more joules; {name}", Truth.AT_THE_MARGIN, world, "seconds and joules")
        for name, world in (
            (name, replace(world, slower=0.10, joules=0.10))
            for name, world in WORLDS.items()
            if not (world.independent or world.shifts[0])
        )
    ),
    *(
        Kind(f"longer on {shape}; {items} items", Truth.AT_THE_MARGIN, world, "seconds and joules")
        for items in (200, 400, 1200)
        for shape, world in ((shape, replace(_WORLD, items=items, longer=longer)) for shape, longer in SHAPES.items())
    ),
    *(
        Kind(f"5 points lower; {name}", Truth.AT_THE_MARGIN, world, "accuracy")
        for name, world in {
            "still": replace(_WORLD, shifts=(-0.05,) * 8),
            "answers right independently": replace(_WORLD, shifts=(-0.05,) * 8, independent=True),
            "16 tasks moved by +15 and -25": replace(_WORLD, shifts=_moved(16, 0.15, -0.25)),
            "1,200 items": replace(_WORLD, items=1200, shifts=(-0.05,) * 8),
        }.items()
    ),
    Kind("25% slower; drift over 30 s", Truth.AT_THE_MARGIN, replace(WORLDS["drift over 30 s"], slower=0.25), "p95"),
    Kind(
        "10 points lower in one of 4 domains, 10 higher in another",
        Truth.AT_THE_MARGIN,
        replace(_WORLD, items=1200, domains=4, shifts=(0.10, 0.10, 0.0, 0.0, 0.0, 0.0, -0.10, -0.10)),
        "each domain",
    ),
)
"""All, in the order of the tables."""
