"""What a reader sets for a routing study, and what every part of it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.metrics.decision_settings import DecisionSettings
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.baseline import Baseline


@dataclass(frozen=True)
class RoutingOptions:
    """The reader's settings for routing. What is None is chosen, or taken from the record."""

    members: tuple[str, ...] | None = None
    """Systems between which a router is to choose; None: they are chosen (`members`)."""
    requests_per_hour: float | None = None
    """At which the idle draw of resident systems is divided; None: the requests of the workload's year."""
    router_energy_j: float | None = None
    """The router's own joules per request; None: those of a hybrid on record, or what is assumed."""
    router_s: float | None = None
    """Its own seconds per request; None as above."""
    router_money: float | None = None
    """Its own money per request, in the currency of the run; None as above."""
    check_money: float | None = None
    """What a cascade's check of an answer costs, in the unit in which costs are compared; None: nothing."""


AS_RECORDED = RoutingOptions()
"""Nothing set."""


@dataclass(frozen=True)
class StudyContext:
    """The candidates' answers, what a router is compared with, and what the reader requires."""

    answers: ItemAnswers
    baseline: Baseline
    settings: DecisionSettings
    options: RoutingOptions = AS_RECORDED
    advised: str | None = None
    """The system that is advised without a router, where that is not a candidate: a hybrid of the run."""
