"""Decide after a block of a run which systems are not asked any more, as they cannot be chosen.

A run in blocks looks at its complete blocks, each time when they are 1.4 times those of the last look (`looks_at`). At
a look a system i is dropped

(a) where it fails a requirement: its bound lies on the wrong side (`checks`);
(b) where some rival j is better. Under the objective ``cost``, ``benefit`` or ``accuracy``: i's loss is shown to be
    larger than j's, and j is shown to meet each requirement, or, if that bounds a cost, to cost less than i. Under
    ``prices``: i is shown to cost more than j and to be less accurate.

**What is protected.** The truly best system, by the objective among those that truly meet the requirements, is dropped
before the end with probability at most E = error / 2 x (K - 1) / K, of K systems. Half of E is that of (a), half of
(b); without requirements all of it is that of (b). Errors are added up over looks and requirements (O. J. Dunn,
"Multiple comparisons among means", JASA 56 (1961)):

(a) one of q bounds is wrong at some look: each is at E / 2 / (looks x q).
(b) no rival is better than the truly best i: each j truly misses a requirement, or truly has no smaller loss. So one of
    the statements about j is wrong if j looks better, and the p-value of a rival is the largest of them, without a
    correction for their number (an intersection-union test: R. L. Berger, "Multiparameter hypothesis testing and
    acceptance sampling", Technometrics 24 (1982)). A cost that j shows in two ways, by its own bound or by the
    difference from i, has twice the smaller p-value. The level of each rival is E / 2 / (looks x (K - 1)).

The level of a rival is small: 7 in 100,000 for 24 systems in 64 blocks. Simes' test of all rivals of a system together
(Biometrika 73 (1986)) would be at larger levels, and drop hardly a system more: the rival that is surest decides. A
mixture of t tests that holds at every block without fixed looks (T. L. Lai, Annals of Statistics 4 (1976)) needs a t
that is a tenth larger at each of these looks, at the best scale of its mixture.

Under ``prices`` each system that no other truly excels in accuracy and cost is protected, and all of them together: the
level is divided by K once more.

**Alike systems.** One of K alike systems is called the best only where all others are dropped or lose at the end. As
each of them is dropped with probability at most E, K - 1 of them are with at most E K / (K - 1) = error / 2 (Markov's
inequality). The other half of `error` is that of the ties of the decision at the end (`Problem.alpha`).

**Bounds.** Each bound that is printed of a dropped system is at the level at which it was dropped, so that at whatever
look that was, it is wrong with probability at most looks x level. A system that is asked to the end has its intervals
at a fixed time.

**Who takes part.** A yardstick, a system that did other work, and one that is not shown to hold a rate are never
dropped. One whose loss is not known or not compared, or of which too many replies are cut, is dropped where it fails a
requirement, and not for a rival. None of them drops another. A system that is useless, or fails a requirement, drops no
other. Losses of a rival are lower by the estimate, so that each chain of rivals ends in a system that stays. Where all
that could be chosen fail, the one that is nearest to the requirements stays (`surest`).

Valid where the p-values and bounds are, of blocks that are alike but for chance: see `covarying` and `bounds`. What
drifts over the whole run in favour of one system is in no block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench.records import BoundedRow, DroppedRow
from wattbench_reports.comparison.dropped import DroppedSystems
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.best import pairwise
from wattbench_reports.decision.checks import UNITS, bounded_accuracy, bounded_costs
from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.model import Check, Objective, Qualifies
from wattbench_reports.decision.problem import Problem, never_candidates
from wattbench_reports.decision.surest import surest
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.stats.student import t_at

FIRST = 5
"""Blocks before which a run does not look: of fewer a spread cannot be estimated well, as
`wattbench.measure.effort.LEAST` has it. At the levels of a look Student's t of three blocks is above 50."""
GROWTH = 2**0.5
"""How many times the blocks of the look before a look has. Looks after every block would be at smaller levels: in
simulations of 24 arms such runs ask 1 to 2% more of the requests."""

Yes = NDArray[np.bool_]


def looks_at(blocks: int) -> tuple[int, ...]:
    """Return how many blocks are done at each look of a run of a number of blocks: 5, 7, 10, 14, 20, 28, 40, 57."""
    planned: list[int] = []
    while (done := round(FIRST * GROWTH ** len(planned))) < blocks:
        planned.append(done)
    return tuple(planned)


