"""Decide after a block of a run which systems are not asked any more, as they cannot be chosen.

A run in blocks looks at its complete blocks at the moments of `looks_of`. At a look a system i is dropped

(a) where it fails a requirement: its bound lies on the wrong side (`checks`);
(b) where a rival j is better. Under the objective ``cost``, ``benefit`` or ``accuracy``: i's loss is shown to be larger
    than j's, and j is shown to meet each requirement, or to be no worse at it than i. Under ``prices``: i is shown to
    cost more than j and to be less accurate.

**What is protected.** The truly best system, by the objective among those that truly meet the requirements, is dropped
before the end with probability at most E = error / 2 x (K - 1) / K, of K systems. For it to be dropped (b) some rival j
has to look better, although it truly misses a requirement, or truly is no better. Either way one of the statements
about j is wrong, so that all of them are made at one level, without a correction for their number (an
intersection-union test: R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24
(1982)). For it to be dropped (a) one of q bounds has to be wrong. Errors are added up over looks, rivals and bounds (O.
J. Dunn, "Multiple comparisons among means", JASA 56 (1961)), half of E for each of the two ways:

    level of a rival        E / 2 / (looks x (K - 1))             E without requirements
    level of a requirement  E / 2 / (looks x q)

Under ``prices`` each system that no other truly excels in accuracy and cost is protected, and all of them together: the
level of a rival is divided by K once more.

**Alike systems.** One of K alike systems is called the best only where all others are dropped or lose at the end. As
each of them is dropped with probability at most E, K - 1 of them are with at most E K / (K - 1) = error / 2 (Markov's
inequality). The other half of `error` is that of the ties of the decision at the end (`Problem.alpha`).

**Bounds.** Each bound of a look holds at its level, so that at whatever look a system is dropped, each of its printed
bounds is wrong with at most looks x level. A system that is asked to the end has its intervals at a fixed time.

**Who takes part.** A system that is apart (another provenance of joules, a yardstick, a rate not held, replies cut) or
whose loss is not known is not dropped, and drops no other. A system that is useless, or fails a requirement, drops no
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
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.best import pairwise
from wattbench_reports.decision.bounds import BoundedMean
from wattbench_reports.decision.checks import UNITS, Checked, check_all
from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.model import Check, Objective, Qualifies
from wattbench_reports.decision.problem import Problem
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.decision.surest import surest
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.stats.student import t_at

FIRST = 5
"""Blocks before which a run does not look: of fewer a spread cannot be estimated well, as
`wattbench.measure.effort.LEAST` has it. At the levels of a look Student's t of three blocks is above 50."""

Yes = NDArray[np.bool_]


def is_look(done: int, blocks: int) -> bool:
    """Return whether a run of a number of blocks looks when so many are done."""
    return FIRST <= done < blocks


def looks_of(blocks: int) -> int:
    """Return how many looks a run of a number of blocks plans."""
    return sum(is_look(done, blocks) for done in range(blocks))


@dataclass(frozen=True)
class Levels:
    """The probabilities with which the statements of one look may be wrong."""

    rival: float
    """Of each statement that drops a system for a rival."""
    requirement: float | None
    """Of each bound that drops a system for a requirement; None without requirements."""


def levels_of(error: float, looks: int, choice_of: int, requirements: int, objective: Objective) -> Levels:
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
    return Levels(each / (looks * rivals), each / (looks * requirements) if requirements else None)


@dataclass(frozen=True)
class Look:
    """What was decided after a block: what `LookRow` needs."""

    levels: Levels
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
) -> Look:
    """Decide which of the systems that are still asked are not asked any more.

    Args:
        measured, paid, weighed: of what the systems that are still asked answered in all complete blocks.
        settings: of `measure.stop`. Its risk is not used.
        error: of the whole run.
        looks: how many the run plans (`looks_of`).
        choice_of: how many systems the run began with.
    """
    problem = Problem(measured, paid, weighed, settings)
    levels = levels_of(error, looks, max(choice_of, 2), len(settings.requirements), problem.objective)
    costs = problem.basis.costs
    unit = None if costs is None else costs.unit
    currency = costs.label if costs is not None and unit == CostUnit.MONEY else None
    return Look(levels, problem.objective, unit, currency, _Dropping(problem, levels).rows)


@dataclass(frozen=True)
class Shown:
    """What a look shows of systems and pairs, as arrays by system: [i, j] compares i with j."""

    losses: NDArray[np.float64]
    """Shape (systems,): by estimate; NaN where it is not known."""
    takes_part: Yes
    """Shape (systems,): whether it may be dropped."""
    able: Yes
    """Shape (systems,): whether it may be chosen."""
    fails: Yes
    """Shape (systems,): whether it fails some requirement."""
    worse: Yes
    """Whether i's loss is larger than j's; under ``prices`` its cost, and its accuracy is lower."""
    meets: Yes
    """Shape (requirements, systems)."""
    no_better: Yes
    """Shape (requirements, systems, systems): whether i is no better at a requirement than j."""


