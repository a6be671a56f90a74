"""Write the figures of a routing study: gains with their sign, costs in the reader's unit, parts of the best's cost."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision.costs import CostWords, money_words
from wattbench_reports.wording.routing.phrases import PHRASES

_MINUS = re.compile(r"(?<!\w)-(?=[\d∞])")


@dataclass(frozen=True)
class DifferenceWords:
    """How differences next to one figure are written."""

    costs: CostWords
    """Of how many requests."""
    like: float
    """The figure per request, in the unit of the study."""

    def of_requests(self, interval: Interval) -> str:
        """Format a difference: ``−5.60 [−5.94, −5.26] J per request``."""
        return self.costs.of_requests(self.cell(interval))

    def cell(self, interval: Interval) -> str:
        """Format a difference for a column whose heading says how many requests it is of."""
        at, low, high = (self._number(each) for each in (interval.estimate, interval.low, interval.high))
        return f"{at} [{low}, {high}] {self._unit}"

    def amount(self, value: float) -> str:
        """Format a difference without bounds: ``0.52 USD per request``."""
        return self.costs.of_requests(f"{self._number(value)} {self._unit}")

    def _number(self, value: float) -> str:
        return minus(units.digits(value * self._factor))

    @property
    def _factor(self) -> float:
        return self.costs.factor if self.costs.unit is CostUnit.MONEY else 1 / units.prefix(self.like)[0]

    @property
    def _unit(self) -> str:
        letter = "" if self.costs.unit is CostUnit.MONEY else units.prefix(self.like)[1]
        return f"{letter}{self.costs.label}"


def minus(text: str) -> str:
    """Write numbers below 0 with a minus and not a hyphen."""
    return _MINUS.sub("−", text)


MOST_PERCENT = 2.0
"""From this ratio on it is said how many times, and not how many per cent."""

_ZERO = re.compile(r"0(\.0+)? ")


@dataclass(frozen=True)
class StudyMeasures:
    """How the figures of one study are written."""

    study: RoutingStudy
    costs: CostWords

    @property
    def best(self) -> RoutingChoice:
        """Return the best single system, as a choice."""
        return next(each for each in self.study.singles if each.name == self.study.best_single)

    def cost(self, interval: Interval) -> str:
        """Format a cost of requests: ``4.67 [4.20, 5.10] J per request``."""
        return self.costs.of_requests(self.cost_cell(interval))

    def cost_cell(self, interval: Interval) -> str:
        """Format a cost for a column whose heading says how many requests it is of."""
        return minus(self.costs.bounds(interval))

    @property
    def differences(self) -> DifferenceWords:
        """Return how differences of costs are written next to the cost of the best single system."""
        return DifferenceWords(self.costs, self.best.cost.estimate or 1.0)

    @property
    def gains(self) -> DifferenceWords:
        """Return how gains in cost or net benefit are written; net benefits next to that of a perfect router."""
        if self.study.aim != "benefit":
            return self.differences
        most = abs(self.study.verdict.ceiling_gain.estimate) or 1.0
        return DifferenceWords(money_words(self.study.label, [most]), most)

    def gain(self, interval: Interval) -> str:
        """Format a gain by the aim of the study: ``2.7 points [1.1, 4.3]``, ``0.52 [0.41, 0.63] USD per request``."""
        return points(interval) if self.study.aim == "accuracy" else self.gains.of_requests(interval)

    def gain_cell(self, interval: Interval) -> str:
        """Format a gain for a column: ``+2.7 [1.1, 4.3]`` points, ``+0.52 [0.41, 0.63] USD``."""
        text = points(interval).replace(" points", "") if self.study.aim == "accuracy" else self.gains.cell(interval)
        return f"+{text}" if interval.estimate > 0 and not _ZERO.match(text) else text

    def amount(self, value: float) -> str:
        """Format a gain or a loss without bounds: ``12.0 points``, ``0.52 USD per request``."""
        if self.study.aim == "accuracy":
            return "1 point" if math.isclose(value, 0.01) else minus(f"{units.fixed(100 * value, 1)} points")
        return self.gains.amount(value)

    def part(self, cost: float) -> str | None:
        """Format a cost as a part of the best single system's: ``21%``; None where that costs nothing."""
        whole = self.best.cost.estimate
        return part(cost / whole) if whole > 0 else None

    def saved_part(self, saving: Interval) -> str | None:
        """Format a saving, or what is paid more where it is below 0, as a part of the best single system's cost with
        its bounds: ``21% [18, 24]``; None where that costs nothing."""
        whole = self.best.cost.estimate
        if not whole > 0:
            return None
        sign = 1 if saving.estimate >= 0 else -1
        low, high = sorted(sign * each / whole for each in (saving.low, saving.high))
        return minus(f"{part(sign * saving.estimate / whole)} [{_percent(low)}, {_percent(high)}]")

    def paid(self, saving: Interval) -> str | None:
        """Format what is paid above the best single system's cost, as a saving below 0: ``21% [18, 24] more``, or
        ``4.5 [4.1, 4.9] times as much``; None where that costs nothing."""
        whole = self.best.cost.estimate
        if not whole > 0 or -saving.estimate < whole * MOST_PERCENT:
            part = self.saved_part(saving)
            return None if part is None else f"{part} more"
        estimate, low, high = (units.digits(1 - each / whole) for each in (saving.estimate, saving.high, saving.low))
        return minus(f"{estimate} [{low}, {high}] times as much")

    def part_of(self, cost: float) -> str | None:
        """Format a cost against the best single system's, to go before it: ``21% of``, ``4.5 times``."""
        whole = self.best.cost.estimate
        if not whole > 0:
            return None
        ratio = cost / whole
        return PHRASES["times"].format(times=units.digits(ratio)) if ratio >= MOST_PERCENT else f"{part(ratio)} of"

    def at_cost(self, choice: RoutingChoice, key: str = "at_part") -> str:
        """Say what a choice costs against the best single system: ``, at 21% of its cost``; empty where that is 0.

        Args:
            choice: of the study.
            key: ``at_part`` where the best single system has just been named, else ``at_part_of``.
        """
        if self.study.unit is None:
            return PHRASES["at_share"].format(part=part(self.share_to_best(choice)), best=self.study.best_single)
        shown = self.part_of(choice.cost.estimate)
        if shown is None:
            return ""
        return PHRASES[key].format(part=shown, best=self.study.best_single)

    def share_to_best(self, choice: RoutingChoice) -> float:
        """Return the requests per item that a choice sends to the best single system."""
        return choice.shares.get(self.study.best_single, 0.0)

    def gain_heading(self) -> str:
        """Name the column of gains: ``points gained``, ``saved``, ``gain per 1,000 requests``."""
        name = PHRASES[f"gain_{self.study.aim}"]
        return self.gains.costs.of_requests(name) if self.study.aim == "benefit" else name

    def heading(self, where: str = "") -> str:
        """Name a column of costs per request: ``joules per request``, ``cost per 1,000 requests``.

        Args:
            where: what follows the unit's name, such as ``there``.
        """
        names = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "CO2e", CostUnit.MONEY: "cost", CostUnit.SECONDS: "seconds"}
        if self.study.unit is None:
            return "to best single"
        return self.costs.of_requests(f"{names[self.study.unit]} {where}".rstrip())


