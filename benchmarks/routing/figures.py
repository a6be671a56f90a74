"""Simulate many runs of each kind, and count what was said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.routing.judge import Judged, judged
from benchmarks.routing.worlds import WORLDS, World
from benchmarks.shares import Share, share
from wattbench_reports.routing.model import WorthBuilding

FIGURES = Path(__file__).with_name("figures.json")
RUNS, RUNS_BY_WORDS = 500, 100
"""Of each kind: a router by words takes ten times as long."""
FIRST = 2
"""Runs of each kind that are recorded by themselves: a test simulates them again."""

Map = Callable[[Callable[[int], Judged], Iterable[int]], Iterable[Judged]]


@dataclass(frozen=True)
class Kind:
    """The figures of many runs of one kind."""

    world: str
    shuffled: bool
    items: int
    runs: int
    worth_building: Share
    not_worth_it: Share
    above_ceiling: int
    """How many routers of all runs were above what a perfect choice gives."""
    judged: int
    """How many routers were judged in all runs."""
    gain: float
    """Mean of the recommended router's, by the aim."""
    first: tuple[Judged, ...]


@dataclass(frozen=True)
class Calibration:
    """All kinds, and what made them."""

    version: str
    kinds: tuple[Kind, ...]


def calibration(
    runs: tuple[int, int],
    each: Map = map,
    note: Callable[[str], None] = lambda line: None,
    worlds: Sequence[World] = WORLDS,
) -> Calibration:
    """Simulate all kinds.

    Args:
        runs: of each kind by domain, and by words.
        each: how runs are spread over processes, as `map`.
        note: is called with a line for every kind that is done.
        worlds: the kinds.
    """
    kinds: list[Kind] = []
    for world in worlds:
        number = runs[1] if world.texts else runs[0]
        kinds.append(kind_of(world, list(each(partial(judged, world), range(number)))))
        note(f"{world.name}, {'shuffled' if world.shuffled else 'planted'}: {number} runs, {kinds[-1].worth_building}")
    return Calibration(version("wattbench"), tuple(kinds))


def kind_of(world: World, results: Sequence[Judged]) -> Kind:
    """Put the runs of a kind together."""

    def said(answer: WorthBuilding) -> Share:
        return share([float(each.answer == answer.value) for each in results])

    return Kind(
        world.name,
        world.shuffled,
        world.items,
        len(results),
        worth_building=said(WorthBuilding.YES),
        not_worth_it=said(WorthBuilding.NO),
        above_ceiling=sum(each.above_ceiling for each in results),
        judged=sum(each.choices for each in results),
        gain=round(float(np.mean([each.gain for each in results])), 6),
        first=tuple(results[:FIRST]),
    )


def as_json(figures: Calibration) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> Calibration:
    """Read what `tox -e calibration` recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(recorded["version"], tuple(_kind(each) for each in recorded["kinds"]))


def _kind(recorded: dict) -> Kind:
    shares = {name: Share(**recorded[name]) for name in ("worth_building", "not_worth_it")}
    return Kind(**recorded | shares | {"first": tuple(Judged(**each) for each in recorded["first"])})
