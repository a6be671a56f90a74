"""Read the grids of a run, and estimate what each setting of a grid changes.

A grid is a full factorial: a system for each combination of settings. The main effect of a setting, against the first
setting of its axis, is the mean over the combinations of all other axes of the difference in accuracy, and of the
ratio of costs (the difference of their logarithms). It is a mean, and not what any one system gains.

All arms answered the same blocks, so that effects are contrasts within blocks: `wattbench_reports.stats.contrasts`,
which names the sources. Blocks that some arm was not asked are left out. What arms answered decides when the first one
is dropped, so that intervals then hold together over all moments at which that could have been (Bonferroni). An
interaction of two axes is a difference between two such differences; those of a grid are tested together (Holm).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.metrics.costs import Costs, cost_per_request, mean_of_kind
from wattbench_reports.metrics.domain_sums import SCORES
from wattbench_reports.stats import Contrast, contrast, holm
from wattbench_reports.tables.suite_record import SuiteRecord

Labels = tuple[str, ...]
"""Of an arm: the label of its setting on each axis."""


@dataclass(frozen=True)
class Axis:
    """An axis of a grid."""

    name: str
    labels: Labels
    """Of its settings, in the order of the suite."""


@dataclass(frozen=True)
class Grid:
    """The systems of a run that were made from one grid."""

    name: str
    """The system whose `grid` it is."""
    axes: tuple[Axis, ...]
    arms: Mapping[Labels, str]
    """The labels of each arm to its system, in the order of the suite."""

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """Return the systems, in the order of the suite."""
        return tuple(self.arms.values())

    def complete(self, *axes: int) -> list[Labels]:
        """Return the combinations of all other axes' settings that have an arm for each setting of some axes.

        Args:
            axes: positions.
        """
        others = [() if number in axes else axis.labels for number, axis in enumerate(self.axes)]
        settings = list(product(*(self.axes[number].labels for number in axes)))
        return [
            rest
            for rest in product(*(each or ("",) for each in others))
            if all(placed(rest, dict(zip(axes, each, strict=True))) in self.arms for each in settings)
        ]


def placed(labels: Labels, at: Mapping[int, str]) -> Labels:
    """Return labels with others at some positions."""
    return tuple(at.get(number, label) for number, label in enumerate(labels))


def grids_of(suite: SuiteRecord, systems: Collection[str]) -> tuple[Grid, ...]:
    """Return the grids of a suite, in its order. One of fewer than two systems is none.

    Args:
        suite: as recorded.
        systems: those that were asked anything.
    """
    members: dict[str, dict[str, Mapping[str, str]]] = {}
    for name, settings in suite.systems.items():
        if settings.arm is not None and settings.arm.labels and name in systems:
            members.setdefault(settings.arm.grid, {})[name] = settings.arm.labels
    grids = []
    for grid, labels in members.items():
        names = tuple(next(iter(labels.values())))
        axes = tuple(Axis(name, tuple(dict.fromkeys(each.get(name, "") for each in labels.values()))) for name in names)
        arms: dict[Labels, str] = {}
        for system, each in labels.items():
            arms.setdefault(tuple(each.get(name, "") for name in names), system)
        if len(arms) > 1:
            grids.append(Grid(grid, axes, arms))
    return tuple(grids)


@dataclass(frozen=True)
class SettingEffect:
    """What a setting of an axis changes, as the mean over the combinations of all other axes."""

    axis: str
    label: str
    accuracy: float
    """The mean of the arms with this setting."""
    cost: float | None
    """The geometric mean of their costs per request; None where costs are not compared."""
    accuracy_difference: Contrast | None
    """From the arms with the axis's first setting; None for that setting."""
    cost_ratio: Contrast | None
    """To their costs, likewise."""


@dataclass(frozen=True)
class Interaction:
    """How far the effect of one axis depends on another: the most certain of the contrasts that are shown."""

    figure: str
    """``accuracy`` or ``cost``."""
    axis: str
    label: str
    first: str
    """The setting of the axis that the label is compared with."""
    other: str
    """The other axis."""
    at: tuple[str, str]
    """Two of its settings."""
    effects: tuple[float, float]
    """The effect of the label at each of them: a difference of accuracies, or a ratio of costs."""
    p_value: float
    """Adjusted for all interactions of the grid."""


@dataclass(frozen=True)
class GridEffects:
    """The main effects of a grid."""

    blocks: int
    """Blocks that all arms answered, from which effects are estimated."""
    of: int
    """Blocks of the run."""
    settings: tuple[SettingEffect, ...]
    """By axis, in the order of the grid. An axis whose settings no arms share is left out."""
    interactions: tuple[Interaction, ...]
    """Those that are shown: one of accuracy and one of cost at most, for each pair of axes."""
    why_no_cost: str
    """Why costs are not compared, as a clause; empty where they are."""


