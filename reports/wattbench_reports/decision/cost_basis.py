"""Choose the unit in which costs are compared, and the systems whose costs can be.

The unit is that of `minimise`. Without it:

1. money, where answers, grams or seconds have a worth;
2. money, where every candidate has a cost in money and some of it is more than electricity (which is joules at one
   price), or a requirement bounds it and two candidates have one;
3. joules, where two candidates have joules that can be compared: of one provenance, conditions and meter
   (`wattbench_reports.comparability.joules`);
4. money, then grams, then seconds, where two candidates have them.

A candidate takes part in a verdict (`wattbench_reports.comparison.eligibility`): the same documents, a rate that it
holds, no yardstick. Where there is only one candidate, one is enough. Of several groups of comparable joules the
largest is taken, the first of equals; the other systems are apart. A cost in money has no such groups: a price is
stated, and joules are only a part of it; but joules of windows that are not valid make no cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from wattbench_reports.comparability.joules import NO_JOULES, NOT_VALID
from wattbench_reports.comparability.rules import LATENCY, groups
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.metrics.costs import LATENCY_S, MONEY, TIMED, Costs, CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Worth
from wattbench_reports.tables.provenance import measured_part

GRAMS_PER_TONNE = 1_000_000.0


@dataclass(frozen=True)
class CostBasis:
    """The unit in which costs are compared, and the systems whose costs are."""

    costs: Costs | None
    """With the carbon price and the price of a second; None where too few systems have a cost."""
    known: tuple[str, ...] = ()
    """Candidates whose costs are compared."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Candidates whose costs are not, and why: a clause."""
    why_none: str = ""
    """Why there are no costs, as a clause."""

    @property
    def reasons_apart(self) -> Mapping[str, str]:
        """Return the systems whose costs are not compared, with the reasons. Empty without any costs."""
        return {} if self.costs is None else self.reasons


def cost_basis(measured: Measured, weighed: Weighed, settings: DecisionSettings) -> CostBasis:
    """Choose the unit of a run's decision."""
    candidates = list(measured.contest.candidates)
    wanted = _wanted(settings)
    if wanted is not None:
        chosen = _of_unit(measured, weighed, wanted, candidates, settings.worth)
        return chosen if _enough(chosen, candidates) else _without(wanted, chosen)
    units = {unit: _of_unit(measured, weighed, unit, candidates, None) for unit in CostUnit if unit in weighed.costs}
    money = units.get(CostUnit.MONEY)
    bounded = any(each.quantity == "cost" for each in settings.requirements)
    if money is not None and money.costs is not None and _enough(money, candidates):
        of_all = len(money.known) == len(candidates) and MONEY in money.costs.parts
        if bounded or of_all:
            return money
    for unit in (CostUnit.JOULES, CostUnit.MONEY, CostUnit.GRAMS, CostUnit.SECONDS):
        if unit in units and _enough(units[unit], candidates):
            return units[unit]
    return CostBasis(None, why_none=REASONS["no_two"])


def _wanted(settings: DecisionSettings) -> CostUnit | None:
    if settings.worth is not None and (settings.worth.of_answers or settings.minimise is None):
        return CostUnit.MONEY
    return settings.minimise


def _enough(compared: CostBasis, candidates: Sequence[str]) -> bool:
    return len(compared.known) >= min(2, len(candidates)) > 0


def _without(unit: CostUnit, compared: CostBasis) -> CostBasis:
    reasons = set(compared.reasons.values())
    because = f": {reasons.pop()}" if len(reasons) == 1 else ""
    return CostBasis(None, why_none=REASONS["too_few"].format(unit=unit) + because)


def _of_unit(
    measured: Measured, weighed: Weighed, unit: CostUnit, candidates: Sequence[str], worth: Worth | None
) -> CostBasis:
    costs = weighed.costs.get(unit)
    if costs is None:
        return CostBasis(None, (), dict.fromkeys(candidates, why_no(unit)))
    if unit == CostUnit.MONEY and worth is not None:
        costs = _with_worth(measured, weighed, costs, worth)
    reasons = {
        name: why for name in candidates if (why := costs.missing.get(name) or why_invalid(measured, costs, name))
    }
    known = [name for name in candidates if name not in reasons]
    if unit == CostUnit.SECONDS and known:
        main = max(([name for name in side if name in known] for side in latency_sides(measured)), key=len)
        reasons |= {name: REASONS["other_seconds"] for name in known if name not in main}
        known = main
    elif unit != CostUnit.MONEY and known:
        main = _largest_group(measured, known)
        reasons |= {name: measured.why_joules_not_comparable(main[0], name) for name in known if name not in main}
        known = main
    return CostBasis(costs, tuple(known), reasons)


def why_no(unit: CostUnit) -> str:
    """Return why no system of a run has a cost in a unit, as a clause."""
    return REASONS[f"no_{unit}"]


def why_invalid(measured: Measured, costs: Costs, system: str) -> str:
    """Return why a system's cost can't be believed, as a clause: it contains joules of invalid windows. Else empty."""
    coefficient = costs.parts.get("energy_j")
    column = measured.basis.systems.index(system)
    if coefficient is None or not coefficient[column] > 0:
        return ""
    return "" if measured.judged[system].valid else NOT_VALID


def _largest_group(measured: Measured, names: Sequence[str]) -> list[str]:
    sides: dict[tuple[str, int], list[str]] = {}
    for name in names:
        sides.setdefault(side_of(measured, name), []).append(name)
    return max(sides.values(), key=len)


def latency_sides(measured: Measured) -> tuple[tuple[str, ...], ...]:
    """Return groups of systems whose latencies may be compared."""
    return groups(measured.prints, LATENCY)


def side_of(measured: Measured, system: str) -> tuple[str, int]:
    """Return a key of a system's joules: the joules of two systems with the same key can be compared."""
    group = next(number for number, members in enumerate(measured.energy_groups) if system in members)
    return measured_part(measured.systems[system].provenance), group


def _with_worth(measured: Measured, weighed: Weighed, costs: Costs, worth: Worth) -> Costs:
    """Add the price of grams and the price of seconds to the costs."""
    parts, missing = dict(costs.parts), dict(costs.missing)
    systems = measured.basis.systems
    if worth.carbon_per_tonne:
        grams = weighed.costs.get(CostUnit.GRAMS)
        lacking = dict.fromkeys(systems, why_no(CostUnit.GRAMS)) if grams is None else grams.missing
        for name, why in lacking.items():
            missing.setdefault(name, REASONS["needs_grams"].format(reason=_as_clause(why)))
        for kind, coefficient in ({} if grams is None else grams.parts).items():
            added = coefficient * worth.carbon_per_tonne / GRAMS_PER_TONNE
            parts[kind] = parts[kind] + added if kind in parts else added
    if worth.per_second:
        timed = measured.basis.totals[TIMED].sum(axis=0)
        for name, count in zip(systems, timed, strict=True):
            if not count:
                missing.setdefault(name, REASONS["second"])
        parts[LATENCY_S] = np.full(len(systems), worth.per_second)
    return replace(costs, parts=parts, missing=missing)


def _as_clause(reason: str) -> str:
    return REASONS["has_no_joules"] if reason == NO_JOULES else reason
