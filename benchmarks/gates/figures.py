"""Simulate many gates of each kind, and keep their figures: shares with their errors, and the first gates to repeat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gates.fixed_size import FixedSize, fixed_size
from benchmarks.gates.kinds import Kind
from benchmarks.gates.simulate import Outcome, gate, worsened
from benchmarks.shares import Share, share

FIGURES = Path(__file__).with_name("figures.json")
FIRST = 3
"""As many gates of each kind are recorded by themselves: a test simulates them again."""

Map = Callable[[Callable[[int], Outcome], Iterable[int]], Iterable[Outcome]]


@dataclass(frozen=True)
class Stated:
    """The fault that gates say they find in nine of ten cases, and how often they find it."""

    metric: str
    size: float
    """The median of what equal gates say at their end."""
    found: Share


@dataclass(frozen=True)
class Rates:
    """The figures of many gates of one kind."""

    kind: str
    """`Kind.name` and its policy."""
    gates: int
    regressed: Share
    passed: Share
    inconclusive: Share
    futile: Share
    """Of all gates, those that ended as no verdict was likely: a part of the inconclusive ones."""
    items: tuple[float, float, float]
    """Items until the verdict, or until the last round: median, and the first and the last decile."""
    fixed: FixedSize | None
    """Items that a test of fixed size needs; None where the candidate is worse."""
    stated: tuple[Stated, ...]
    first: tuple[Outcome, ...]


@dataclass(frozen=True)
class GateFigures:
    """All kinds, and what made them."""

    version: str
    rates: tuple[Rates, ...]

    def of(self, kind: Kind) -> Rates:
        """Return the figures of a kind."""
        return next(each for each in self.rates if each.kind == label(kind))


def label(kind: Kind) -> str:
    """Return a name that no other kind has."""
    return f"{kind.name} ({kind.policy})"


def simulated(
    gates: int,
    kinds: Sequence[Kind],
    each: Map = map,
    note: Callable[[str], None] = lambda line: None,
) -> GateFigures:
    """Simulate gates of each kind.

    Args:
        gates: of each kind.
        kinds: which.
        each: how gates are spread over processes, as `map`.
        note: is called with a line for every kind that is done.
    """
    rates = []
    for kind in kinds:
        outcomes = list(each(partial(gate, kind), range(gates)))
        rates.append(_rates(kind, outcomes, _stated(kind, outcomes, each)))
        note(f"{label(kind)}: {gates} gates, {100 * rates[-1].regressed.share:.1f}% regressed")
    return GateFigures(version("wattbench"), tuple(rates))


def _stated(kind: Kind, outcomes: Sequence[Outcome], each: Map) -> tuple[Stated, ...]:
    """Simulate candidates with the fault that gates of the kind say they find."""
    if not kind.stated:
        return ()
    stated = []
    for metric in dict.fromkeys(name for outcome in outcomes for name in outcome.detects):
        size = float(np.median([outcome.detects.get(metric, np.inf) for outcome in outcomes]))
        if np.isfinite(size):
            found = each(partial(gate, worsened(kind, metric, size)), range(len(outcomes)))
            stated.append(Stated(metric, round(size, 4), share([metric in outcome.worse for outcome in found])))
    return tuple(stated)


def _rates(kind: Kind, outcomes: Sequence[Outcome], stated: tuple[Stated, ...]) -> Rates:
    shares = {
        verdict: share([each.verdict == verdict for each in outcomes])
        for verdict in ("regressed", "passed", "inconclusive")
    }
    quantiles = np.quantile([each.items for each in outcomes], [0.5, 0.1, 0.9]).round(1).tolist()
    return Rates(
        kind=label(kind),
        gates=len(outcomes),
        **shares,
        futile=share([each.futile for each in outcomes]),
        items=(quantiles[0], quantiles[1], quantiles[2]),
        fixed=fixed_size(kind),
        stated=stated,
        first=tuple(outcomes[:FIRST]),
    )


def as_json(figures: GateFigures) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> GateFigures:
    """Read what `tox -e calibration` recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return GateFigures(recorded["version"], tuple(_read_rates(each) for each in recorded["rates"]))


def _read_rates(recorded: dict[str, Any]) -> Rates:
    shares = {name: Share(**recorded[name]) for name in ("regressed", "passed", "inconclusive", "futile")}
    fixed = recorded["fixed"] and FixedSize(**recorded["fixed"])
    first = tuple(Outcome(**each | {"worse": tuple(each["worse"])}) for each in recorded["first"])
    stated = tuple(Stated(**each | {"found": Share(**each["found"])}) for each in recorded["stated"])
    rest = {"items": tuple(recorded["items"]), "fixed": fixed, "stated": stated, "first": first}
    return Rates(**recorded | shares | rest)
