"""Check every system against every requirement: its bounds, the outcome, and what would decide.

A system *meets* a requirement where its one-sided bound at the reader's risk (`DecisionSettings.risk`) lies on the
right side, *fails* it where the other bound lies on the wrong side, and else the requirement is open. Bounds are of the
system's own data (`wattbench_reports.decision.bounds`): other systems move nothing. All requirements together are met
where each is, at the same risk: an intersection-union test (R. L. Berger, "Multiparameter hypothesis testing and
acceptance sampling", Technometrics 24 (1982)).

That the system that is advised was chosen among several is counted by Holm's method over those that could be advised
("A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979)). Systems that
are shown to fail are not counted, so that a poor rival changes no advice: the risk that any of those that can be
advised truly misses a requirement is then at most risk / (1 - risk), .11 for .1 (Q. Zhao, D. S. Small and W. Su,
"Multiple testing when many p-values are uniformly conservative", JASA 114 (2019)). Holm's steps are written out here,
and not taken of adjusted p-values, as each step has bounds that are printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.bounds import BoundedFigure, BoundedMean, BoundedShare, Exact
from wattbench_reports.decision.cost_basis import why_invalid, why_no
from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.latency_limit import SystemLatency, latencies
from wattbench_reports.decision.model import SHARE, Check, Qualifies, WhichRun
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.decision.run_figures import RunFigures, Trials
from wattbench_reports.decision.session_moves import P95, machine_share, machines_of
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Quantity, Requirement
from wattbench_reports.stats.student import t_at

GIB = 1024.0**3
SAME_RISK = 9
"""Digits to which risks are the same."""

UNITS: Mapping[Quantity, CostUnit] = {"cost": CostUnit.MONEY, "joules": CostUnit.JOULES, "grams": CostUnit.GRAMS}
"""Quantities of requirements that are costs."""


@dataclass(frozen=True)
class CheckedFigure:
    """The check of one system against one requirement, with its bounded figure."""

    check: Check
    tested: BoundedFigure | None
    """None where it is not known."""
    items: float

    def at(self, level: float) -> Check:
        """Return the check with its bounds at another risk."""
        if self.tested is None:
            return self.check
        low, high = self.tested.bounds(level)
        return replace(self.check, low=low, high=high)


@dataclass(frozen=True)
class Checked:
    """The checks of all systems against all requirements."""

    each: tuple[tuple[CheckedFigure, ...], ...]
    """Of each system, in the order of the requirements."""

    @cached_property
    def checks(self) -> tuple[tuple[Check, ...], ...]:
        """Return the checks of each system."""
        return tuple(tuple(each.check for each in row) for row in self.each)

    @cached_property
    def outcomes(self) -> list[Qualifies]:
        """Return whether each system qualifies. One failed requirement is enough for a system not to qualify."""
        return [_together([each.outcome for each in checks]) for checks in self.checks]

    def at(self, level: float) -> tuple[tuple[Check, ...], ...]:
        """Return the checks of each system with their bounds at another risk."""
        return tuple(tuple(each.at(level) for each in row) for row in self.each)

    def least_risk(self, system: int) -> float | None:
        """Return the least risk at which a system would be said to meet all requirements; None where not known."""
        risks = [each.least_risk for each in self.checks[system]]
        known = [risk for risk in risks if risk is not None]
        return max(known, default=0.0) if len(known) == len(risks) else None

    def could_be_advised(self, able: Sequence[bool]) -> list[int]:
        """List the systems that could be advised: each of their checks is known, and none fails."""
        return [
            system
            for system, (some, outcome) in enumerate(zip(able, self.outcomes, strict=True))
            if some and outcome is not Qualifies.NO and self.least_risk(system) is not None
        ]

    def levels(self, able: Sequence[bool], risk: float) -> list[float]:
        """Return the risk at which each system is judged, corrected for the choice among systems by Holm's method.

        From the surest system on, the first of k is judged at risk / k, the next at risk / (k - 1); from the first that
        is not shown to meet the requirements on, all at that system's. Systems that are as sure are judged alike.

        Args:
            able: of each system, whether it may be chosen at all.
            risk: the reader's.
        """
        risks = {system: round(self.least_risk(system) or 0.0, SAME_RISK) for system in self.could_be_advised(able)}
        levels, ranked, level = [risk] * len(able), sorted(risks.values()), risk
        for rank, least in enumerate(ranked):
            if rank and least == ranked[rank - 1]:  # as sure as the one before
                continue
            level = risk / (len(ranked) - rank)
            for system, each in risks.items():
                if each >= least:
                    levels[system] = level
            if least > level:
                break
        return levels

    def is_met(self, system: int, level: float) -> bool:
        """Return whether a system is said to meet all requirements at a risk."""
        least = self.least_risk(system)
        return least is not None and round(least, SAME_RISK) <= level

    def counted_bounds(self, system: int, level: float) -> tuple[float | None, ...]:
        """Return, for each requirement, a system's bound on the bad side at a risk; None where it is not known."""
        return tuple(
            None if each.tested is None else each.tested.bounds(level)[0 if each.check.is_least else 1]
            for each in self.each[system]
        )

    def further_items(self, system: int, risk: float) -> int | None:
        """Return how many further items would decide all open requirements of a system; None where too many would."""
        needed = [
            each.tested.further_items(each.items, risk)
            for each in self.each[system]
            if each.tested is not None
            and each.check.outcome is not Qualifies.NO
            and (each.check.least_risk or 0) > risk
        ]
        known = [count for count in needed if count is not None]
        return max(known, default=None) if len(known) == len(needed) else None


