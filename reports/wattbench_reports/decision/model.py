"""What a decision says: who meets the requirements, which system to run, how sure that is, what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.stats import Interval

MEETS = 0.95
"""A requirement is met from this probability on."""
FAILS = 0.05
"""Below this probability it is not met."""

ROUNDING = 1e-9
"""A figure within this part of its bound is at the bound: sums of prices are not those that are written."""

Objective = Literal["cost", "benefit", "prices", "accuracy"]
"""What a decision goes by. ``cost``: requirements are named, and it is the least cost among the systems that meet
them. ``benefit``: answers are worth something, and it is the most net benefit per request. ``prices``: neither is
named, and what a further correct answer costs is stated in place of a choice. ``accuracy``: no cost of two systems is
known."""


class Qualifies(StrEnum):
    """Whether a system meets requirements."""

    YES = "yes"
    MAY = "may"
    NO = "no"


class WhichRun(StrEnum):
    """Of which machine a figure is, and the probabilities that are made of it."""

    NONE = "none"
    """It depends on no machine: answers, tokens, declared costs, a recorded peak."""
    THIS_RUN = "this run"
    """The machine as it was in this run: one session says nothing of another run."""
    ANOTHER_RUN = "another run"
    """Another run on this machine: earlier sessions say how much runs differ."""


def outcome_of(probability: float | None) -> Qualifies:
    """Return what a probability of meeting requirements comes to; without one, it may."""
    if probability is None:
        return Qualifies.MAY
    if probability >= MEETS:
        return Qualifies.YES
    return Qualifies.NO if probability < FAILS else Qualifies.MAY


def outcome_by_bounds(requirement: Requirement, low: float | None, high: float | None) -> Qualifies:
    """Return whether a requirement is met, by two one-sided bounds, each at the reader's risk.

    It is met where the bound on its bad side keeps it, not met where the other bound fails it, and else cannot be told.

    Args:
        requirement: with its bound.
        low: the lower bound of the figure; None where it is not known.
        high: the upper bound.
    """
    if low is None or high is None:
        return Qualifies.MAY
    kept = rounded_bound(requirement)
    if requirement.quantity == "accuracy":
        return Qualifies.YES if low >= kept else Qualifies.NO if high < kept else Qualifies.MAY
    return Qualifies.YES if high <= kept else Qualifies.NO if low > kept else Qualifies.MAY


def rounded_bound(requirement: Requirement) -> float:
    """Return the bound that figures are held against: one that is at it but for `ROUNDING` keeps it."""
    return requirement.bound * (1 - ROUNDING if requirement.quantity == "accuracy" else 1 + ROUNDING)


@dataclass(frozen=True)
class Check:
    """One system against one requirement."""

    requirement: Requirement
    estimate: float | None
    """In the unit of the bound; None where it is not known. Of ``p95`` the seconds within which 95% of the requests at
    hand were answered, however few they are."""
    p_met: float | None
    """The probability that the requirement is met; None where it is not known."""
    reason: str
    """Why it is not known, as a clause; empty otherwise."""
    items_to_decide: int | None
    """Further items that would make it met or not met, if the estimate stays; None where it is decided, where sessions
    differ by more than any items can decide, or more than `wattbench_reports.decision.items_to_decide.MOST` would be
    needed."""
    machine: WhichRun = WhichRun.NONE
    """Of which machine the probability is."""

    @property
    def outcome(self) -> Qualifies:
        """Return whether the requirement is met."""
        return outcome_of(self.p_met)

    @property
    def keeps(self) -> bool:
        """Return whether the estimate keeps the bound."""
        if self.estimate is None:
            return False
        bound = rounded_bound(self.requirement)
        return self.estimate >= bound if self.requirement.quantity == "accuracy" else self.estimate <= bound


@dataclass(frozen=True)
class SystemDecision:
    """One system in a decision."""

    system: str
    kind: str
    checks: tuple[Check, ...]
    """In the order of the settings' requirements."""
    p_qualifies: float | None
    """The probability that all requirements are met together; 1 without any. None where one of them is not known."""
    qualifies: Qualifies
    useless: str
    """Why it is never advised, as a clause: "answers no item of text correctly (0 of 32)"; empty otherwise."""
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
    p_best: float | None
    """The probability that it is the best by the objective, of the systems that meet the requirements. None where
    nothing is chosen, and from fewer than `wattbench_reports.decision.best.FEWEST_ITEMS` items."""
    regret: float | None
    """What choosing it is expected to lose per request against the best that meets the requirements, where it meets
    them itself, in the unit of the objective. None where nothing is chosen or it never meets them."""
    not_excluded_from_front: bool | None
    """Whether it cannot be excluded that it is on the Pareto front of accuracy and cost per request; None where it is
    not known."""


@dataclass(frozen=True)
class HullStep:
    """From one system to the next on the hull of accuracy and cost."""

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
class Acceptability:
    """Which system is best, as a correct answer is worth more.

    Source: B. A. van Hout, M. J. Al, G. S. Gordon and F. F. H. Rutten, "Costs, effects and C/E-ratios alongside a
    clinical trial", Health Economics 3 (1994); E. Fenwick, K. Claxton and M. Sculpher, "Representing uncertainty: the
    role of cost-effectiveness acceptability curves", Health Economics 10 (2001).
    """

    worths: tuple[float, ...]
    """Of a correct answer, rising from 0, in the unit of the decision."""
    probabilities: Mapping[str, tuple[float, ...]]
    """System to the probability that it is best at each worth; the systems' probabilities sum to 1."""
    leaders: tuple[Leader, ...]
    """By rising worth, the first from 0 on."""


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
    """Those that qualify first, then those that may, then those that do not; in each the best by the objective first;
    for ``prices`` those of the hull, then all others, by rising cost. Systems that are apart come last."""
    chosen: str | None
    """None for ``prices``, or where no system is more likely than not to meet the requirements, and none has figures
    that all keep their bounds."""
    best: tuple[str, ...]
    """Systems that cannot be excluded from being the best of those that meet the requirements, the chosen one first."""
    items_to_decide: int | None
    """Further items that would leave one of `best`, if the estimates stay; None where one is left already, or too many
    would be needed."""
    hull: tuple[HullStep, ...]
    """By rising cost. Its cheapest end may be a useless system, which is never advised."""
    acceptability: Acceptability | None
    """None where no cost of two systems is known."""
    tail_share: float | None
    """The percentile of `SystemDecision.tail_latency_s`; None where some system supports none."""
    why_none: str
    """Why no system is chosen, as a clause; empty where one is, and for ``prices`` where the reader is to choose."""
    why_no_cost: str = ""
    """Why no costs are compared, as a clause; empty where they are."""
    machine: WhichRun = WhichRun.NONE
    """Of which machine P(best), regret and the curve are: the costs of some system are."""
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
