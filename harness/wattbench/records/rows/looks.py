"""Define the record of a look: a line of `looks.jsonl`, which says what systems a run stopped asking, and why.

A look follows a complete block. All its bounds hold together, over all looks of the run: each is at a level which is a
part of the error of the whole run, divided by the number of looks and of comparisons (Bonferroni).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from wattbench.records.rows.schema import Amount, Count, RecordRow, Share, Signed

Quantity = Literal["accuracy", "p95", "cost", "joules", "grams", "memory"]
"""What a requirement bounds."""


@dataclass(frozen=True, kw_only=True)
class BoundedRow:
    """A figure of a system with its bounds at the level of the look."""

    estimate: Signed
    low: Signed | None
    """None: not bounded. So `high`."""
    high: Signed | None


@dataclass(frozen=True, kw_only=True)
class DroppedRow:
    """A system that is not asked any more. It fails a requirement, or another system is better in every respect that
    the choice depends on."""

    system: str
    items: Count
    """That it answered in the complete blocks."""
    accuracy: BoundedRow | None
    """None where it is not known. So `cost`."""
    cost: BoundedRow | None
    """Per request, in the unit of the look."""
    rival: str | None = None
    """The system that is better; None: it fails a requirement."""
    worse: dict[str, BoundedRow] = field(default_factory=dict)
    """By how much it is worse than the rival, above 0 where it is worse: `accuracy`, `cost`, `benefit`, or what a
    requirement bounds, with a domain `accuracy:code`."""
    meets: dict[str, BoundedRow] = field(default_factory=dict)
    """The rival's figures that meet requirements, by what these bound; of `p95` the share of requests within the
    limit."""
    quantity: Quantity | None = None
    """Of the requirement that it fails."""
    domain: str | None = None
    """Of a required accuracy; None: over all domains."""
    bound: Signed | None = None
    """What is required."""
    figure: BoundedRow | None = None
    """The figure that fails the requirement; of `p95` the share of requests within the limit, of which 0.95 are
    required."""


@dataclass(frozen=True, kw_only=True)
class LookRow(RecordRow):
    """A line of `looks.jsonl`: what was decided after a block. The first line of a number of blocks counts."""

    blocks: Count
    """How many blocks were complete."""
    level: Share
    """Of each comparison with a rival, and of the bounds of a system that has one."""
    requirement_level: Share | None = None
    """Of the bounds of a system that fails a requirement; None without requirements."""
    objective: str
    """``cost``, ``prices``, ``benefit`` or ``accuracy``, as a decision has it."""
    unit: str | None
    """Of costs: ``joules``, ``grams``, ``money`` or ``seconds``; None where no cost is known."""
    currency: str | None
    """Of money; None for other units."""
    systems: list[str]
    """Those that were asked up to here."""
    dropped: list[DroppedRow]
    """Those of them that are not asked any more."""
    at_s: Amount
    """When it was decided, seconds since the epoch."""
    took_s: Amount = 0.0
    """How long the look took."""

    def as_json(self) -> dict[str, Any]:
        """Return the row with those inside it as objects."""
        return asdict(self)