def _together(outcomes: Sequence[Qualifies]) -> Qualifies:
    if Qualifies.NO in outcomes:
        return Qualifies.NO
    return Qualifies.MAY if Qualifies.MAY in outcomes else Qualifies.YES


def check_all(
    measured: Measured, paid: Paid, weighed: Weighed, figures: RunFigures, settings: DecisionSettings
) -> Checked:
    """Check all systems of a run."""
    checker = _Checker(measured, paid, weighed, figures, settings.risk)
    rows = [checker.of(requirement) for requirement in settings.requirements]
    return Checked(tuple(tuple(row[system] for row in rows) for system in range(len(measured.basis.systems))))


@dataclass(frozen=True)
class _Checker:
    measured: Measured
    paid: Paid
    weighed: Weighed
    figures: RunFigures
    risk: float

    def of(self, requirement: Requirement) -> list[CheckedFigure]:
        """Return the check of each system against one requirement."""
        if requirement.quantity == "accuracy":
            return self._accuracy(requirement)
        if requirement.quantity == "p95":
            return self._latency(requirement)
        if requirement.quantity == "memory":
            return self._memory(requirement)
        return self._cost(requirement, UNITS[requirement.quantity])

    @property
    def _systems(self) -> range:
        return range(len(self.measured.basis.systems))

    @cached_property
    def _latencies(self) -> list[SystemLatency]:
        return latencies(self.measured)

    def _accuracy(self, requirement: Requirement) -> list[CheckedFigure]:
        base, domain = self.measured.basis, requirement.domain
        if domain is not None and domain not in base.domains:
            return [_unknown(requirement, self.measured.frames.domains_left_out[domain])] * len(self._systems)
        shares = self.figures.shares if domain is None else self.figures.basis.share_of(domain)
        of_share = self.figures.accuracy_trials(shares)
        items = base.items.sum(axis=0) if domain is None else base.items[base.domains.index(domain)]
        scored = base.trials.sum(axis=0) > 0
        unknown = REASONS["domains"] if domain is None else REASONS["domain"].format(domain=domain)

        def one(system: int) -> CheckedFigure:
            share = float(of_share.estimates[system])
            if not np.isfinite(share):
                return _unknown(requirement, unknown if scored[system] else why_unscored(self.measured))
            tested = bounded_accuracy(of_share, system, requirement.bound, self.figures.covarying.df)
            more = 0.0 if self.measured.frames.corrected else float(items[system])  # it is labels that would decide
            return self._checked(requirement, min(max(share, 0.0), 1.0), tested, more)

        return [one(system) for system in self._systems]

    def _cost(self, requirement: Requirement, unit: CostUnit) -> list[CheckedFigure]:
        base, costs = self.measured.basis, self.weighed.costs.get(unit)
        if costs is None:
            return [_unknown(requirement, why_no(unit))] * len(self._systems)
        figure, items = self.figures.cost(costs), base.items.sum(axis=0)
        bounded = bounded_costs(self.figures.covarying, figure, requirement.bound)
        machines = machines_of(costs, machine_share(self.measured, self.paid), self.figures.sessions)

        def one(system: int) -> CheckedFigure:
            name, mean = base.systems[system], float(figure.estimates[system])
            reason = costs.missing.get(name) or why_invalid(self.measured, costs, name)
            if reason or not np.isfinite(mean):
                return _unknown(requirement, reason or REASONS["unknown"], machines[system])
            return self._checked(requirement, mean, bounded[system], float(items[system]), machines[system])

        return [one(system) for system in self._systems]

    def _latency(self, requirement: Requirement) -> list[CheckedFigure]:
        sessions, df = self.figures.sessions, self.figures.covarying.df
        moved = None if sessions is None else sessions.moves.get(P95)
        machine = WhichRun.THIS_RUN if moved is None else WhichRun.ANOTHER_RUN
        items = self.measured.basis.items.sum(axis=0)

        def one(system: int) -> CheckedFigure:
            latency, limit_s = self._latencies[system], requirement.bound
            within = latency.share_within(limit_s)
            if within is None:
                return _unknown(requirement, REASONS["timed"], machine, latency.p95_s)
            spread = 0.0 if moved is None else _session_spread(moved[:, system])
            freedom = 1.0 if sessions is None else sessions.df

            def shares(risk: float) -> tuple[float, float]:
                """Return the shares within the limit if another run's seconds are a session's factor apart."""
                if not spread:
                    return within, within
                factor = float(np.exp(t_at(1 - risk, freedom) * spread))
                return latency.share_within(limit_s / factor) or 0.0, latency.share_within(limit_s * factor) or 0.0

            tested = BoundedShare(
                shares, latency.variance_of_share, SHARE, latency.most, df, sides=1 if moved is None else 2
            )
            count = float(items[system]) or float(latency.requests.sum())
            return self._checked(requirement, latency.p95_s, tested, count, machine, within)

        return [one(system) for system in self._systems]

    def _memory(self, requirement: Requirement) -> list[CheckedFigure]:
        return [
            _unknown(requirement, REASONS["memory"])
            if peak_gib is None
            else self._checked(requirement, peak_gib, Exact(peak_gib, requirement.bound), 0.0)
            for peak_gib in peak_memory_gib(self.measured)
        ]

    def _checked(
        self,
        requirement: Requirement,
        estimate: float | None,
        tested: BoundedFigure,
        items: float,
        machine: WhichRun = WhichRun.NONE,
        within: float | None = None,
    ) -> CheckedFigure:
        number = self.measured.items_per_row * items
        return check_figure(requirement, estimate, tested, number, self.risk, machine, within)


