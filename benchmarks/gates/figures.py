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
from benchmarks.gates.simulate import Outcome, gate
from benchmarks.shares import Share, share

FIGURES = Path(__file__).with_name("figures.json")
FIRST = 3
"""As many gates of each kind are recorded by themselves: a test simulates them again."""

Map = Callable[[Callable[[int], Outcome], Iterable[int]], Iterable[Outcome]]


@dataclass(frozen=True)
class Rates:
    """The figures of many gates of one kind."""

    kind: str
    """`Kind.name` and its policy."""
    gates: int
    regressed: Share
    passed: Share
    inconclusive: Share
    items: tuple[float, float, float]
    """Items until the verdict, or until the last round: median, and the first and the last decile."""
    named: dict[str, float]
    """Metric to the share of all gates that name it as worse, biggest first."""
    fixed: FixedSize | None
    """Items that a test of fixed size needs to find what is worse; None where nothing is worse by a margin."""
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
        rates.append(_rates(kind, list(each(partial(gate, kind), range(gates)))))
        note(f"{label(kind)}: {gates} gates, {100 * rates[-1].regressed.share:.1f}% regressed")
    return GateFigures(version("wattbench"), tuple(rates))


def _rates(kind: Kind, outcomes: Sequence[Outcome]) -> Rates:
    shares = {
        verdict: share([each.verdict == verdict for each in outcomes])
        for verdict in ("regressed", "passed", "inconclusive")
    }
    quantiles = np.quantile([each.items for each in outcomes], [0.5, 0.1, 0.9]).round(1).tolist()
    counts = {name: sum(name in each.worse for each in outcomes) for each in outcomes for name in each.worse}
    return Rates(
        kind=label(kind),
        gates=len(outcomes),
        **shares,
        items=(quantiles[0], quantiles[1], quantiles[2]),
        named={name: round(counts[name] / len(outcomes), 6) for name in sorted(counts, key=lambda name: -counts[name])},
        fixed=fixed_size(kind),
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
    shares = {name: Share(**recorded[name]) for name in ("regressed", "passed", "inconclusive")}
    fixed = recorded["fixed"] and FixedSize(**recorded["fixed"])
    first = tuple(Outcome(**each | {"worse": tuple(each["worse"])}) for each in recorded["first"])
    return Rates(**recorded | shares | {"items": tuple(recorded["items"]), "fixed": fixed, "first": first})