def is_look(done: int, blocks: int) -> bool:
    """Return whether a run looks when some of its blocks are done."""
    return done in looks_at(blocks)


def looks_of(blocks: int) -> int:
    """Return how many looks a run of a number of blocks plans."""
    return len(looks_at(blocks))


def risk_of_bounds(dropped: DroppedSystems) -> float | None:
    """Return the risk at most with which a bound of a dropped system is wrong, at whatever look it was dropped.

    None where the record does not say how many blocks the run planned.
    """
    if dropped.blocks is None:
        return None
    levels = (
        each.look.requirement_level if each.row.rival is None and each.look.requirement_level else each.look.level
        for each in dropped.systems
    )
    return max(levels) * max(looks_of(dropped.blocks), 1)


@dataclass(frozen=True)
class LookLevels:
    """The probabilities with which the statements of one look may be wrong."""

    rival: float
    """Of what shows that a rival is better."""
    requirement: float | None
    """Of each bound that drops a system for a requirement; None without requirements."""


def levels_of(error: float, looks: int, choice_of: int, requirements: int, objective: Objective) -> LookLevels:
    """Divide the error of a run among the statements of its looks.

    Args:
        error: of the whole run.
        looks: how many it plans, 1 or more.
        choice_of: how many systems it began with, 2 or more.
        requirements: how many there are.
        objective: of its decision.
    """
    early = error / 2 * (choice_of - 1) / choice_of
    each = early / 2 if requirements else early
    rivals = (choice_of - 1) * (choice_of if objective == "prices" else 1)
    return LookLevels(each / (looks * rivals), each / (looks * requirements) if requirements else None)


@dataclass(frozen=True)
class LookResult:
    """What was decided after a block: what `LookRow` needs."""

    levels: LookLevels
    objective: Objective
    unit: CostUnit | None
    """Of costs; None where no cost is known."""
    currency: str | None
    """Of money; None for other units."""
    dropped: tuple[DroppedRow, ...]
    """In the order of the run."""


def look(
    measured: Measured,
    paid: Paid,
    weighed: Weighed,
    settings: DecisionSettings,
    *,
    error: float,
    looks: int,
    choice_of: int,
) -> LookResult:
    """Decide which of the systems that are still asked are not asked any more.

    Args:
        measured, paid, weighed: of what the systems that are still asked answered in all complete blocks.
        settings: of `measure.stop`. Its risk only tells which of several failing systems stays.
        error: of the whole run.
        looks: how many the run plans (`looks_of`).
        choice_of: how many systems the run began with.
    """
    problem = Problem(measured, paid, weighed, settings)
    levels = levels_of(error, max(looks, 1), max(choice_of, 2), len(settings.requirements), problem.objective)
    costs = problem.basis.costs
    unit = None if costs is None else costs.unit
    currency = costs.label if costs is not None and unit == CostUnit.MONEY else None
    return LookResult(levels, problem.objective, unit, currency, _Dropping(problem, levels).rows)


@dataclass(frozen=True)
class Shown:
    """What a look shows of systems and pairs, as arrays by system: [i, j] compares i with j."""

    losses: NDArray[np.float64]
    """Shape (systems,): by estimate; NaN where it is not known."""
    takes_part: Yes
    """Shape (systems,): whether it may be dropped for a rival."""
    able: Yes
    """Shape (systems,): whether it may be chosen."""
    fails: Yes
    """Shape (systems,): whether it fails some requirement, and may be dropped for it."""
    no_better: NDArray[np.float64]
    """The p-value of "j is no better than i", which is small where j is better in every respect that counts."""


@dataclass(frozen=True)
class Drop:
    """Why a system is dropped."""

    rival: int | None
    """A system that is better; None: it fails a requirement."""
    level: float
    """Of the bounds that show it."""


def choose(shown: Shown, levels: LookLevels, nearest: Callable[[], int]) -> Mapping[int, Drop]:
    """Map each system that is dropped to the reason.

    Args:
        shown: of the look.
        levels: of the look.
        nearest: the system that stays where all that could be chosen fail.
    """
    fails = shown.fails
    failing = Drop(None, levels.rival if levels.requirement is None else levels.requirement)
    if not shown.able.any():
        return {}
    if not (shown.able & ~fails).any():
        return {each: failing for each in np.flatnonzero(fails).tolist() if each != nearest()}
    rivals = shown.able & ~shown.fails & (shown.losses[:, None] > shown.losses) & shown.takes_part[:, None]
    better = rivals & (shown.no_better <= levels.rival)
    gone = fails | better.any(axis=1)
    drops: dict[int, Drop] = {}
    for each in np.flatnonzero(gone).tolist():
        those = np.flatnonzero(better[each]).tolist()
        best = min(those, key=lambda rival: (bool(gone[rival]), float(shown.losses[rival]), rival), default=None)
        drops[each] = failing if fails[each] else Drop(best, levels.rival)
    return drops


