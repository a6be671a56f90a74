"""Define the record of what each request cost, by which a budget outlives interruptions.

It also holds what no answer of the record does: warm-ups, and what was asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wattbench.records.rows.answers import TokenCounts
from wattbench.records.rows.schema import Amount, Count, RecordRow


@dataclass(frozen=True, kw_only=True)
class SpentRow(TokenCounts, RecordRow):
    """A line of `spending.jsonl`: one request of a system whose tokens or requests have a price. The last line of a
    number counts."""

    number: Count
    """Of the request, from 0."""
    system: str
    cost: Amount
    """Money, at the price of the suite."""
    currency: str
    """ISO 4217."""
    at_s: Amount
    """When it was recorded, seconds since the epoch."""
    known: bool = True
    """Whether the service said what it used. False: `cost` is the most that it can be, as it is of a request that is
    under way."""


def spent(rows: Iterable[SpentRow]) -> dict[str, float]:
    """Sum what was spent, by currency."""
    sums: dict[str, float] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0.0) + row.cost
    return sums
