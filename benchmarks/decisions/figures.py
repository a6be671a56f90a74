"""Simulate many runs of each kind, and put what they said into bins next to how often it was true."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.decisions.judge import HELD, Decided, Setup, decided
from benchmarks.shares import Share, share

FIGURES = Path(__file__).with_name("figures.json")
EDGES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Of the bins of what was said; the last one holds its upper end."""
STILL = "still"
_LAYOUTS = ((STILL, 1), ("drift over 30 s", 8), ("bursts", 8))
"""Machine and blocks: without blocks time is in no interval, so that the machine has to be still."""
ITEMS = (64, 512)
WIDE, ALIKE, EQUAL, ANY = "differ widely", "are nearly alike", "are equal", "differ by any amount"
POPULATION, NARROW = "are of a normal population", "are of a narrow normal population"
CROWD = "crowd near the best"
SESSIONS = 5
"""On record where another run is known: as many as `wattbench calibrate SUITE --sessions 5` makes."""
SETUPS = (
    *(Setup(spread, noise, items, blocks) for spread in (WIDE, ALIKE) for items in ITEMS for noise, blocks in _LAYOUTS),
    Setup(WIDE, STILL, 16, 1, systems=3),
    Setup(ALIKE, STILL, 16, 1),
    Setup(ALIKE, STILL, 32, 1),
    Setup(ALIKE, STILL, 48, 1),
    Setup(ANY, STILL, 16, 1),
    Setup(ANY, STILL, 64, 1),
    Setup(POPULATION, STILL, 16, 1),
    Setup(POPULATION, STILL, 64, 1, systems=3),
    *(Setup(POPULATION, noise, 64, blocks) for noise, blocks in _LAYOUTS),
    Setup(POPULATION, STILL, 512, 1),
    Setup(NARROW, STILL, 64, 1),
    Setup(NARROW, "bursts", 64, 8),
    Setup(NARROW, STILL, 512, 1),
    Setup(CROWD, STILL, 64, 1),
    Setup(CROWD, STILL, 512, 1),
    Setup(ALIKE, STILL, 64, 1, systems=3),
    Setup(ALIKE, "drift over 30 s", 64, 8, systems=3),
    Setup(ALIKE, "drift over 300 s", 256, 8),
    Setup(ALIKE, "bursts", 256, 8, systems=3),
    Setup(ALIKE, "sessions of 15%", 64, 8),
    Setup(ALIKE, STILL, 64, 1, few=True),
    Setup(ALIKE, STILL, 64, 1, systems=3, priced=True),
    Setup("are nearly always right", STILL, 64, 1),
    Setup("are hardly ever right", STILL, 64, 1),
    Setup(EQUAL, STILL, 64, 1, systems=3),
    Setup(EQUAL, "drift over 30 s", 64, 8),
    *(
        Setup(spread, noise, items, 8, sessions=SESSIONS)
        for spread, noise, items in (
            (WIDE, "bursts", 64),
            (ALIKE, "bursts", 64),
            (ALIKE, "drift over 300 s", 256),
            (ALIKE, "sessions of 15%", 64),
            (ALIKE, "sessions of 10%, 5% of its own", 64),
        )
    ),
    Setup(ALIKE, "sessions of 15%", 64, 1, systems=3, sessions=SESSIONS),
)
FIRST = 2
"""Runs of each kind that are recorded by themselves: a test simulates them again."""

REQUIREMENT, COST, BEST_COST, BEST_BENEFIT = "accuracy", "cost", "least cost", "net benefit"
LONG_RUN = "cost, long run"
"""The same probabilities of costs, against the machine's long run: of one session, which cannot know it."""
PROBABILITIES = {
    REQUIREMENT: ("p_met", "met"),
    COST: ("p_within", "within"),
    LONG_RUN: ("p_within_long", "within"),
    BEST_COST: ("p_best_cost", "best_cost"),
    BEST_BENEFIT: ("p_best_benefit", "best_benefit"),
}
"""What is said, to the fields of `Decided` with what was said and what is true."""

Map = Callable[[Callable[[int], Decided], Iterable[int]], Iterable[Decided]]


@dataclass(frozen=True)
class Bin:
    """All that was said with about one probability."""

    number: int
    said: float
    """Mean probability."""
    true: Share
    """How often it was so; its error is clustered by run."""


