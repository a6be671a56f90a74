"""Money of a run: what a request and a correct answer of each system cost, and why it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattbench_reports.stats import Interval


@dataclass(frozen=True)
class SystemMoney:
    """What one system costs, in the currency of the run."""

    per_request: Interval | None = None
    """Mean money of a request; None where it is not known of every answer."""
    per_correct: Interval | None = None
    """Money of all requests for each correct answer; None as well where no answer is correct."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Mean money of a request by what it pays for: ``tokens``, ``requests``, ``machine time``, ``declared`` (by an
    import) and ``electricity``; they sum to `per_request`."""
    source: str = ""
    """Where the prices come from; empty where it is not recorded."""
    date: str = ""
    """Of the source, ISO 8601; empty where it is not recorded."""
    why_none: str = ""
    """Why the system has no cost that can be compared with the others', as a clause; empty where it has one."""


@dataclass(frozen=True)
class RunMoney:
    """Money of a run, in one currency."""

    currency: str
    """ISO 4217, or `UNNAMED`."""
    systems: Mapping[str, SystemMoney]
    """Every system of the run."""
    notes: tuple[str, ...] = ()
    """What a reader should know of the figures, in sentences."""


UNNAMED = "currency not named"
"""The currency of imported costs whose import named none; never mixed with one that is named."""