def beaten_by(shown: Shown) -> Yes:
    """Return whether j is better than i in every respect that the choice depends on, shape (systems, systems)."""
    rival = shown.able & ~shown.fails
    at_all = (shown.meets[:, None, :] | shown.no_better).all(axis=0)
    ahead = shown.losses[:, None] > shown.losses
    return np.asarray(shown.worse & at_all & ahead & rival & shown.takes_part[:, None])


def choose(shown: Shown, nearest: Callable[[], int]) -> Mapping[int, int | None]:
    """Map each system that is dropped to the rival that is better; None: it fails a requirement.

    Args:
        shown: of the look.
        nearest: the system that stays where all that could be chosen fail.
    """
    fails = shown.fails & shown.takes_part
    if not shown.able.any():
        return {}
    if not (shown.able & ~fails).any():
        return {each: None for each in np.flatnonzero(fails).tolist() if each != nearest()}
    beaten = beaten_by(shown)
    gone = fails | beaten.any(axis=1)
    chosen: dict[int, int | None] = {}
    for each in np.flatnonzero(gone).tolist():
        rivals = np.flatnonzero(beaten[each]).tolist()
        best = min(rivals, key=lambda rival: (bool(gone[rival]), float(shown.losses[rival]), rival), default=None)
        chosen[each] = None if fails[each] else best
    return chosen


