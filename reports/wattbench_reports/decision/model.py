"""Define a decision: who meets the requirements, which system to run, how sure that is, what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.stats import Interval

ROUNDING = 1e-9
"""A figure within this part of its bound is at the bound: sums of prices are not those that are written."""

SHARE = 0.95
"""Of the requests, that must be answered within a limit of latency."""

Objective = Literal["cost", "benefit", "prices", "accuracy"]
"""What a decision goes by. ``cost``: requirements are named, and it is the least cost among the systems that meet
them. ``benefit``: answers are worth something, and it is the most net benefit per request. ``prices``: neither is
named: the system that is most accurate and costs the least per right answer, or the two between which a reader chooses.
``accuracy``: no cost of two systems is known."""


class Qualifies(StrEnum):
    """Whether a system meets requirements."""

    YES = "yes"
    MAY = "may"
    NO = "no"


class WhichRun(StrEnum):
    """The run whose machine a figure and its bounds are stated for."""

    NONE = "none"
    """It depends on no machine: answers, tokens, declared costs, a recorded peak."""
    THIS_RUN = "this run"
    """The machine as it was in this run: one session says nothing of another run."""
    ANOTHER_RUN = "another run"
    """Another run on this machine: earlier sessions say how much runs differ."""


def outcome_by_bounds(bound: float, low: float | None, high: float | None, *, is_least: bool) -> Qualifies:
    """Return whether a requirement is met, by two one-sided bounds, each at the reader's risk.

    It is met where the bound on its bad side keeps it, not met where the other bound fails it, and open otherwise.
    A figure that is at what is required but for `ROUNDING` keeps it.

    Args:
        bound: what is required.
        low: the lower bound of the figure; None where it is not known.
        high: the upper bound.
        is_least: whether the figure is to be at least the bound; else at most.
    """
    if low is None or high is None:
        return Qualifies.MAY
    if is_least:
        least = bound * (1 - ROUNDING)
        return Qualifies.YES if low >= least else Qualifies.NO if high < least else Qualifies.MAY
    most = bound * (1 + ROUNDING)
    return Qualifies.YES if high <= most else Qualifies.NO if low > most else Qualifies.MAY


@dataclass(frozen=True)
class Check:
    """The check of one system against one requirement."""

    requirement: Requirement
    estimate: float | None
    """In the unit of the bound; None where it is not known. Of ``p95`` the seconds within which 95% of the requests at
    hand were answered, however few they are."""
    low: float | None
    """Lower bound of the figure, wrong with at most the reader's risk; None where it is not known. Of ``p95``: of the
    share of requests that the system answers within the limit."""
    high: float | None
    """Upper bound, likewise."""
    least_risk: float | None
    """The least risk at which the requirement would be said to be met: the p-value of a test that it is not; 1 where it
    is above a half."""
    reason: str
    """Why it is not known, as a clause; empty otherwise."""
    items_to_decide: int | None
    """Further items that would make it met or not met, if the estimate stays; None where it is decided, where sessions
    differ by more than any items can decide, or more than `wattbench_reports.decision.bounds.MOST_ITEMS` would be
    needed."""
    machine: WhichRun = WhichRun.NONE
    """Of which machine the bounds are."""
    within: float | None = None
    """Of ``p95``: the share of the requests at hand that were answered within the limit."""

    @property
    def outcome(self) -> Qualifies:
        """Return whether the requirement is met."""
        return outcome_by_bounds(self.required, self.low, self.high, is_least=self.is_least)

    @property
    def required(self) -> float:
        """Return the value that the bounds are compared with: of ``p95`` the share that must be within the limit."""
        return SHARE if self.requirement.quantity == "p95" else self.requirement.bound

    @property
    def is_least(self) -> bool:
        """Return whether the figure must be at least the bound, so that its lower bound decides."""
        return self.requirement.quantity in ("accuracy", "p95")


@dataclass(frozen=True)
class SystemDecision:
    """One system in a decision."""

    system: str
    kind: str
    checks: tuple[Check, ...]
    """In the order of the settings' requirements."""
    qualifies: Qualifies
    """Whether it meets all requirements, each at the reader's risk (an intersection-union test); one that fails any
    does not."""
    counted: bool
    """Whether it still does where the choice among `Decision.choice_of` systems is counted, by Holm's method; True
    without requirements."""
    counted_bounds: tuple[float | None, ...]
    """Of each requirement: the bound on its bad side by which `counted` is judged."""
    useless: str
    """Why it is in doubt and not advised, as a clause: "answers no item of text correctly (0 of 32)"; else empty."""
    apart: str
    """Why it takes no part in the choice, as a clause; empty otherwise."""
    accuracy: Interval | None
    cost_per_request: Interval | None
    """In the unit of the decision, with the carbon price and the price of a second where they are named."""
    cost_per_correct: Interval | None
    """In the unit of the decision; the upper bound may be infinite."""
    tail_latency_s: float | None
    """At `Decision.tail_share`."""
    benefit: Interval | None
    """Net benefit per request, in money; None unless answers are worth something."""
    not_excluded_from_front: bool | None
    """Whether it cannot be excluded that it is on the Pareto front of accuracy and cost per request; None where it is
    not known."""


