"""Simulate many runs of each kind, and put what they said into bins next to how often it was true."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.decisions.judge import SPREADS, Decided, decided
from benchmarks.shares import Share, share

FIGURES = Path(__file__).with_name("figures.json")
EDGES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Of the bins of what was said; the last one holds its upper end."""
LAYOUTS = (("still", 1), ("drift over 30 s", 8), ("bursts", 8))
"""Machine and blocks: without blocks time is in no interval, so that the machine has to be still."""
ITEMS = (64, 512)
FIRST = 2
"""Runs of each kind that are recorded by themselves: a test simulates them again."""

REQUIREMENT, COST, BEST_COST, BEST_BENEFIT = "accuracy", "cost", "least cost", "net benefit"
PROBABILITIES = {
    REQUIREMENT: ("p_met", "met"),
    COST: ("p_within", "within"),
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

    spread: str
    noise: str
    items: int
    blocks: int
    runs: int
    bins: dict[str, tuple[Bin | None, ...]]
    """For each of `PROBABILITIES`; None where nothing was said with such a probability."""
    called_met: Share
    called_not_met: Share
    price_held: Share
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
        runs: items to how many runs of that size.
        each: how runs are spread over processes, as `map`.
        note: is called with a line for every kind that is done.
    """
    kinds: list[Kind] = []
    for spread in SPREADS:
        for items, number in runs.items():
            for noise, blocks in LAYOUTS:
                found = list(each(partial(decided, spread, noise, items, blocks), range(number)))
                kinds.append(kind_of(spread, noise, items, blocks, found))
                note(f"systems that {spread}, {noise}, {items} items, {blocks} blocks: {number} runs")
    return Calibration(version("wattbench"), tuple(kinds))


def kind_of(spread: str, noise: str, items: int, blocks: int, found: Sequence[Decided]) -> Kind:
    """Put the runs of a kind together."""
    realised = np.array([run.realised for run in found])
    error = float(realised.std(ddof=1)) / len(found) ** 0.5 if len(found) > 1 else 0.0
    return Kind(
        spread,
        noise,
        items,
        blocks,
        len(found),
        bins={name: bins_of(found, *fields) for name, fields in PROBABILITIES.items()},
        called_met=share([run.called_met for run in found], len(found[0].met)),
        called_not_met=share([run.called_not_met for run in found], len(found[0].met)),
        price_held=share([run.price_held for run in found]),
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
    shares = {name: Share(**recorded[name]) for name in ("called_met", "called_not_met", "price_held")}
    bins = {
        name: tuple(None if each is None else Bin(**each | {"true": Share(**each["true"])}) for each in row)
        for name, row in recorded["bins"].items()
    }
    first = [{key: tuple(v) if isinstance(v, list) else v for key, v in each.items()} for each in recorded["first"]]
    return Kind(**recorded | shares | {"bins": bins, "first": tuple(Decided(**each) for each in first)})
