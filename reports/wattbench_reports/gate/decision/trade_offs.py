"""Evaluate declared trade-offs by the bounds of what is given and of what is got for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wattbench_reports.gate.policy import DeclaredTrade

Bounds = tuple[float, float]
"""Of a worsening, the lower and the upper one."""


def holds(trade: DeclaredTrade, of: Mapping[str, Bounds]) -> bool | None:
    """Return whether a trade-off is kept; None: the bounds do not show whether it is.

    Args:
        trade: as declared.
        of: metric of the pair to its bounds. A trade-off of a metric that is not among them is not kept.
    """
    if trade.give not in of or trade.get not in of:
        return False
    (given_low, given_high), (got_low, got_high) = of[trade.give], of[trade.get]
    if given_high <= trade.give_up_to and got_high <= -trade.get_at_least:
        return True
    return False if given_low > trade.give_up_to or got_low > -trade.get_at_least else None


def excuse(trades: Sequence[DeclaredTrade], metric: str, of: Mapping[str, Bounds]) -> tuple[DeclaredTrade | None, bool]:
    """Return the trade-off that allows a metric's worsening; else whether one is still undecided."""
    states = [(trade, holds(trade, of)) for trade in trades if trade.give == metric]
    kept = next((trade for trade, state in states if state), None)
    return kept, kept is None and any(state is None for _, state in states)
