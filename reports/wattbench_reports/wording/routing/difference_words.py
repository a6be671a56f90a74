"""Write differences of costs, and of net benefits, all in the unit of a figure next to them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision.costs import CostWords

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