@dataclass(frozen=True)
class _Dropping:
    problem: Problem
    levels: Levels

    @property
    def rows(self) -> tuple[DroppedRow, ...]:
        dropped = choose(self._shown, self._nearest)
        return tuple(self._row(system, rival) for system, rival in sorted(dropped.items()))

    @property
    def _covarying(self) -> Covarying:
        return self.problem.figures.covarying

    @cached_property
    def _requirements(self) -> tuple[Requirement, ...]:
        return self.problem.settings.requirements

    @cached_property
    def _shown(self) -> Shown:
        problem, names = self.problem, self.problem.names
        takes_part = problem.loss.known & np.array([name not in problem.apart for name in names], dtype=np.bool_)
        decided = self._worse
        meets = [
            [row[number].outcome is Qualifies.YES for row in self._at_rival.checks]
            for number in range(len(self._requirements))
        ]
        fails = [Qualifies.NO in [check.outcome for check in row] for row in self._at_requirement.checks]
        return Shown(
            losses=problem.loss.estimates,
            takes_part=takes_part,
            able=np.array(problem.able, dtype=np.bool_),
            fails=np.array(fails, dtype=np.bool_),
            worse=decided,
            meets=np.array(meets, dtype=np.bool_).reshape(len(self._requirements), len(names)),
            no_better=np.array([self._no_better(each) for each in self._requirements], dtype=np.bool_).reshape(
                len(self._requirements), len(names), len(names)
            ),
        )

    @cached_property
    def _worse(self) -> Yes:
        """Return whether the loss of i is shown to be larger than that of j."""
        problem = self.problem
        nothing = np.zeros((len(problem.names),) * 2, dtype=np.bool_)
        if problem.cost is None and (problem.settings.minimise is not None or problem.settings.worth is not None):
            return nothing  # What is to be minimised is not known.
        shown = self._is_shown(problem.loss)
        return shown & self._is_shown(self._errors) if problem.objective == "prices" else shown

    @cached_property
    def _errors(self) -> VaryingFigure:
        return self.problem.figures.accuracy.times(-1.0)

    def _is_shown(self, figure: VaryingFigure) -> Yes:
        return np.asarray(pairwise(figure, self._covarying) <= self.levels.rival)

    def _no_better(self, requirement: Requirement) -> Yes:
        """Return whether i is shown to be worse than j at what a requirement bounds."""
        figure = self._figure(requirement)
        systems = len(self.problem.names)
        if figure is None:
            return np.zeros((systems, systems), dtype=np.bool_)
        shown = self._is_shown(figure)
        if requirement.quantity in ("joules", "grams"):
            for one, other in np.argwhere(shown & self._worse).tolist():
                names = self.problem.names[one], self.problem.names[other]
                shown[one, other] = self.problem.measured.joules_comparable(*names)
        return shown

    def _figure(self, requirement: Requirement) -> VaryingFigure | None:
        """Return what a requirement bounds, larger where it is worse; None where systems are not compared by it."""
        figures = self.problem.figures
        if requirement.quantity == "accuracy":
            if requirement.domain is None:
                return self._errors
            shares = figures.basis.share_of(requirement.domain)
            return RunFigures(figures.basis, shares).accuracy.times(-1.0)
        unit = UNITS.get(requirement.quantity)
        costs = None if unit is None else self.problem.weighed.costs.get(unit)
        return None if costs is None else figures.cost(costs)

    @cached_property
    def _at_rival(self) -> Checked:
        return self._checked(self.levels.rival)

    @cached_property
    def _at_requirement(self) -> Checked:
        return self._checked(self.levels.requirement or self.levels.rival)

    def _checked(self, level: float) -> Checked:
        problem = self.problem
        settings = replace(problem.settings, risk=level)
        return check_all(problem.measured, problem.paid, problem.weighed, problem.figures, settings)

    def _nearest(self) -> int:
        able, nearest = np.flatnonzero(self._shown.able).tolist(), surest(self.problem)
        return min(able, key=lambda each: float(self.problem.loss.estimates[each])) if nearest is None else nearest

    def _row(self, system: int, rival: int | None) -> DroppedRow:
        problem = self.problem
        level = self.levels.rival if rival is not None else self.levels.requirement or self.levels.rival
        items = problem.measured.items_per_row * float(problem.measured.basis.items[:, system].sum())
        row = DroppedRow(
            system=problem.names[system],
            items=round(items),
            accuracy=self._accuracy(system, level),
            cost=self._cost(system, level),
        )
        if rival is not None:
            return replace(
                row, rival=problem.names[rival], worse=self._differences(system, rival), meets=self._met(rival)
            )
        check = next(each for each in self._at_requirement.checks[system] if each.outcome is Qualifies.NO)
        requirement = check.requirement
        return replace(
            row,
            quantity=requirement.quantity,
            domain=requirement.domain,
            bound=requirement.bound,
            figure=_figure_of(check),
        )

    def _accuracy(self, system: int, level: float) -> BoundedRow | None:
        problem = self.problem
        overall = DecisionSettings((Requirement("accuracy", 1.0),), risk=level)
        checked = check_all(problem.measured, problem.paid, problem.weighed, problem.figures, overall)
        return _figure_of(checked.checks[system][0])

    def _cost(self, system: int, level: float) -> BoundedRow | None:
        cost, covarying = self.problem.cost, self._covarying
        if cost is None or not cost.known[system]:
            return None
        mean, error = float(cost.estimates[system]), float(covarying.errors_of_another_run(cost)[system])
        low, high = BoundedMean(mean, mean, error, float(covarying.another_run_df(cost)[system])).bounds(level)
        return BoundedRow(estimate=mean, low=low, high=high)

    def _differences(self, system: int, rival: int) -> dict[str, BoundedRow]:
        """Return by how much a system is worse than its rival, in all that shows that the rival is better."""
        problem, names = self.problem, {"cost": "cost", "prices": "cost", "benefit": "benefit", "accuracy": "accuracy"}
        figures = {names[problem.objective]: problem.loss}
        if problem.objective == "prices":
            figures["accuracy"] = self._errors
        for number, requirement in enumerate(self._requirements):
            figure = None if self._shown.meets[number, rival] else self._figure(requirement)
            if figure is not None:
                figures.setdefault(key_of(requirement), figure)
        return {name: self._difference(figure, system, rival) for name, figure in figures.items()}

    def _difference(self, figure: VaryingFigure, system: int, rival: int) -> BoundedRow:
        worse = float(figure.estimates[system] - figure.estimates[rival])
        error = float(np.sqrt(self._covarying.of_differences(figure)[system, rival]))
        half = t_at(1 - self.levels.rival, self._covarying.df) * error
        return BoundedRow(estimate=worse, low=worse - half, high=worse + half)

    def _met(self, rival: int) -> dict[str, BoundedRow]:
        """Return the rival's figures that are shown to meet requirements."""
        met = {}
        for check in self._at_rival.checks[rival]:
            figure = _figure_of(check) if check.outcome is Qualifies.YES else None
            if figure is not None:
                met[key_of(check.requirement)] = figure
        return met


def key_of(requirement: Requirement) -> str:
    """Return the key of what a requirement bounds, in `DroppedRow.worse` and `meets`; of a domain ``accuracy:code``."""
    return requirement.quantity if requirement.domain is None else f"{requirement.quantity}:{requirement.domain}"


def _figure_of(check: Check) -> BoundedRow | None:
    """Return a checked figure with its bounds; of a p95 the share of the requests within the limit."""
    estimate = check.within if check.requirement.quantity == "p95" else check.estimate
    return None if estimate is None else BoundedRow(estimate=estimate, low=check.low, high=check.high)
