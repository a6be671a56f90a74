"""What accuracy costs: each system at its accuracy and a cost, and how probably it is on the front of both.

The cost is joules per request, or the median latency. Both fronts come from one set of draws, in which accuracy,
joules and latency of all systems are those of the same items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.comparability import LATENCY, groups
from reports.compare import Analysis
from reports.measures import SEED
from reports.percentiles import needed
from reports.stats import (
    Interval,
    drawn_medians,
    interval_of,
    median_bins,
    pareto_probabilities,
    ratios,
    resampled_sums,
)

LIKELY = 0.5
"""On the front at least so often: probably a member of it."""

_UNITS = 2000
"""Above so many items they are dealt at random into so many groups, and the groups are drawn: as in `resampled_sums`,
with fewer groups, as there are many columns. The spread of a sum is then known to 1/sqrt(2 * 2000) = 1.6%."""

_BINS = 32
"""Of each system's latencies: a quarter of a standard error apart where there are many."""


@dataclass(frozen=True)
class Place:
    """Where one system stands."""

    system: str
    cost: Interval | None
    """Joules or seconds; None where there are none, or too few for a median."""
    group: int | None
    """Which front it may be on, from 0; None where it takes no part."""
    on_front: float | None
    """How probably, 0 to 1, over other items of this kind; None where it takes no part."""
    reason: str
    """Why it takes no part; empty where it does."""


@dataclass(frozen=True)
class Tradeoff:
    """All systems by one cost."""

    places: tuple[Place, ...]
    """In the order of the systems."""

    @property
    def fronts(self) -> tuple[tuple[Place, ...], ...]:
        """The systems of each group, in their order: only those within a group may be compared."""
        numbers = sorted({place.group for place in self.places if place.group is not None})
        return tuple(tuple(place for place in self.places if place.group == number) for number in numbers)


@dataclass(frozen=True)
class _Draws:
    """What each system would have shown on other items: shape (resamples, systems)."""

    accuracy: NDArray[np.float64]
    joules: NDArray[np.float64]
    """Per request; infinite without any."""
    median_s: NDArray[np.float64]
    """NaN without any."""


def tradeoffs(analysis: Analysis) -> tuple[Tradeoff, Tradeoff]:
    """By joules per request, and by median latency."""
    draws = _draws(analysis.frames.items, analysis.frames.systems)
    joules = {name: each.j_per_request for name, each in analysis.measured.items()}
    seconds = dict(_medians(analysis, draws))
    return (
        _tradeoff(analysis, joules, draws.joules, draws.accuracy, analysis.energy_groups, _why_no_joules(analysis)),
        _tradeoff(
            analysis, seconds, draws.median_s, draws.accuracy, groups(analysis.prints, LATENCY),
            {name: "too few requests for a p50" for name, interval in seconds.items() if interval is None},
        ),
    )  # fmt: skip


def _why_no_joules(analysis: Analysis) -> dict[str, str]:
    spoiled = {name: "measured windows not all valid" for name, each in analysis.judged.items() if not each.valid}
    return spoiled | {name: "no joules" for name, each in analysis.measured.items() if each.j_per_request is None}


def _medians(analysis: Analysis, draws: _Draws) -> Iterator[tuple[str, Interval | None]]:
    for column, (name, each) in enumerate(analysis.measured.items()):
        estimate = each.latency_quantile_s(0.5)
        if estimate is None or len(each.latency_s) < needed(0.5) or name in analysis.not_held:
            yield name, None  # of a rate that is not held it would be the length of a queue
        elif each.items < 2:  # nothing bounds it
            yield name, Interval(estimate, 0.0, float("inf"))
        else:
            yield name, interval_of(estimate, draws.median_s[:, column])


def _tradeoff(
    analysis: Analysis,
    costs: Mapping[str, Interval | None],
    drawn: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    divided: Sequence[Sequence[str]],
    missing: Mapping[str, str],
) -> Tradeoff:
    queueing = dict.fromkeys(analysis.not_held, "does not hold the rate")
    reasons = dict(missing) | queueing | dict.fromkeys(analysis.yardsticks, "a yardstick")
    sides = [side for members in divided if (side := [name for name in members if name not in reasons])]
    where: dict[str, int] = {}
    probability: dict[str, float | None] = {}
    for number, members in enumerate(sides):
        columns = [analysis.frames.systems.index(name) for name in members]
        shares = pareto_probabilities(drawn[:, columns], accuracy[:, columns])
        probability |= dict(zip(members, shares, strict=True))
        where |= dict.fromkeys(members, number)
    return Tradeoff(
        tuple(
            Place(name, costs[name], where.get(name), probability.get(name), reasons.get(name, ""))
            for name in analysis.frames.systems
        )
    )


def _draws(items: pd.DataFrame, systems: Sequence[str]) -> _Draws:
    """Draw the items again, all systems together.

    An item is a document of a task: systems that answered other documents under the same number are never compared.
    """
    documents = pd.factorize(items["doc_id"])[0].astype(np.int64)
    keys = items["task"].cat.codes.to_numpy().astype(np.int64) * (int(documents.max()) + 1) + documents
    item, known = pd.factorize(keys)
    unit, count = item, len(known)
    if count > _UNITS:
        unit, count = np.random.default_rng(SEED).permutation(np.arange(count) % _UNITS)[item], _UNITS
    column = items["system"].cat.codes.to_numpy().astype(np.int64)
    cell = unit * len(systems) + column

    def total(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(cell, weights=weights, minlength=count * len(systems))
        return sums.reshape(count, len(systems)).astype(np.float64)

    joules = items["energy_j"].to_numpy(dtype=np.float64)
    metered = np.isfinite(joules)
    latency_s = (items["finished_s"] - items["started_s"]).to_numpy(dtype=np.float64)
    bins = [_binned(latency_s, item, unit, count, column == place) for place in range(len(systems))]
    sums = resampled_sums(
        total(items["correct"].to_numpy(dtype=np.float64)),
        total(np.ones(len(items))),
        total(np.where(metered, joules, 0.0)),
        total(metered.astype(np.float64)),
        *(counts for counts, _ in bins),
        seed=SEED,
    )
    medians = [drawn_medians(counts, values) for counts, (_, values) in zip(sums[4:], bins, strict=True)]
    return _Draws(
        # What no item was drawn for is below all others, and on no front.
        accuracy=np.where(sums[1] > 0, sums[0] / np.maximum(sums[1], 1.0), 0.0),
        joules=ratios(sums[2], sums[3]),
        median_s=np.column_stack(medians),
    )


def _binned(
    latency_s: NDArray[np.float64],
    item: NDArray[np.int64],
    unit: NDArray[np.int64],
    units: int,
    own: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many of a system's answers of each unit fall into each bin of its latencies, and what the bins stand for."""
    answered = own & np.isfinite(latency_s)
    if not answered.any():
        return np.zeros((units, 1)), np.zeros(1)
    found = median_bins(latency_s[answered], len(np.unique(item[answered])), _BINS)
    width = len(found.values)
    counts = np.bincount(unit[answered] * width + found.bin_of, minlength=units * width)
    return counts.reshape(units, width).astype(np.float64), found.values
