"""Define the money of a run: of a request and a correct answer of each system, or why it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattbench_reports.stats import Interval

TOKENS, REQUESTS, MACHINE, DECLARED, ELECTRICITY = "tokens", "requests", "machine time", "declared", "electricity"
"""What a request is paid for. `DECLARED`: as an import states it."""

UNNAMED = "(no currency)"
"""The currency of imported costs whose import named none; never mixed with one that is named."""


@dataclass(frozen=True)
class SystemMoney:
    """What one system costs, in the currency of the run."""

    per_request: Interval | None = None
    """Mean money of a request; None where it is not known of every answer."""
    per_correct: Interval | None = None
    """Money of all requests for each correct answer; None as well where no answer is correct."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Mean money of a request by what it pays for: `TOKENS`, `REQUESTS`, `MACHINE`, `DECLARED` and
    `ELECTRICITY`; they sum to `per_request`."""
    source: str = ""
    """Where the prices come from; empty where it is not recorded."""
    date: str = ""
    """Of the source, ISO 8601; empty where it is not recorded."""
    why_none: str = ""
    """Why the system has no cost that can be compared with the others', as a clause; empty where it has one."""
    pays_electricity: bool = False
    """Its joules are paid for at the workload's price of a kWh, which may be changed or not be set."""


@dataclass(frozen=True)
class RunMoney:
    """Money of a run, in one currency."""

    currency: str
    """ISO 4217, or `UNNAMED`."""
    systems: Mapping[str, SystemMoney]
    """Every system of the run."""
    notes: tuple[str, ...] = ()
    """What a reader should know of the figures, in sentences."""
