"""What a reader sets for a routing study, beyond what a decision has."""

from __future__ import annotations

from dataclasses import dataclass


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
