"""What a routing study says: ceilings, choices that can be built, cascades, residents, and whether it is worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import Qualifies, outcome_by_bounds
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.prediction_check import PredictionCheck
from wattbench_reports.routing.requirement_bounds import BoundEvidence
from wattbench_reports.stats import Interval

LEAST_POINTS = 0.01
"""A difference in accuracy below this does not matter: as a gain it is not worth a router, as a loss a router is as
accurate."""
LEAST_SAVING = 0.05
"""A difference in cost below this share of the best single system's does not matter: as a saving it is not worth a
router, as an excess a router costs no more."""

Aim = Literal["benefit", "cost", "accuracy"]
"""What a router is to gain on the best single system, which is the one that is advised. ``benefit``: answers have a
worth, and it is net benefit per request, in money. ``cost``: requirements are named, and it is the saving per request.
``accuracy``: nothing is advised, as neither is named or no single system meets the requirements, or no cost is known:
it is accuracy above the most accurate system's, or the same accuracy at a lower cost."""

Way = Literal["accurate", "cheaper", "benefit", ""]
"""How a router is worth building: more accurate at no more cost; cheaper, and as accurate or as is required; of more
net benefit. Empty where it is not shown to be."""

CostOrigin = Literal["named", "measured", "assumed"]
"""Of the router's own cost: a reader's; of the hybrids of the run; neither (`router_own`)."""

ChoiceKind = Literal["single", "domain", "nearest", "classifier", "file", "shuffled", "item", "pair", "triple"]
"""``single``: always the same system. ``domain``, ``nearest`` and ``classifier`` are routers that can be built, judged
on items that they were not fitted to. ``file``: the routes of a file. ``shuffled``: the control, fitted to shuffled
answers. ``item``, ``pair`` and ``triple`` are oracles over all systems, two and three."""


class WorthBuilding(StrEnum):
    """Whether a router is worth building."""

    YES = "worth building"
    NO = "not worth it"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class RequirementMet:
    """One choice against one requirement."""

    requirement: Requirement
    estimate: float | None
    """In the unit of the requirement; None where it is not known."""
    low: float | None
    """One-sided bound at the reader's risk (`requirement_bounds`); None where it is not known."""
    high: float | None
    """Likewise."""
    evidence: BoundEvidence | None = field(default=None, repr=False, compare=False)
    """What the bounds are made from; None where it is not known."""

    @property
    def outcome(self) -> Qualifies:
        """Return whether the requirement is met, by its bounds."""
        requirement = self.requirement
        return outcome_by_bounds(requirement.bound, self.low, self.high, is_least=requirement.quantity == "accuracy")

    def at_risk(self, risk: float) -> RequirementMet:
        """Return the requirement with bounds at another risk."""
        if self.evidence is None:
            return self
        low, high = self.evidence.bounds_at(risk)
        return replace(self, low=low, high=high)


@dataclass(frozen=True)
class GainParts:
    """What each cluster adds to the differences of a choice from the best single system: shape (clusters,) each."""

    gain: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    cost: NDArray[np.float64]
    above_mix: NDArray[np.float64]

    def times(self, factor: float) -> GainParts:
        """Return the parts multiplied by a factor."""
        return GainParts(*(factor * each for each in (self.gain, self.accuracy, self.cost, self.above_mix)))


@dataclass(frozen=True)
class RoutingChoice:
    """A way to choose systems, with its figures over the mix of domains. Intervals are of 95%."""

    kind: ChoiceKind
    name: str
    """For ``single`` the system; for ``file`` the router; else empty."""
    setting: str
    """Which point of its curve: ``accurate`` (the most accurate), ``value`` (the most gain by the items it was fitted
    to), or ``0.25``, ``0.5``, ``0.75`` (the part of the way from the cheapest to the best single system's cost). Empty
    for a choice without a curve."""
    members: tuple[str, ...]
    shares: Mapping[str, float]
    """Requests to each member per item: above 1 in all where several are asked."""
    accuracy: Interval
    cost: Interval
    """Per request, in the unit of the study."""
    amounts: Mapping[str, Interval]
    """``joules``, ``grams``, ``money`` and ``seconds`` per request, where all candidates have them."""
    accuracy_gain: Interval
    """Accuracy - the best single system's, over the same items."""
    cost_gain: Interval
    """Cost - the best single system's: below 0 it is cheaper."""
    amount_gains: Mapping[str, Interval]
    """As `cost_gain`, of each amount."""
    above_mix: Interval | None
    """Accuracy above a random mix of single systems at the same cost, which needs no router; None where there is
    nothing to mix."""
    gain: Interval
    """By the aim of the study; see `Aim`."""
    p95_s: float | None
    met: tuple[RequirementMet, ...]
    """In the order of the settings' requirements."""
    qualifies: Qualifies
    gain_parts: GainParts | None = field(default=None, repr=False, compare=False)
    """By which the gains of several choices are bounded at once."""