@dataclass(frozen=True)
class HullStep:
    """A step from one system to the next on the hull of accuracy and cost."""

    cheaper: str
    dearer: str
    price: Interval
    """What each further correct answer costs, in the unit of the decision. The upper bound is infinite where the gain
    may be nothing."""
    gain: Interval
    """Accuracy of the dearer system - that of the cheaper one."""


@dataclass(frozen=True)
class Leader:
    """The best system by the estimates, from one worth of a correct answer on."""

    from_worth: float
    system: str


@dataclass(frozen=True)
class OtherPrices:
    """The prices of further right answers in a unit other than the decision's, by the estimates."""

    unit: CostUnit
    label: str
    first: float
    """From the cheaper system to the next on the hull."""
    last: float
    """From the one before the most accurate to that."""


@dataclass(frozen=True)
class Between:
    """Two systems between which a reader chooses, where nothing is required."""

    cheaper: str
    """It costs the least per right answer."""
    dearer: str
    """It is the most accurate."""
    first: Interval
    """What each further right answer costs from the cheaper one to the next system of the hull."""
    last: Interval
    """And from the one before the dearer to the dearer; the same where there is none between."""
    others: tuple[OtherPrices, ...] = ()
    """The same in the other units that are known."""


@dataclass(frozen=True)
class Decision:
    """Which system to run, under the settings of a suite or a reader."""

    unit: CostUnit | None
    """In which costs are compared; None where no cost of two systems is known."""
    label: str
    """Of the unit: ``J``, ``g`` or a currency; empty without one."""
    objective: Objective
    settings: DecisionSettings
    systems: tuple[SystemDecision, ...]
    """Those that can be advised first, then those that qualify by themselves, those that may, and those that do not; in
    each the best by the objective first. Without requirements those of the hull, by rising cost, then all others.
    Systems that are apart come last."""
    choice_of: int
    """How many systems could be advised, as they are not shown to fail a requirement: the choice among them is
    counted."""
    chosen: str | None
    """The system to run; None where none is shown to meet the requirements, and where nothing is required and there are
    two to choose between."""
    between: Between | None
    """Those two; None otherwise."""
    surest: str | None
    """Where none is shown to meet the requirements: the one that is the nearest to being so."""
    best: tuple[str, ...]
    """Systems that cannot be excluded from being the best of those that can be advised, the chosen one first."""
    items_to_decide: int | None
    """Further items that would leave one of `best`, if the estimates stay; where none is chosen, those that would show
    that the surest meets the requirements or does not. None where it is decided, or too many would be needed."""
    hull: tuple[HullStep, ...]
    """By rising cost. Its cheapest end may be a system in doubt, which is not advised."""
    leaders: tuple[Leader, ...]
    """The best system by estimate as a right answer is worth more, by rising worth, the first from 0 on. Empty where no
    cost of two systems is known."""
    tail_share: float | None
    """The percentile of `SystemDecision.tail_latency_s`; None where some system supports none."""
    why_none: str
    """Why no system is chosen, as a clause; empty where one is, or two are to choose between."""
    why_no_cost: str = ""
    """Why no costs are compared, as a clause; empty where they are."""
    machine: WhichRun = WhichRun.NONE
    """Of which machine costs are: those of some system are."""
    sessions: int | None = None
    """How many sessions say what another run on this machine would differ by; None: not known, one session."""

    def of(self, system: str) -> SystemDecision:
        """Return one system of the decision.

        Raises:
            KeyError: it is not in the decision.
        """
        for each in self.systems:
            if each.system == system:
                return each
        raise KeyError(system)
