"""Check every system against every requirement: the probability that it is met, and what would decide it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.cost_basis import why_invalid, why_no
from wattbench_reports.decision.items_to_decide import further_items, one_sided, score_apart
from wattbench_reports.decision.latency_limit import SHARE, Limited, SystemLatency, latencies
from wattbench_reports.decision.model import Check, Qualifies, WhichRun, outcome_of, rounded_bound
from wattbench_reports.decision.partial_pooling import PooledBy, pooled
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.decision.session_moves import P95, machine_share, machines_of
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import Quantity, Requirement

GIB = 1024.0**3

UNITS: Mapping[Quantity, CostUnit] = {"cost": CostUnit.MONEY, "joules": CostUnit.JOULES, "grams": CostUnit.GRAMS}
"""Quantities of requirements that are costs."""


@dataclass(frozen=True)
class Checked:
    """All systems against all requirements."""

    checks: tuple[tuple[Check, ...], ...]
    """Of each system, in the order of the requirements."""
    p_qualifies: tuple[float | None, ...]
    """Of each system: the probability that it meets all together."""
    met: NDArray[np.bool_]
    """Shape (draws, systems): in which draws it meets all. A requirement of which nothing is known counts as met: it
    excludes no system."""

    @property
    def outcomes(self) -> list[Qualifies]:
        """Return whether each system qualifies; one that fails a requirement does not, whatever is not known."""
        return [
            Qualifies.NO if any(each.outcome == Qualifies.NO for each in checks) else outcome_of(together)
            for checks, together in zip(self.checks, self.p_qualifies, strict=True)
        ]


def check_all(analysis: Analysis, figures: RunFigures, requirements: Sequence[Requirement]) -> Checked:
    """Check all systems of a run."""
    number, systems = figures.draws.number, len(analysis.basis.systems)
    checker = _Checker(analysis, figures)
    drawn = np.ones((number, systems), dtype=np.bool_)  # met in a draw, by what is drawn from sums
    others = np.ones((number, systems), dtype=np.bool_)
    rows: list[list[Check]] = []
    apart = np.ones(systems)  # the probability of what is not drawn from sums
    for requirement in requirements:
        checks, met = checker.of(requirement)
        rows.append(checks)
        if requirement.quantity in ("p95", "memory"):
            others &= met
            apart *= [1.0 if each.p_met is None else each.p_met for each in checks]
        else:
            drawn &= met
    by_system = tuple(tuple(row[system] for row in rows) for system in range(systems))
    together = drawn.mean(axis=0) * apart
    p_qualifies = [
        None if any(check.p_met is None for check in by_system[system]) else float(together[system])
        for system in range(systems)
    ]
    return Checked(by_system, tuple(p_qualifies), drawn & others)


@dataclass(frozen=True)
class _Checker:
    analysis: Analysis
    figures: RunFigures

    def of(self, requirement: Requirement) -> tuple[list[Check], NDArray[np.bool_]]:
        """Return a check of each system, and in which draws it is met."""
        if requirement.quantity == "accuracy":
            return self._accuracy(requirement)
        if requirement.quantity == "p95":
            return self._latency(requirement)
        if requirement.quantity == "memory":
            return self._memory(requirement)
        return self._cost(requirement, UNITS[requirement.quantity])

    @property
    def _systems(self) -> tuple[str, ...]:
        return self.analysis.basis.systems

    @cached_property
    def _latencies(self) -> list[SystemLatency]:
        return latencies(self.analysis)

    def _accuracy(self, requirement: Requirement) -> tuple[list[Check], NDArray[np.bool_]]:
        base, domain = self.analysis.basis, requirement.domain
        figure = self.figures.accuracy if domain is None else self.figures.accuracy_in(domain)
        items = base.items.sum(axis=0) if domain is None else base.items[base.domains.index(domain)]
        scored = base.trials.sum(axis=0) > 0
        unknown = REASONS["domains"] if domain is None else REASONS["domain"].format(domain=domain)
        reasons = [unknown if some else REASONS["scored"] for some in scored]
        return self._drawn(requirement, figure, items, reasons, PooledBy.ACCURACY)

    def _cost(self, requirement: Requirement, unit: CostUnit) -> tuple[list[Check], NDArray[np.bool_]]:
        base, costs = self.analysis.basis, self.analysis.costs.get(unit)
        if costs is None:
            return self._unknown(requirement, [why_no(unit)] * len(self._systems))
        figure = self.figures.cost(costs)
        reasons = [costs.missing.get(name) or why_invalid(self.analysis, costs, name) for name in self._systems]
        known = np.where([bool(reason) for reason in reasons], np.nan, 0.0)
        valid = replace(figure, estimates=figure.estimates + known)
        checks, met = self._drawn(requirement, valid, base.items.sum(axis=0), reasons, PooledBy.COST)
        machines = machines_of(costs, machine_share(self.analysis), self.figures.sessions)
        return [replace(check, machine=each) for check, each in zip(checks, machines, strict=True)], met

    def _drawn(
        self,
        requirement: Requirement,
        figure: VaryingFigure,
        items: NDArray[np.float64],
        reasons: Sequence[str],
        scale: PooledBy,
    ) -> tuple[list[Check], NDArray[np.bool_]]:
        bound, draws = requirement.bound, pooled(figure, self.figures.draws, scale, requirement.bound)
        with np.errstate(invalid="ignore"):
            kept = rounded_bound(requirement)
            met = draws >= kept if scale is PooledBy.ACCURACY else draws <= kept
        joint = self.figures.draws
        errors, df = np.sqrt(np.diag(joint.of_another_run(figure))), joint.another_run_df(figure)
        fixed = joint.session_shares(figure)
        checks = []
        for system in range(len(self._systems)):
            if not figure.known[system]:
                met[:, system] = True
                checks.append(Check(requirement, None, None, reasons[system] or REASONS["unknown"], None))
                continue
            p_met = float(met[:, system].mean())
            further = None
            if outcome_of(p_met) == Qualifies.MAY:
                number = self.analysis.items_per_row * float(items[system])
                freedom = float(df[system])
                apart = score_apart(float(figure.estimates[system]) - bound, float(errors[system]), p_met, freedom)
                further = further_items(number, 1.0, apart, one_sided(freedom), float(fixed[system]))
            checks.append(Check(requirement, float(figure.estimates[system]), p_met, "", further))
        return checks, met

    def _latency(self, requirement: Requirement) -> tuple[list[Check], NDArray[np.bool_]]:
        draws, sessions = self.figures.draws, self.figures.sessions
        moves = None if sessions is None or P95 not in sessions.moves else draws.moved(sessions.moves[P95])
        machine = WhichRun.THIS_RUN if moves is None else WhichRun.ANOTHER_RUN
        met = np.ones((draws.number, len(self._systems)), dtype=np.bool_)
        checks = []
        for system, latency in enumerate(self._latencies):
            limited = latency.within(requirement.bound)
            if limited is None:
                checks.append(Check(requirement, latency.p95_s, None, REASONS["timed"], None, machine))
                continue
            p_met, decidable = limited.p_met, True
            met[:, system] = draws.uniform(system) < p_met
            if moves is not None:
                each, shares = latency.within_each(requirement.bound * np.exp(-moves[:, system]))
                met[:, system] = draws.uniform(system) < each
                p_met, decidable = float(each.mean()), outcome_of(float((shares >= SHARE).mean())) != Qualifies.MAY
            further = None
            if outcome_of(p_met) == Qualifies.MAY and decidable:
                further = self._requests_to_decide(system, latency, limited)
            checks.append(Check(requirement, latency.p95_s, p_met, "", further, machine))
        return checks, met

    def _requests_to_decide(self, system: int, latency: SystemLatency, limited: Limited) -> int | None:
        error = math.sqrt(SHARE * (1 - SHARE) / limited.effective)
        items = self.analysis.items_per_row * float(self.analysis.basis.items[:, system].sum())
        items = items or float(latency.requests.sum())
        return further_items(items, error, limited.within - SHARE, one_sided(self.figures.draws.df))

    def _memory(self, requirement: Requirement) -> tuple[list[Check], NDArray[np.bool_]]:
        met = np.ones((self.figures.draws.number, len(self._systems)), dtype=np.bool_)
        checks = []
        for system, peak_gib in enumerate(peak_memory_gib(self.analysis)):
            if peak_gib is None:
                checks.append(Check(requirement, None, None, REASONS["memory"], None))
                continue
            met[:, system] = peak_gib <= requirement.bound
            checks.append(Check(requirement, peak_gib, float(peak_gib <= requirement.bound), "", None))
        return checks, met

    def _unknown(self, requirement: Requirement, reasons: Sequence[str]) -> tuple[list[Check], NDArray[np.bool_]]:
        met = np.ones((self.figures.draws.number, len(self._systems)), dtype=np.bool_)
        return [Check(requirement, None, None, reason, None) for reason in reasons], met


def peak_memory_gib(analysis: Analysis) -> list[float | None]:
    """Return the most memory of each system, of its process or of the graphics cards; None where it is not recorded."""
    rows = analysis.frames.run.systems()
    peaks_gib: list[float | None] = []
    for name in analysis.basis.systems:
        row = rows.get(name)
        peaks = [] if row is None else [row.peak_memory_bytes, row.peak_device_memory_bytes]
        peaks_gib.append(max((peak / GIB for peak in peaks if peak is not None), default=None))
    return peaks_gib