@dataclass(frozen=True)
class Ceiling:
    """What a perfect router would give. Nothing that can be built is above it."""

    best: RoutingChoice
    """For each item the system with the highest score, of equals the cheapest. A mean over repeats flatters it."""
    cross_fitted: RoutingChoice | None
    """Chosen by some repeats and judged by the others; None without repeats, or where it is left out."""
    why_not_cross_fitted: str
    """Why it is left out, as a clause; empty otherwise."""
    pair: RoutingChoice | None
    """Of the best two systems, chosen on half of the items and judged on the other; None with fewer than three."""
    triple: RoutingChoice | None
    """Of the best three; None with fewer than four."""
    gain: Interval | None = None
    """By the aim: of the choice per item that gains the most, which is not always that of the highest score. Under the
    aim ``cost`` of those that are as accurate as is required over all domains. None: that of `best`."""
    saving: Interval | None = None
    """Of the cheapest choice per item that is as accurate as the best single system within `LEAST_POINTS`; only under
    the aim ``accuracy`` where a cost is known."""
    exceeded: str = ""
    """Which hybrid of the run is above it all the same, and why, as a clause; empty where none is."""


@dataclass(frozen=True)
class MeasuredHybrid:
    """A hybrid of the run, on the items of a study."""

    name: str
    accuracy: float
    """Over the mix of domains."""
    members: tuple[str, ...]


@dataclass(frozen=True)
class RoutingCurve:
    """Accuracy against cost of one router as a correct answer is worth more, on items that it was not fitted to."""

    kind: ChoiceKind
    costs: tuple[float, ...]
    """Per request, rising, in the unit of the study."""
    accuracies: tuple[Interval, ...]
    above_mix: tuple[Interval, ...]


@dataclass(frozen=True)
class Cascade:
    """One system first, and another where a check rejects its answer. Every first answer is billed.

    A check of quality q accepts a correct answer and rejects a wrong one with probability q each.
    """

    first: str
    then: str
    qualities: tuple[float, ...]
    """Of the check, from .5 (a coin) to 1."""
    accuracies: tuple[Interval, ...]
    """At each quality."""
    costs: tuple[Interval, ...]
    amounts: Mapping[str, tuple[Interval, ...]]
    equals: Interval | None
    """The quality from which on it is as accurate as the best single system, at least .5; above 1 where no check
    suffices. None where the two systems answer alike."""
    cost_at_equal: Interval | None
    """Its cost there, per request; None where no check suffices."""
    pays: Interval | None
    """The quality from which on its gain, by the aim of the study, is above 0, and what is required of accuracy is
    met; at least .5, above 1 or infinite where no check suffices."""
    break_even_escalation: float | None
    """The share of requests passed on up to which it costs less than the second system alone; None where the first
    costs as much as the second."""
    escalation_at_equal: float | None
    """The share of requests passed on at the quality at which it is as accurate; None where no check suffices."""


@dataclass(frozen=True)
class ResidentSet:
    """Systems that stay loaded, and the best choice by domain among them."""

    systems: tuple[str, ...]
    gain: float
    """In the unit of costs, per request, over the best single system alone and without idle; on items that the choice
    was not fitted to. By the aim of the study; for ``accuracy`` a correct answer counts as what a further one costs on
    the dearest step of the hull."""
    idle_w: float
    """Idle watts of all that stay loaded beyond those of the best single system alone."""
    from_requests_per_hour: float
    """From how many requests per hour on this set is the best."""
    interval: Interval | None = None
    """Of `gain`, over the items; None where it is not computed."""


@dataclass(frozen=True)
class Residents:
    """Which systems to keep loaded, as requests become more frequent."""

    requests_per_hour: float
    best: ResidentSet
    """At that rate."""
    sets: tuple[ResidentSet, ...]
    """Each that is the best at some rate, by rising rate."""
    subsets: int
    """How many sets were enumerated."""
    idle_gain_per_w: float
    """What one idle watt costs per hour, in the unit of costs."""
    base_w: float = 0.0
    """Idle watts that are in no set: of the machine, with what the first loaded system raises once for all."""
    measured_together: bool = False
    """Whether idle was measured with several of the systems loaded as well; else what the one that draws least adds is
    not counted, for none of them."""
    notes: tuple[str, ...] = ()
    """Conditions, as clauses."""


