"""Say what the money of the systems of a gate is made of: whether they have a price, and pay for their joules."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from wattbench.config import HybridSystem, Suite, SystemBase


class PaidBy(StrEnum):
    """What the answers of all systems of a gate are paid by."""

    NOTHING = "nothing"
    """Some system has no price: money is not judged."""
    PRICES = "prices"
    """Tokens, requests or hours have a price, and electricity is none of them."""
    JOULES = "joules"
    """Electricity is paid for by some system, so that its money is known where its joules are."""


def paid_by(suite: Suite, systems: Iterable[SystemBase]) -> PaidBy:
    """Return what the answers of some systems are paid by.

    Args:
        suite: for the price of electricity.
        systems: of the gate. A hybrid pays for each system that it asks.
    """
    by_joules = False
    for system in systems:
        members = list(system.pool.values()) if isinstance(system, HybridSystem) else []
        prices = [one.price for one in (*members, system)]
        if all(price is None for price in prices) and suite.workload.price_per_kwh is None:
            return PaidBy.NOTHING
        without = any(one.price is None for one in members) if members else system.price is None
        added = any(price is not None and price.electricity == "added" for price in prices)
        by_joules = by_joules or without or added
    return PaidBy.JOULES if by_joules else PaidBy.PRICES