@dataclass(frozen=True)
class _Dropping:
    problem: Problem
    levels: LookLevels

    @property
    def rows(self) -> tuple[DroppedRow, ...]:
        dropped = choose(self._shown, self.levels, self._nearest)
        return tuple(self._row(system, drop) for system, drop in sorted(dropped.items()))

    @property
    def _covarying(self) -> Covarying:
        return self.problem.figures.covarying

    @cached_property
    def _shown(self) -> Shown:
        problem, names = self.problem, self.problem.names
        apart = np.array([name in problem.apart for name in names], dtype=np.bool_)
        never = never_candidates(problem.measured)
        p_values = [self._of_losses, *map(self._of_requirement, range(len(problem.settings.requirements)))]
        return Shown(
            losses=problem.loss.estimates,
            takes_part=problem.loss.known & ~apart,
            able=np.array(problem.able, dtype=np.bool_),
            fails=np.array(
                [
                    name not in never and Qualifies.NO in [check.outcome for check in row]
                    for name, row in zip(names, self._at_requirement, strict=True)
                ]
            ),
            no_better=np.nan_to_num(np.max(p_values, axis=0), nan=1.0),
        )

    @cached_property
    def _of_losses(self) -> NDArray[np.float64]:
        """Return the p-values of "i has no larger loss than j"; 1 where what is to be minimised is not known."""
        problem = self.problem
        if problem.cost is None and (problem.settings.minimise is not None or problem.settings.worth is not None):
            return np.ones((len(problem.names),) * 2)
        p_values = pairwise(problem.loss, self._covarying)
        return np.maximum(p_values, self._of_accuracy) if problem.objective == "prices" else p_values

    @property
    def _of_accuracy(self) -> NDArray[np.float64]:
        return pairwise(self._errors, self._covarying)

    @property
    def _errors(self) -> VaryingFigure:
        return self.problem.figures.accuracy.times(-1.0)

    def _of_requirement(self, number: int) -> NDArray[np.float64]:
        """Return the p-values of "j misses a requirement that i meets": by j's own bound, or by the two compared."""
        requirement, systems = self.problem.settings.requirements[number], len(self.problem.names)
        if self._is_loss(requirement):
            return np.zeros((systems, systems))  # If j misses it, and i does not, j has the larger loss.
        risks = [row[number].least_risk for row in self.problem.checked.checks]
        meets = np.tile(np.array([1.0 if risk is None else risk for risk in risks]), (systems, 1))
        figure = self._compared(requirement)
        if figure is None:
            return meets
        p_values = pairwise(figure, self._covarying)
        if requirement.quantity != "cost":
            p_values = np.where(self._comparable, p_values, 1.0)
        return np.asarray(np.minimum(1.0, 2 * np.fmin(meets, p_values)))

    def _compared(self, requirement: Requirement) -> VaryingFigure | None:
        """Return the cost that a requirement bounds and by which systems are compared too; None where it is none."""
        unit = UNITS.get(requirement.quantity)
        costs = None if unit is None or self._is_loss(requirement) else self.problem.weighed.costs.get(unit)
        return None if costs is None else self.problem.figures.cost(costs)

    def _is_loss(self, requirement: Requirement) -> bool:
        """Return whether a requirement bounds what is minimised."""
        problem, costs = self.problem, self.problem.basis.costs
        if costs is None or problem.objective != "cost" or problem.settings.worth is not None:
            return False
        return costs.unit == UNITS.get(requirement.quantity)

    @cached_property
    def _comparable(self) -> Yes:
        """Return whether the joules of two systems may be compared."""
        measured, names = self.problem.measured, self.problem.names
        return np.array([[measured.joules_comparable(one, other) for other in names] for one in names], dtype=np.bool_)

    @cached_property
    def _at_requirement(self) -> tuple[tuple[Check, ...], ...]:
        return self.problem.checked.at(self.levels.requirement or self.levels.rival)

    def _nearest(self) -> int:
        able, nearest = np.flatnonzero(self._shown.able).tolist(), surest(self.problem)
        return min(able, key=lambda each: float(self.problem.loss.estimates[each])) if nearest is None else nearest

    def _row(self, system: int, drop: Drop) -> DroppedRow:
        problem = self.problem
        items = problem.measured.items_per_row * float(problem.measured.basis.items[:, system].sum())
        row = DroppedRow(
            system=problem.names[system],
            items=round(items),
            accuracy=self._accuracy(system, drop.level),
            cost=self._cost(system, drop.level),
        )
        if drop.rival is not None:
            rival = drop.rival
            return replace(
                row,
                rival=problem.names[rival],
                worse=self._differences(system, rival, drop.level),
                meets=self._met(rival, drop.level),
            )
        check = next(each for each in self._at_requirement[system] if each.outcome is Qualifies.NO)
        return replace(
            row,
            quantity=check.requirement.quantity,
            domain=check.requirement.domain,
            bound=check.requirement.bound,
            figure=_figure_of(check),
        )

    def _accuracy(self, system: int, level: float) -> BoundedRow | None:
        figures = self.problem.figures
        trials = figures.accuracy_trials(figures.shares)
        share = float(trials.estimates[system])
        if not np.isfinite(share):
            return None
        low, high = bounded_accuracy(trials, system, share, self._covarying.df).bounds(level)
        return BoundedRow(estimate=share, low=low, high=high)

    def _cost(self, system: int, level: float) -> BoundedRow | None:
        cost = self.problem.cost
        if cost is None or not cost.known[system]:
            return None
        tested = bounded_costs(self._covarying, cost, 1.0)[system]
        low, high = tested.bounds(level)
        return BoundedRow(estimate=tested.mean, low=low, high=high)

    def _differences(self, system: int, rival: int, level: float) -> dict[str, BoundedRow]:
        """Return by how much a system is worse than its rival, in what shows that the rival is better."""
        problem, names = self.problem, {"cost": "cost", "prices": "cost", "benefit": "benefit", "accuracy": "accuracy"}
        figures = {names[problem.objective]: (problem.loss, level)}
        if problem.objective == "prices":
            figures["accuracy"] = self._errors, level
        for requirement, check in zip(problem.settings.requirements, self._rival_checks(rival, level), strict=True):
            figure = None if check.outcome is Qualifies.YES else self._compared(requirement)
            if figure is not None:
                figures.setdefault(requirement.quantity, (figure, level / 2))
        return {name: self._difference(figure, system, rival, at) for name, (figure, at) in figures.items()}

    def _difference(self, figure: VaryingFigure, system: int, rival: int, level: float) -> BoundedRow:
        worse = float(figure.estimates[system] - figure.estimates[rival])
        error = float(np.sqrt(self._covarying.of_differences(figure)[system, rival]))
        half = t_at(1 - level, self._covarying.df) * error
        return BoundedRow(estimate=worse, low=worse - half, high=worse + half)

    def _met(self, rival: int, level: float) -> dict[str, BoundedRow]:
        """Return the rival's figures that are shown to meet requirements."""
        met = {}
        for check in self._rival_checks(rival, level):
            figure = _figure_of(check) if check.outcome is Qualifies.YES else None
            if figure is not None:
                met[key_of(check.requirement)] = figure
        return met

    def _rival_checks(self, rival: int, level: float) -> list[Check]:
        """Return a rival's checks; at half the level where the requirement bounds a cost, which is also compared."""
        return [
            each.at(level / 2 if self._compared(each.check.requirement) is not None else level)
            for each in self.problem.checked.each[rival]
        ]


def key_of(requirement: Requirement) -> str:
    """Return the key of what a requirement bounds, in `DroppedRow.worse` and `meets`; of a domain ``accuracy:code``."""
    return requirement.quantity if requirement.domain is None else f"{requirement.quantity}:{requirement.domain}"


def _figure_of(check: Check) -> BoundedRow | None:
    """Return a checked figure with its bounds; of a p95 the share of the requests within the limit."""
    estimate = check.within if check.requirement.quantity == "p95" else check.estimate
    return None if estimate is None else BoundedRow(estimate=estimate, low=check.low, high=check.high)
