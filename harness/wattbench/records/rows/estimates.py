"""Define the record of what was estimated of requests to a service that no meter reads: joules, grams and water."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wattbench.records.rows.schema import Amount, Count, FieldError, RecordRow, Signed

QUANTITIES = ("energy_j", "co2_g", "water_l")


@dataclass(frozen=True, kw_only=True)
class EstimateRow(RecordRow):
    """A line of `estimates.jsonl`: the requests of a cell to one service, in sum. The last line of system, task and
    `answered_by` counts.

    Each quantity is a range, not an interval: the lowest and the highest that the tables allow, as the service does not
    publish what its models are and where they run.
    """

    system: str
    task: str
    answered_by: str
    """The system whose requests these are: of a hybrid, one of those that it asked."""
    requests: Count
    """Of the cell; of a hybrid, those that went to `answered_by`."""
    estimated: Count
    """Those of which the tokens of the answer are known, and which the figures are of."""
    by: str = ""
    """What computed them, with its version: ``EcoLogits 0.11.3``."""
    provider: str | None = None
    model: str | None = None
    zone: str | None = None
    """ISO 3166 alpha-3 code of the grid: that of the suite, or the default for the provider."""
    energy_j: list[Signed] = field(default_factory=list)
    """Joules at the plug of the data centre: lowest and highest. Empty: nothing was estimated. So for the next two."""
    co2_g: list[Amount] = field(default_factory=list)
    """Grams of CO2 equivalent, of use and manufacture."""
    water_l: list[Amount] = field(default_factory=list)
    """Litres that use consumes."""
    notes: list[str] = field(default_factory=list)
    """What the tables say of their own figures."""
    why_none: str = ""
    """Why nothing was estimated, as a clause; empty where it was."""

    @classmethod
    def check(cls, raw: Any) -> None:
        """Check that each range is ascending, and that no more requests were estimated than were made."""
        for name in QUANTITIES:
            values = raw[name]
            if len(values) not in (0, 2) or (values and values[0] > values[1]):
                raise FieldError(f"{name} is {values!r:.60}: it must be empty, or the lowest and the highest")
        if raw["estimated"] > raw["requests"]:
            raise FieldError(f"estimated is {raw['estimated']!r:.60}: there are {raw['requests']!r:.60} requests")