def check_figure(
    requirement: Requirement,
    estimate: float | None,
    tested: BoundedFigure,
    items: float,
    risk: float,
    machine: WhichRun = WhichRun.NONE,
    within: float | None = None,
) -> CheckedFigure:
    """Check one figure of a system.

    Args:
        requirement: that bounds it.
        estimate, machine, within: as in `Check`.
        tested: the figure.
        items: that it is of.
        risk: of each bound.
    """
    low, high = tested.bounds(risk)
    check = Check(requirement, estimate, low, high, tested.least_risk(), "", None, machine, within)
    if check.outcome is Qualifies.MAY:
        check = replace(check, items_to_decide=tested.further_items(items, risk))
    return CheckedFigure(check, tested, items)


def bounded_accuracy(trials: Trials, system: int, bound: float, df: float) -> BoundedShare:
    """Return a system's accuracy, which is to be at least a bound."""
    share, variance = float(np.clip(trials.estimates[system], 0.0, 1.0)), float(trials.variances[system])
    return BoundedShare(lambda risk: (share, share), lambda share: variance, bound, float(trials.most[system]), df)


def bounded_costs(covarying: Covarying, cost: VaryingFigure, bound: float) -> list[BoundedMean]:
    """Return the cost of each system, which is to be at most a bound; that of another run where this is known."""
    figures = (
        cost.estimates,
        covarying.errors_of_another_run(cost),
        covarying.another_run_df(cost),
        covarying.session_shares(cost),
    )
    return [
        BoundedMean(mean, bound, error, df, fixed)
        for mean, error, df, fixed in zip(*(each.tolist() for each in figures), strict=True)
    ]


def why_unscored(measured: Measured) -> str:
    """Return why no answer of a system has a score, as a clause."""
    return measured.frames.why_unscored or REASONS["scored"]


def _session_spread(moves: NDArray[np.float64]) -> float:
    """Return the standard deviation between sessions of a logarithm, from moves that sum to 0."""
    return float(np.sqrt((moves**2).sum() / (len(moves) - 1)))


def _unknown(
    requirement: Requirement, reason: str, machine: WhichRun = WhichRun.NONE, estimate: float | None = None
) -> CheckedFigure:
    return CheckedFigure(Check(requirement, estimate, None, None, None, reason, None, machine), None, 0.0)


def peak_memory_gib(measured: Measured) -> list[float | None]:
    """Return the peak memory of each system, of its process or of the graphics cards; None where it is not recorded."""
    rows = measured.frames.run.systems()
    peaks_gib: list[float | None] = []
    for name in measured.basis.systems:
        row = rows.get(name)
        peaks = [] if row is None else [row.peak_memory_bytes, row.peak_device_memory_bytes]
        peaks_gib.append(max((peak / GIB for peak in peaks if peak is not None), default=None))
    return peaks_gib
