"""Decide which system to run: who meets the requirements, who of them is best, and what a correct answer costs.

1. **Requirements.** Of each system the probability that it meets each one, and all together: it meets them from .95 on,
   fails them below .05, and may in between.
2. **Useless systems** are never chosen (`useless`). Systems whose costs cannot be compared are apart (`cost_basis`).
3. **The objective.** Where answers are worth something: the most net benefit per request,

       worth x accuracy - cost of a wrong answer x (1 - accuracy) - money - carbon price x grams - price x seconds

   Where only requirements are named: the least cost. Where nothing is named nothing is chosen: the price of a further
   correct answer is stated. Where no cost is known: the most accurate.
4. **The choice** has the best estimate of the systems that meet the requirements; where none is sure to, of those that
   are more likely than not to, or whose figures all keep their bounds; else there is none.
5. **How sure that is**: `best`, in draws of all figures together (`joint_draws`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.acceptability import acceptability
from wattbench_reports.decision.best import Chances, Tied, chances, choose, pairwise, tied
from wattbench_reports.decision.checks import Checked, check_all
from wattbench_reports.decision.cost_basis import CostBasis, cost_basis
from wattbench_reports.decision.model import Acceptability, Decision, HullStep, Objective, Qualifies, SystemDecision
from wattbench_reports.decision.prices import hull_of, steps
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.decision.useless import useless
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.metrics.costs import CostFigures
from wattbench_reports.metrics.decision_settings import DecisionSettings, Worth
from wattbench_reports.metrics.tail_latency import common_tail
from wattbench_reports.stats import Interval, front_not_excluded
from wattbench_reports.stats.fieller import fieller_interval


def decide(analysis: Analysis, settings: DecisionSettings | None = None) -> Decision:
    """Decide which system of a run to run.

    Args:
        analysis: of the run, under the reader's assumptions.
        settings: other requirements and worths than those of the analysis. A price of a second must be one that the
            analysis was made with.
    """
    return _Deciding(analysis, analysis.decide if settings is None else settings).decision()


@dataclass(frozen=True)
class _Deciding:
    """One decision, whose parts are computed when first needed. Arrays are by system, in the order of the run."""

    analysis: Analysis
    settings: DecisionSettings

    def decision(self) -> Decision:
        """Put the decision together."""
        rows = [self._row(number) for number in self._order()]
        tie, basis = self._tied, self._basis
        return Decision(
            unit=None if basis.costs is None else basis.costs.unit,
            label="" if basis.costs is None else basis.costs.label,
            objective=self._objective,
            settings=self.settings,
            systems=tuple(rows),
            chosen=None if self._chosen is None else self._names[self._chosen],
            best=() if tie is None else tuple(self._names[each] for each in tie.systems),
            items_to_decide=None if tie is None else tie.items_to_decide,
            hull=self._hull,
            acceptability=self._acceptability,
            tail_share=self._tail_share,
            why_none=self._why_none(),
        )

    # What is known.

    @property
    def _names(self) -> tuple[str, ...]:
        return self.analysis.basis.systems

    @cached_property
    def _figures(self) -> RunFigures:
        return RunFigures(self.analysis.basis, self.analysis.shares)

    @cached_property
    def _basis(self) -> CostBasis:
        return cost_basis(self.analysis, self.settings)

    @cached_property
    def _cost(self) -> VaryingFigure | None:
        return None if self._basis.costs is None else self._figures.cost(self._basis.costs)

    @cached_property
    def _checked(self) -> Checked:
        return check_all(self.analysis, self._figures, self.settings.requirements)

    @cached_property
    def _useless(self) -> Mapping[str, str]:
        return useless(self.analysis.basis, self.analysis.shares)

    @cached_property
    def _apart(self) -> Mapping[str, str]:
        """Systems that take no part in the choice, and why."""
        return {**outside(self.analysis), **self._basis.reasons_apart}

    @cached_property
    def _able(self) -> list[bool]:
        """Whether a system may be chosen."""
        loss = self._loss.known
        return [
            bool(loss[number]) and name not in self._apart and name not in self._useless
            for number, name in enumerate(self._names)
        ]

    @cached_property
    def _priced(self) -> list[int]:
        """Systems of which accuracy and cost are known and can be compared."""
        if self._cost is None:
            return []
        known = self._cost.known & self._figures.accuracy.known
        return [number for number, name in enumerate(self._names) if known[number] and name not in self._apart]

    # What is chosen by.

    @cached_property
    def _objective(self) -> Objective:
        worth = self.settings.worth
        if worth is not None and worth.of_answers:
            return "benefit"
        if self._cost is None:
            return "accuracy"
        return "cost" if self.settings.requirements else "prices"

    @cached_property
    def _benefit(self) -> VaryingFigure | None:
        if self._objective != "benefit" or self._cost is None:
            return None
        worth = self.settings.worth
        assert worth is not None
        of_answers = self._figures.accuracy.times(worth.right + worth.wrong).plus_constant(-worth.wrong)
        return of_answers.plus(self._cost.times(-1.0))

    @cached_property
    def _loss(self) -> VaryingFigure:
        """What is to be as small as possible."""
        if self._objective == "benefit" and self._benefit is not None:
            return self._benefit.times(-1.0)
        if self._objective in ("cost", "prices") and self._cost is not None:
            return self._cost
        return self._figures.accuracy.times(-1.0)

    @property
    def _chooses(self) -> bool:
        return self._objective != "prices" and not (self._objective == "benefit" and self._cost is None)

    @cached_property
    def _chosen(self) -> int | None:
        if not self._chooses:
            return None
        return choose(self._loss, self._able, self._checked)

    @cached_property
    def _chances(self) -> Chances | None:
        if not self._chooses:
            return None
        return chances(self._figures.draws.of(self._loss), self._checked.met, self._able)

    @cached_property
    def _tied(self) -> Tied | None:
        if self._chosen is None:
            return None
        items = float(self.analysis.basis.items.sum(axis=0).max(initial=0.0))
        return tied(self._loss, self._figures.draws, self._chosen, self._able, self._checked, items)

    def _why_none(self) -> str:
        if self._chosen is not None or self._objective == "prices":
            return ""
        if self._objective == "benefit" and self._cost is None:
            return self._basis.why_none
        if not any(self._able):
            return self._why_no_candidate()
        if all(each == Qualifies.NO for each, able in zip(self._checked.outcomes, self._able, strict=True) if able):
            return REASONS["none_meets"]
        unknown = {
            check.reason
            for checks, able in zip(self._checked.checks, self._able, strict=True)
            for check in checks
            if able and check.p_met is None
        }
        if unknown:
            return REASONS["requirements_unknown"].format(reason=min(unknown))
        return REASONS["none_likely"]

    def _why_no_candidate(self) -> str:
        if not self.analysis.contest.candidates:
            return REASONS["none_takes_part"]
        if not self._figures.accuracy.known.any():
            return REASONS["scored"] if self._objective == "accuracy" else self._basis.why_none
        if all(name in self._useless for name in self.analysis.contest.candidates if name not in self._apart):
            return REASONS["no_domain"]
        return REASONS["none_compared"]

    # What a correct answer costs.

    @cached_property
    def _chain(self) -> list[int]:
        """The corners of the hull."""
        if self._cost is None:
            return []
        usable = [number for number in self._priced if self._names[number] not in self._useless]
        others = [number for number in self._priced if self._names[number] in self._useless]
        costs, accuracies = self._cost.estimates.tolist(), self._figures.accuracy.estimates.tolist()
        return hull_of(costs, accuracies, usable, others)

    @cached_property
    def _hull(self) -> tuple[HullStep, ...]:
        if self._cost is None:
            return ()
        return steps(self._names, self._cost, self._figures.accuracy, self._figures.draws, self._chain)

    @cached_property
    def _acceptability(self) -> Acceptability | None:
        outcomes = self._checked.outcomes
        among = [
            number
            for number in self._priced
            if self._names[number] not in self._useless and outcomes[number] != Qualifies.NO
        ]
        if self._cost is None or len(among) < 2:
            return None
        accuracy, draws = self._figures.accuracy, self._figures.draws
        costs, accuracies = self._cost.estimates.tolist(), accuracy.estimates.tolist()
        chain = hull_of(costs, accuracies, among, ())
        prices = [step.price.estimate for step in steps(self._names, self._cost, accuracy, draws, chain)]
        first = chain[0]
        scale = costs[first] / accuracies[first] if accuracies[first] > 0 and costs[first] > 0 else 1.0
        return acceptability(self._names, draws.of(self._cost), draws.of(accuracy), among, chain, prices, scale)

    @cached_property
    def _front(self) -> Mapping[int, bool]:
        """Whether a system cannot be excluded from the front of accuracy and cost."""
        if self._cost is None or not self._priced:
            return {}
        pair = np.ix_(self._priced, self._priced)
        draws = self._figures.draws
        less_right = pairwise(self._figures.accuracy.times(-1.0), draws)[pair]
        shown = front_not_excluded(pairwise(self._cost, draws)[pair], less_right)
        return {
            number: p_value is None or p_value > ALPHA
            for number, p_value in zip(self._priced, shown.p_values, strict=True)
        }

    # The rows.

    def _order(self) -> list[int]:
        """By whether it qualifies, then by the objective; useless systems and those that are apart last."""
        outcomes, losses = self._checked.outcomes, self._loss.estimates
        rank = {Qualifies.YES: 0, Qualifies.MAY: 1, Qualifies.NO: 2}

        def key(number: int) -> tuple[bool, int, bool, bool, float, int]:
            name, loss = self._names[number], float(losses[number])
            return (
                name in self._apart,
                rank[outcomes[number]],
                name in self._useless,
                bool(np.isnan(loss)),
                0.0 if np.isnan(loss) else loss,
                number,
            )

        return sorted(range(len(self._names)), key=key)

    @cached_property
    def _tail_share(self) -> float | None:
        return common_tail(each.tail_share for each in self.analysis.comparison.systems)

    def _row(self, number: int) -> SystemDecision:
        name, checked, able = self._names[number], self._checked, self._able[number]
        costs = self._cost_figures.get(name, CostFigures(None, None))
        tail = self._tail_share
        measures, odds = self.analysis.measured[name], self._chances
        return SystemDecision(
            system=name,
            kind=self.analysis.kinds[name],
            checks=checked.checks[number],
            p_qualifies=checked.p_qualifies[number],
            qualifies=checked.outcomes[number],
            useless=self._useless.get(name, ""),
            apart=self._apart.get(name, ""),
            accuracy=measures.accuracy,
            cost_per_request=costs.per_request,
            cost_per_correct=costs.per_correct,
            tail_latency_s=None if tail is None else measures.latency_percentile_s(tail),
            benefit=None if self._benefit is None else self._interval(self._benefit, number),
            p_best=None if odds is None or name in self._apart else float(odds.p_best[number]),
            regret=odds.regret[number] if odds is not None and able else None,
            not_excluded_from_front=self._front.get(number),
        )

    def _interval(self, figure: VaryingFigure, number: int) -> Interval | None:
        if not figure.known[number]:
            return None
        estimate = float(figure.estimates[number])
        half = self._figures.draws.quantile * float(np.sqrt(self._variances(figure)[number]))
        return Interval(estimate, estimate - half, estimate + half)

    def _variances(self, figure: VaryingFigure) -> NDArray[np.float64]:
        return np.asarray(np.diag(self._figures.draws.covariances(figure, figure)))

    @cached_property
    def _cost_figures(self) -> Mapping[str, CostFigures]:
        """As the rest of the report has them; with a price of carbon or of a second, from the covariance."""
        costs = self._basis.costs
        if costs is None or self._cost is None:
            return {}
        if not _adds_cost(self.settings.worth):
            return self.analysis.cost_figures(costs.unit)
        cost, accuracy, draws = self._cost, self._figures.accuracy, self._figures.draws
        of_costs, of_both = self._variances(cost), np.diag(draws.covariances(cost, accuracy))
        figures = {}
        for number, name in enumerate(self._names):
            per_request, right = self._interval(cost, number), float(accuracy.estimates[number])
            per_correct = None
            if per_request is not None and right > 0:
                errors = float(of_costs[number]), float(self._variances(accuracy)[number]), float(of_both[number])
                per_correct = fieller_interval(per_request.estimate, right, *errors, draws.quantile)
            figures[name] = CostFigures(per_request, per_correct)
        return figures


def outside(analysis: Analysis) -> dict[str, str]:
    """Return the systems that are no candidates, and why, as a clause."""
    apart = dict.fromkeys(analysis.basis.systems, "it answered different documents")
    apart |= {name: f"does not sustain the rate: {why}" for name, why in analysis.not_held.items()}
    apart |= {name: f"a yardstick: {why}" for name, why in analysis.yardsticks.items()}
    return {name: why for name, why in apart.items() if name not in analysis.contest.candidates}


def _adds_cost(worth: Worth | None) -> bool:
    return worth is not None and (worth.carbon_per_tonne > 0 or worth.per_second > 0)