@dataclass(frozen=True)
class Misrouting:
    """The gain lost by taking one domain for another."""

    domain: str
    taken_for: str
    loss: float
    """Gain lost per request of that domain that is routed so, by the aim of the study."""


@dataclass(frozen=True)
class Tolerance:
    """The errors that a router by domain could bear."""

    domains: tuple[str, ...]
    assigned: tuple[str, ...]
    """The system of each domain."""
    losses: tuple[tuple[float, ...], ...]
    """Domain by domain it is taken for: gain lost per request, by the aim of the study; 0 on the diagonal."""
    needed: Interval | None
    """The share of requests whose domain must be recognised for any gain, with errors spread over the other domains in
    proportion. None where not even a perfect one has it."""
    worst: tuple[Misrouting, ...]
    """Of a domain the most costly one, the most costly first; of a few domains."""
    own_cost: Interval | None
    """What the router itself may cost per request before the gain is gone, in the unit of the study; under the aim
    ``accuracy`` until it costs as much as the best single system. None where there is nothing left for it."""


@dataclass(frozen=True)
class RoutingVerdict:
    """Whether a router is worth building, by the choices that can be built.

    `low` and `high` of `gain`, `accuracy`, `saving` and `above_mix` are one-sided 95% bounds that hold for all judged
    choices at once; the answer is made of them and of what is required.
    """

    answer: WorthBuilding
    choice: RoutingChoice | None
    """The recommended one; None where none is judged."""
    gain: Interval | None
    """Of that choice, by the aim."""
    ceiling_gain: Interval
    """Of the ceiling, by the aim."""
    least: float
    """The gain below which none is worth it."""
    judged: int
    """How many choices were judged."""
    items_to_tell: int | None
    """Further items that would tell, if the estimates stay; None where it is known, or nothing would tell."""
    accuracy: Interval | None = None
    """Of that choice above the best single system."""
    saving: Interval | None = None
    """Of that choice per request against it, in the unit of the study; None where no cost is known."""
    least_saving: float | None = None
    """The saving below which none matters, likewise."""
    above_mix: Interval | None = None
    """Accuracy of that choice above a random mix at the same cost. A coin that passes fewer requests to the dear system
    saves, too: a saving is a router's only where this is above 0. None where nothing is to be saved."""
    way: Way = ""


@dataclass(frozen=True)
class RoutingStudy:
    """What a router in front of the systems of a run would give."""

    systems: tuple[str, ...]
    """Candidates."""
    left_out: Mapping[str, str]
    """Other systems of the run, and why, as a clause."""
    items: int
    blocks: int | None
    unit: CostUnit | None
    label: str
    aim: Aim
    settings: DecisionSettings
    best_single: str
    """What a router is held against: the system that is advised for the same objective and requirements; where none is,
    the most accurate, of equals the cheapest."""
    singles: tuple[RoutingChoice, ...]
    """In the order of the run."""
    hull: tuple[str, ...]
    """Systems that a random mix takes, by rising cost."""
    ceiling: Ceiling
    choices: tuple[RoutingChoice, ...]
    """Those that can be built, and those of a file; each is judged."""
    control: RoutingChoice | None
    """The router with the most gain, fitted to shuffled answers; None where none was fitted."""
    curves: tuple[RoutingCurve, ...]
    cascades: tuple[Cascade, ...]
    """Those that may pay, the cheapest at equal accuracy first."""
    residents: Residents | None
    why_no_residents: str
    """As a clause; empty where there are."""
    tolerance: Tolerance | None
    """None with one domain, or where by-domain choice gains nothing."""
    router_own: Mapping[str, float]
    """The router's own ``joules``, ``seconds``, ``money`` and ``grams`` per request that are in the figures of
    `choices`; of a router of a file those that the file does not say."""
    not_judged: Mapping[str, str]
    """Kinds of choices that were not judged, and why, as a clause."""
    verdict: RoutingVerdict
    sampled: int | None = None
    """How many items routers that read requests were judged on, where that is not all of them."""
    notes: tuple[str, ...] = field(default=())
    """Conditions of the figures, as clauses."""
    predictions: tuple[PredictionCheck, ...] = ()
    """Hybrids of this run of which something was predicted before they ran, next to what was measured."""
    router_own_from: Mapping[str, CostOrigin] = field(default_factory=dict)
    """Amount of `router_own` to how it is known."""
    hybrid: MeasuredHybrid | None = None
    """The most accurate one that this run has; None where none answered all of the items."""

    def of(self, kind: str, setting: str = "") -> RoutingChoice | None:
        """Return the first choice of a kind, at a setting where one is named; None without any."""
        return next(
            (each for each in self.choices if each.kind == kind and (not setting or each.setting == setting)), None
        )