def grid_effects(
    grid: Grid, measured: Measured, costs: Costs | None, why_no_cost: str, *, of: int, looks: int = 1
) -> GridEffects | None:
    """Estimate the main effects of a grid; None where no block has a score of each arm.

    Args:
        grid: of the run.
        measured: of a run, or a part of it, in which all arms answered the same items.
        costs: in one unit; None where those of some arms cannot be compared.
        why_no_cost: why not, as a clause.
        of: how many blocks the whole run has.
        looks: at how many moments an arm could have been dropped, if one was: it is what decided the number of blocks.
    """
    base, shares = measured.basis, measured.shares
    arms = [base.systems.index(name) for name in grid.systems]
    if base.blocks is None:
        sums = {**base.totals, "metered": base.metered, SCORES: base.correct, "trials": base.trials}
        sums = {kind: values[None] for kind, values in sums.items()}
    else:
        sums = dict(base.blocks.kinds)
    accuracy = mean_of_kind(sums[SCORES], sums["trials"], shares)[:, arms]
    known = np.isfinite(accuracy).all(axis=1)
    cost = None
    if costs is not None:
        cost = cost_per_request(costs, sums, shares)[:, arms]
        priced = known & np.isfinite(cost).all(axis=1)
        if priced.any() and (cost[priced] > 0).all():
            known = priced
        else:
            cost, why_no_cost = None, "no block has a cost above 0 of each"
    if not known.any():
        return None
    figures = {"accuracy": accuracy[known]} | ({} if cost is None else {"cost": np.log(cost[known])})
    return GridEffects(
        blocks=int(known.sum()),
        of=of,
        settings=tuple(_settings(grid, figures, looks)),
        interactions=tuple(_interactions(grid, figures, looks)),
        why_no_cost="" if cost is not None else why_no_cost,
    )


_Figures = Mapping[str, NDArray[np.float64]]
"""``accuracy`` and the logarithm of ``cost``, each of shape (blocks, arms)."""


def _settings(grid: Grid, figures: _Figures, looks: int) -> Iterator[SettingEffect]:
    for number, axis in enumerate(grid.axes):
        rest = grid.complete(number)
        if len(axis.labels) < 2 or not rest:
            continue
        of_first = _weights(grid, [(rest, {number: axis.labels[0]}, 1.0)])
        for label in axis.labels:
            of_label = _weights(grid, [(rest, {number: label}, 1.0)])
            means = {name: contrast(values, of_label).estimate for name, values in figures.items()}
            others = figures if label != axis.labels[0] else {}
            against = {name: contrast(values, of_label - of_first, looks) for name, values in others.items()}
            yield SettingEffect(
                axis.name,
                label,
                float(np.clip(means["accuracy"], 0.0, 1.0)),
                float(np.exp(means["cost"])) if "cost" in means else None,
                against.get("accuracy"),
                against["cost"].exp() if "cost" in against else None,
            )


def _weights(grid: Grid, terms: Collection[tuple[Collection[Labels], Mapping[int, str], float]]) -> NDArray[np.float64]:
    """Return the weight of each arm in a sum of means.

    Args:
        grid: whose arms they are.
        terms: each a mean over some combinations, with some labels at some positions, times a factor.
    """
    position = {labels: number for number, labels in enumerate(grid.arms)}
    weights = np.zeros(len(position))
    for rest, at, factor in terms:
        for labels in rest:
            weights[position[placed(labels, at)]] += factor / len(rest)
    return weights


def _interactions(grid: Grid, figures: _Figures, looks: int) -> Iterator[Interaction]:
    tested = list(_tested(grid, figures, looks))
    adjusted = holm([each.p_value for each in tested])
    shown: dict[tuple[str, str, str], Interaction] = {}
    for each, p_value in sorted(zip(tested, adjusted, strict=True), key=lambda pair: pair[0].p_value):
        if p_value is not None and p_value <= ALPHA:
            shown.setdefault((each.figure, each.axis, each.other), replace(each, p_value=p_value))
    return iter(shown.values())


def _tested(grid: Grid, figures: _Figures, looks: int) -> Iterator[Interaction]:
    for one, other in combinations(range(len(grid.axes)), 2):
        first, *labels = grid.axes[one].labels
        at_first, *others = grid.axes[other].labels
        rest = grid.complete(one, other)
        for label, at in product(labels, others) if rest else ():
            effects = [
                _weights(grid, [(rest, {one: label, other: where}, 1.0), (rest, {one: first, other: where}, -1.0)])
                for where in (at_first, at)
            ]
            for name, values in figures.items():
                apart = contrast(values, effects[1] - effects[0], looks)
                if apart.p_value is None:
                    continue
                by = [contrast(values, each) for each in effects]
                at_each = [(each.exp() if name == "cost" else each).estimate for each in by]
                yield Interaction(
                    name, grid.axes[one].name, label, first, grid.axes[other].name, (at_first, at),
                    (at_each[0], at_each[1]), apart.p_value,
                )  # fmt: skip
