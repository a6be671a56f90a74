"""Simulate many years of each world, and changes planted in them, and keep the figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from benchmarks.nights.judge import Planted, YearVerdict, planted_creep, planted_step, year_verdict
from tests.made_up.noisy_nights import NOISE, SYSTEMS, WORLDS

FIGURES = Path(__file__).with_name("figures.json")
NOISY = 0.03
"""The noise of a machine whose nights scatter."""
SETTINGS = tuple((world, NOISE, SYSTEMS) for world in WORLDS)
"""World, noise and systems of the years without a change for which alarms are promised."""
FURTHER = (
    ("busy spells", NOISE, 2),
    ("busy spells", NOISE, 1),
    ("busy spells", NOISY, SYSTEMS),
    ("alike .8", NOISY, SYSTEMS),
)
"""Further ones, of which fewer are simulated."""
FEWER = 4
"""How many times fewer."""
STEPS = {"still": 3, "alike .3": 3, "alike .8": 10, "heavy tails": 10}
"""World to the nights within which a step is to be found."""

Input = TypeVar("Input")
Output = TypeVar("Output")


@dataclass(frozen=True)
class Years:
    """Years of one world without a change."""

    world: str
    noise: float
    systems: int
    years: tuple[YearVerdict, ...]

    @property
    def alarmed(self) -> int:
        """Return the number of years that raise any alarm."""
        return sum(each.change is not None or each.comparison is not None for each in self.years)


@dataclass(frozen=True)
class Steps:
    """Steps planted in one world."""

    world: str
    within: int
    """Nights."""
    planted: tuple[Planted, ...]

    @property
    def found(self) -> int:
        """Return the number that raise an alarm within those nights."""
        return sum(each.after is not None and each.after <= self.within for each in self.planted)

    @property
    def called_step(self) -> int:
        """Return the number of those found at all whose first change is called a step."""
        return sum(each.shapes[0] == "step" for each in self.planted if each.shapes)


@dataclass(frozen=True)
class NightFigures:
    """All simulations, and what made them."""

    version: str
    years: tuple[Years, ...]
    steps: tuple[Steps, ...]
    creeps: tuple[Planted, ...]


def simulated(number: int, note: Callable[[str], None] = lambda line: None) -> NightFigures:
    """Simulate all of it.

    Args:
        number: of years of each world, of steps and of creeps.
        note: is called with a line for each part that is done.
    """
    steps = []
    for world, within in STEPS.items():
        steps.append(Steps(world, within, _each(partial(planted_step, world), range(number))))
        note(f"steps, {world}: {steps[-1].found} of {number} found within {within} nights")
    creeps = _each(planted_creep, range(number))
    note(f"creeps: {sum('step' in each.shapes for each in creeps)} of {number} called a step")
    years = []
    for position, (world, noise, systems) in enumerate((*SETTINGS, *FURTHER)):
        many = number if position < len(SETTINGS) else -(-number // FEWER)
        years.append(Years(world, noise, systems, _each(partial(year_verdict, world, noise, systems), range(many))))
        note(f"{world}, noise {noise:.0%}, {systems} systems: {years[-1].alarmed} of {many} years raise an alarm")
    return NightFigures(version("wattbench"), tuple(years), tuple(steps), creeps)


def _each(judged: Callable[[Input], Output], numbers: Iterable[Input]) -> tuple[Output, ...]:
    return tuple(map(judged, numbers))


def as_json(figures: NightFigures) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> NightFigures:
    """Read what `tox -e calibration` recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return NightFigures(
        version=recorded["version"],
        years=tuple(
            Years(**each | {"years": tuple(YearVerdict(**year) for year in each["years"])})
            for each in recorded["years"]
        ),
        steps=tuple(Steps(**each | {"planted": _planted(each["planted"])}) for each in recorded["steps"]),
        creeps=_planted(recorded["creeps"]),
    )


def _years(recorded: Iterable[dict[str, int | None]]) -> tuple[YearVerdict, ...]:
    return tuple(YearVerdict(**each) for each in recorded)


def _planted(recorded: Iterable[dict[str, object]]) -> tuple[Planted, ...]:
    return tuple(Planted(each["after"], tuple(each["shapes"])) for each in recorded)  # type: ignore[arg-type]  # JSON
