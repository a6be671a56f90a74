"""Simulate many years of each world, try real machines, and keep the figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.nights.machines import Machine, Machines, PlantedSteps, tried
from benchmarks.nights.records import RecordGates, record_gates
from benchmarks.nights.years import false_alarms
from tests.made_up.noisy_nights import WORLDS

FIGURES = Path(__file__).with_name("figures.json")
NOISES = (0.01, 0.03)
SYSTEMS = (1, 2, 3, 6)
SETTINGS = tuple((world, noise, systems) for world in WORLDS for noise in NOISES for systems in SYSTEMS)

Map = Callable[[Callable[[int], list[int]], Iterable[int]], Iterable[list[int]]]


@dataclass(frozen=True)
class Years:
    """Years of one world without a change."""

    world: str
    noise: float
    systems: int
    years: int
    alarmed: int
    """With an alarm."""
    alarms: int
    first: tuple[int, ...]
    """The nights of the year of seed 0 that raise an alarm: a test simulates them again."""


@dataclass(frozen=True)
class NightFigures:
    """All figures, and what made them."""

    version: str
    years: tuple[Years, ...]
    machines: Machines
    """All of them."""
    records: tuple[RecordGates, ...]
    """Gates of two nights of those."""


def simulated(number: int, each: Map = map, note: Callable[[str], None] = lambda line: None) -> tuple[Years, ...]:
    """Simulate years of every world.

    Args:
        number: of each.
        each: how years are spread over processes, as `map`.
        note: is called with a line for every world that is done.
    """
    years = []
    for world, noise, systems in SETTINGS:
        alarms = list(each(partial(false_alarms, world, noise, systems), range(number)))
        alarmed = sum(map(bool, alarms))
        years.append(Years(world, noise, systems, number, alarmed, sum(map(len, alarms)), tuple(alarms[0])))
        note(f"{world}, noise {noise:.0%}, {systems} systems: {alarmed} of {number} years raise an alarm")
    return tuple(years)


def figures_of(years: tuple[Years, ...], machines: list[Machine] | None, recorded: Path = FIGURES) -> NightFigures:
    """Join the figures; without machines the recorded ones stay."""
    if machines is None:
        before = read(recorded)
        return NightFigures(version("wattbench"), years, before.machines, before.records)
    return NightFigures(version("wattbench"), years, tried(machines), record_gates(machines))


def as_json(figures: NightFigures) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> NightFigures:
    """Read what `tox -e calibration` recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return NightFigures(
        recorded["version"],
        tuple(Years(**each | {"first": tuple(each["first"])}) for each in recorded["years"]),
        _machines(recorded["machines"]),
        tuple(RecordGates(**each) for each in recorded["records"]),
    )


def _machines(recorded: dict[str, Any]) -> Machines:
    return Machines(**recorded | {"steps": tuple(PlantedSteps(**each) for each in recorded["steps"])})