def study_measures(study: RoutingStudy) -> StudyMeasures:
    """Return how the figures of a study are written: money for as many requests as make all systems' costs readable."""
    if study.unit is not CostUnit.MONEY:
        return StudyMeasures(study, CostWords(study.unit, study.label))
    return StudyMeasures(study, money_words(study.label, [each.cost.estimate for each in study.singles]))


def points(interval: Interval) -> str:
    """Format a difference of shares: ``2.7 points [−0.2, 4.3]``; bounds may be infinite."""
    at, low, high = (_hundredths(each) for each in (interval.estimate, interval.low, interval.high))
    return minus(f"{at} points [{low}, {high}]")


def _hundredths(value: float) -> str:
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    text = units.fixed(100 * value, 1)
    return "0.0" if text == "-0.0" else text


def _percent(ratio: float) -> str:
    if not math.isfinite(ratio):
        return "∞" if ratio > 0 else "-∞"
    text = units.fixed(100 * ratio, 0)
    return "0" if text == "-0" else text


def part(ratio: float) -> str:
    """Format a part of a whole without decimals: ``21%``; ``under 1%`` where there is less."""
    return "under 1%" if 0 < ratio < 0.005 else f"{units.fixed(100 * ratio, 0)}%"


def part_interval(interval: Interval) -> str:
    """Format a part with its bounds, which a part can have: ``83% [70, 91]``."""
    low, high = (units.fixed(100 * min(max(each, 0.0), 1.0), 0) for each in (interval.low, interval.high))
    return f"{part(interval.estimate)} [{low}, {high}]"
