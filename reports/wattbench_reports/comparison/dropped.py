"""Say which systems a run stopped asking, and whether other settings might choose one of them.

A system is dropped under the requirements and the objective of the run. Under others it might be the best: that is
said wherever a reader decides by others, unless what the record shows of the system refutes it there as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from wattbench.errors import UserError
from wattbench.records import BoundedRow
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.formatting import units
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon.overrides import CARBON_AS_IN_SUITE
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement, decision_settings
from wattbench_reports.stats import Interval
from wattbench_reports.tables.asked_systems import Dropped, dropped_systems
from wattbench_reports.tables.run_tables import Frames

_UNITS = {"joules": "joules", "grams": "grams", "money": "cost"}
"""A unit of costs, and the requirement that bounds it."""


@dataclass(frozen=True)
class DroppedSystems:
    """The systems that a run stopped asking, and by what."""

    systems: tuple[Dropped, ...]
    """In the order in which they were dropped; at least one."""
    began: int
    """How many systems the run began with."""
    blocks: int | None
    """How many blocks the run planned; None where the record does not say."""
    error: float
    """Of the whole run: half of it is for systems that are dropped, half for the choice at its end."""
    settings: DecisionSettings
    """Requirements, worth and what was minimised when they were dropped."""

    @property
    def unit(self) -> str | None:
        """Return the unit of costs; None where none is known."""
        return self.systems[0].look.unit

    @property
    def currency(self) -> str:
        """Return the currency of money; empty for other units."""
        return self.systems[0].look.currency or ""


def dropped_of(frames: Frames) -> DroppedSystems | None:
    """Return the systems that a run stopped asking; None where all were asked to the end.

    Raises:
        UserError: the record is damaged.
    """
    dropped = dropped_systems(frames.run)
    if not dropped:
        return None
    stop = frames.record.suite.stop
    if stop is None:
        raise UserError(f"{frames.run.layout.looks}: the suite drops no systems; the record is damaged")
    for each in dropped:
        if each.look.unit is not None and each.look.unit not in set(CostUnit):
            raise UserError(f"{frames.run.layout.looks}: no unit {each.look.unit!r:.60}; the record is damaged")
    plan = frames.run.block_plan()
    return DroppedSystems(
        dropped,
        len({each.system for each in dropped} | {*frames.systems, *frames.absent}),
        None if plan is None else plan.blocks,
        stop.error,
        decision_settings(stop, domains=frames.categories("domain")),
    )


def interval_of(figure: BoundedRow | None) -> Interval | None:
    """Return a share or a cost with its bounds: 0 and infinity where there is none."""
    if figure is None:
        return None
    low, high = figure.low, figure.high
    return Interval(figure.estimate, 0.0 if low is None else low, math.inf if high is None else high)


def otherwise(dropped: DroppedSystems, settings: DecisionSettings, assumptions: Assumptions) -> Caveat | None:
    """Name the dropped systems that might be chosen under a reader's settings; None where the settings are the run's.

    Args:
        dropped: by a run.
        settings: of a decision.
        assumptions: the reader's, of which the mix of domains and what costs are made of count.
    """
    other = _differ(dropped, settings, assumptions)
    if not other:
        return None
    refuting = "the mix of domains" not in other and "what costs are made of" not in other
    names = [each.system for each in dropped.systems if not (refuting and _refuted(each, settings))]
    if not names:
        return None
    text = (
        f"Systems were dropped by other settings than these ({units.listed(other)}): here {units.named(names)} might "
        f"be chosen, but {'was' if len(names) == 1 else 'were'} not asked to the end. Run the suite under these "
        "settings, or with stop: false."
    )
    return Caveat("dropped-otherwise", text, tuple(names))


def _differ(dropped: DroppedSystems, settings: DecisionSettings, assumptions: Assumptions) -> list[str]:
    """List what of a reader's settings is not as it was when systems were dropped."""
    of_run, money = dropped.settings, dropped.unit == "money"
    other = []
    if settings.requirements != of_run.requirements:
        other.append("the requirements")
    wanted = {str(each) if each else dropped.unit for each in (settings.minimise, of_run.minimise)}
    if len(wanted) > 1:
        other.append("what is minimised")
    if settings.worth != of_run.worth:
        other.append("the worth of answers")
    if assumptions.workload.mix is not None:
        other.append("the mix of domains")
    worth = settings.worth
    grams = dropped.unit == "grams" or (worth is not None and worth.carbon_per_tonne > 0)
    priced = money and (assumptions.prices or assumptions.workload.price_per_kwh is not None)
    if priced or (grams and assumptions.carbon != CARBON_AS_IN_SUITE):
        other.append("what costs are made of")
    return other


def _refuted(dropped: Dropped, settings: DecisionSettings) -> bool:
    """Return whether the bounds on record refute a system under other requirements too: it fails one, or a rival is
    more accurate and costs less."""
    row, look = dropped.row, dropped.look
    if row.accuracy is not None and row.accuracy.estimate == 0:  # what answers nothing right is never advised
        return True
    if any(_fails(each, dropped) for each in settings.requirements):
        return True
    same_unit = settings.minimise is None or str(settings.minimise) == look.unit
    in_both = [row.worse.get(name) for name in ("accuracy", "cost")]
    dominated = all(each is not None and each.low is not None and each.low >= 0 for each in in_both)
    bounded = ("accuracy", _UNITS.get(look.unit or ""))
    elsewhere = any(each.domain or each.quantity not in bounded for each in settings.requirements)
    worth = settings.worth
    plain = worth is None or (worth.carbon_per_tonne == 0 and worth.per_second == 0)
    return row.rival is not None and dominated and same_unit and not elsewhere and plain


def _fails(required: Requirement, dropped: Dropped) -> bool:
    """Return whether a bound on record lies on the wrong side of a requirement."""
    row, look = dropped.row, dropped.look
    figure: BoundedRow | None = None
    if row.quantity == required.quantity and row.domain == required.domain and row.figure is not None:
        figure = row.figure
    elif required.quantity == "accuracy" and required.domain is None:
        figure = row.accuracy
    elif required.quantity == _UNITS.get(look.unit or ""):
        figure = row.cost
    if figure is None:
        return False
    if required.quantity == "accuracy":
        return figure.high is not None and figure.high < required.bound
    return required.quantity != "p95" and figure.low is not None and figure.low > required.bound
