"""Collect what a decision is made from: a run's figures, its requirements, the systems that take part, and the
objective.

Everything is computed when it is first needed. Lists and arrays are by system, in the order of the run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wattbench_reports.comparability.cut_replies import cut_clause, cut_replies
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.best import Ends, ends
from wattbench_reports.decision.checks import Checked, check_all
from wattbench_reports.decision.cost_basis import CostBasis, cost_basis
from wattbench_reports.decision.covarying import VaryingFigure
from wattbench_reports.decision.model import Objective, Qualifies, WhichRun
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.decision.session_moves import machine_share, machines_of, session_moves
from wattbench_reports.decision.useless import useless
from wattbench_reports.metrics.decision_settings import DecisionSettings


@dataclass(frozen=True)
class Problem:
    """The problem of choosing a system of a run, under the settings of its suite or a reader."""

    measured: Measured
    paid: Paid
    weighed: Weighed
    settings: DecisionSettings

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all systems."""
        return self.measured.basis.systems

    @cached_property
    def figures(self) -> RunFigures:
        """Return accuracies and costs, with their covariances."""
        return RunFigures(self.measured.basis, self.measured.shares, session_moves(self.measured, self.paid))

    @cached_property
    def basis(self) -> CostBasis:
        """Return the unit in which costs are compared, and the systems whose costs are."""
        return cost_basis(self.measured, self.weighed, self.settings)

    @cached_property
    def cost(self) -> VaryingFigure | None:
        """Return the cost per request; None where no cost of two systems is known."""
        return None if self.basis.costs is None else self.figures.cost(self.basis.costs)

    @property
    def machine(self) -> WhichRun:
        """Return the run whose machine the compared costs are stated for: this run, if the costs of any system are."""
        if self.basis.costs is None:
            return WhichRun.NONE
        each = machines_of(self.basis.costs, machine_share(self.measured, self.paid), self.figures.sessions)
        among = {each[number] for number in self.priced}
        return next((kind for kind in (WhichRun.THIS_RUN, WhichRun.ANOTHER_RUN) if kind in among), WhichRun.NONE)

    @cached_property
    def checked(self) -> Checked:
        """Return the checks of all systems against all requirements."""
        return check_all(self.measured, self.paid, self.weighed, self.figures, self.settings)

    @cached_property
    def useless(self) -> Mapping[str, str]:
        """Return the useless systems, which are not advised, each with the reason."""
        return useless(self.measured.basis, self.measured.shares)

    @cached_property
    def apart(self) -> Mapping[str, str]:
        """Return the systems that take no part in the choice, and why."""
        return {**outside(self.measured), **self.basis.reasons_apart}

    @cached_property
    def able(self) -> list[bool]:
        """Return whether each system may be chosen."""
        loss = self.loss.known
        return [
            bool(loss[number]) and name not in self.apart and name not in self.useless
            for number, name in enumerate(self.names)
        ]

    @cached_property
    def priced(self) -> list[int]:
        """Return the systems whose accuracy and cost are known and can be compared."""
        if self.cost is None:
            return []
        known = self.cost.known & self.figures.accuracy.known
        return [number for number, name in enumerate(self.names) if known[number] and name not in self.apart]

    @cached_property
    def objective(self) -> Objective:
        """Return the objective of the decision."""
        worth = self.settings.worth
        if worth is not None and worth.of_answers:
            return "benefit"
        if self.cost is None:
            return "accuracy"
        return "cost" if self.settings.requirements else "prices"

    @cached_property
    def benefit(self) -> VaryingFigure | None:
        """Return the net benefit per request; None unless answers are worth something and costs are known."""
        worth = self.settings.worth
        if self.objective != "benefit" or self.cost is None or worth is None:
            return None
        of_answers = self.figures.accuracy.times(worth.right + worth.wrong).plus_constant(-worth.wrong)
        return of_answers.plus(self.cost.times(-1.0))

    @cached_property
    def loss(self) -> VaryingFigure:
        """Return the figure that the decision minimises."""
        if self.benefit is not None:
            return self.benefit.times(-1.0)
        if self.objective in ("cost", "prices") and self.cost is not None:
            return self.cost
        return self.figures.accuracy.times(-1.0)

    @property
    def items(self) -> float:
        """Count the items of the run; infinite where more of them would not tell systems apart, as labels lack."""
        if self.measured.frames.corrected and self.objective in ("accuracy", "benefit"):
            return math.inf
        return self.measured.items_per_row * float(self.measured.basis.items.sum(axis=0).max(initial=0.0))

    @cached_property
    def alpha(self) -> float:
        """Return the level of ties."""
        return level_of_ties(self.measured)

    @cached_property
    def counted(self) -> list[bool]:
        """Return whether each system can be advised: it is shown to qualify, with the choice among systems counted."""
        return [
            outcome is Qualifies.YES and self.checked.is_met(number, self.levels[number])
            for number, outcome in enumerate(self.checked.outcomes)
        ]

    @cached_property
    def levels(self) -> list[float]:
        """Return the risk at which each system is judged, corrected for the choice among systems."""
        return self.checked.levels(self.able, self.settings.risk)

    @property
    def advisable(self) -> list[int]:
        """List the systems among which the best is chosen."""
        return [number for number, able in enumerate(self.able) if able and self.counted[number]]

    @cached_property
    def ends(self) -> Ends | None:
        """Return the two systems between which a reader chooses without requirements; twice the same if one is best."""
        if self.objective != "prices" or self.cost is None:
            return None
        return ends(self.names, self.cost, self.figures.accuracy, self.advisable)

    @cached_property
    def chosen(self) -> int | None:
        """Return the system to run; None where no system is chosen."""
        if self.objective == "prices":
            return None if self.ends is None or self.ends.cheaper != self.ends.dearer else self.ends.dearer
        if (self.objective == "benefit" and self.cost is None) or not self.advisable:
            return None
        right = np.nan_to_num(self.figures.accuracy.estimates, nan=0.0)
        return min(
            self.advisable, key=lambda each: (float(self.loss.estimates[each]), -float(right[each]), self.names[each])
        )


def level_of_ties(measured: Measured) -> float:
    """Return how often one of equally good systems may be left out of the tied ones.

    Of a run that stopped asking systems it is the half of its error that is left for the end: the other half was that
    of its looks (`wattbench_reports.decision.dropping`).
    """
    stop = measured.frames.record.suite.stop
    return stop.error / 2 if stop is not None and measured.frames.run.looks() else ALPHA


def outside(measured: Measured) -> dict[str, str]:
    """Return the systems that are no candidates, each with the reason as a clause."""
    cut = {name: cut_clause(each) for name, each in cut_replies(measured.frames).items() if each.too_many}
    return cut | never_candidates(measured)


def never_candidates(measured: Measured) -> dict[str, str]:
    """Return the systems that are no candidates whatever they answer, each with the reason as a clause."""
    apart = {**measured.contest.other_work, **measured.unranked}
    apart |= dict.fromkeys(measured.yardsticks, "a yardstick")
    return {name: why for name, why in apart.items() if name not in measured.contest.candidates}