@dataclass(frozen=True)
class Kind:
    """The figures of many runs of one kind."""

    setup: Setup
    runs: int
    bins: dict[str, tuple[Bin | None, ...]]
    """For each of `PROBABILITIES`; None where nothing was said with such a probability."""
    called_met: Share
    called_not_met: Share
    price_held: Share
    one_best: Share
    """How often one system is said to be the best with .95 or more, by net benefit."""
    regret: float
    """Mean expected regret; the next two likewise, and the standard error of the realised one."""
    realised: float
    realised_error: float
    first: tuple[Decided, ...]


@dataclass(frozen=True)
class Calibration:
    """All kinds, and what made them."""

    version: str
    kinds: tuple[Kind, ...]


def calibration(runs: dict[int, int], each: Map = map, note: Callable[[str], None] = lambda line: None) -> Calibration:
    """Simulate all kinds.

    Args:
        runs: items to how many runs; of another size as many as of the next larger one.
        each: how runs are spread over processes, as `map`.
        note: is called with a line for every kind that is done.
    """
    kinds: list[Kind] = []
    for setup in SETUPS:
        number = runs[min(size for size in runs if size >= setup.items)]
        kinds.append(kind_of(setup, list(each(partial(decided, setup), range(number)))))
        note(f"{setup}: {number} runs")
    return Calibration(version("wattbench"), tuple(kinds))


def kind_of(setup: Setup, found: Sequence[Decided]) -> Kind:
    """Put the runs of a kind together."""
    realised = np.array([run.realised for run in found])
    error = float(realised.std(ddof=1)) / len(found) ** 0.5 if len(found) > 1 else 0.0
    return Kind(
        setup,
        len(found),
        bins={name: bins_of(found, *fields) for name, fields in PROBABILITIES.items()},
        called_met=share([run.called_met for run in found], HELD),
        called_not_met=share([run.called_not_met for run in found], HELD),
        price_held=share([run.price_held for run in found]),
        one_best=share([float(max(run.p_best_benefit) >= EDGES[-2]) for run in found]),
        regret=round(float(np.mean([run.regret for run in found])), 6),
        realised=round(float(realised.mean()), 6),
        realised_error=round(error, 6),
        first=tuple(found[:FIRST]),
    )


def bins_of(found: Sequence[Decided], said: str, true: str) -> tuple[Bin | None, ...]:
    """Return the bins of one probability."""
    probabilities = np.array([getattr(run, said) for run in found])
    outcomes = np.array([getattr(run, true) for run in found], dtype=np.float64)
    where = np.clip(np.searchsorted(EDGES, probabilities, side="right") - 1, 0, len(EDGES) - 2)
    return tuple(_bin(probabilities, outcomes, where == number) for number in range(len(EDGES) - 1))


def _bin(said: np.ndarray, true: np.ndarray, inside: np.ndarray) -> Bin | None:
    """Return a bin, with the error of a mean of runs of unequal numbers of outcomes."""
    number = int(inside.sum())
    if not number:
        return None
    mean = float(true[inside].mean())
    parts = ((true - mean) * inside).sum(axis=1)
    clustered = float(np.sqrt((parts**2).sum())) / number
    added = (mean * number + 1) / (number + 2)
    error = max(clustered, (added * (1 - added) / number) ** 0.5)
    return Bin(number, round(float(said[inside].mean()), 6), Share(round(mean, 6), round(error, 6)))


def as_json(figures: Calibration) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> Calibration:
    """Read what `tox -e calibration` recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(recorded["version"], tuple(_kind(each) for each in recorded["kinds"]))


def _kind(recorded: dict) -> Kind:
    shares = {name: Share(**recorded[name]) for name in ("called_met", "called_not_met", "price_held", "one_best")}
    bins = {
        name: tuple(None if each is None else Bin(**each | {"true": Share(**each["true"])}) for each in row)
        for name, row in recorded["bins"].items()
    }
    first = [{key: tuple(v) if isinstance(v, list) else v for key, v in each.items()} for each in recorded["first"]]
    own = {"setup": Setup(**recorded["setup"]), "bins": bins, "first": tuple(Decided(**each) for each in first)}
    return Kind(**recorded | shares | own)
