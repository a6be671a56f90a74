"""A caveat: one limit of what the figures say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caveat:
    """One thing that limits what the figures say."""

    code: str
    """A stable name, for programs: ``invalid-windows``."""
    text: str
    """For people: whole sentences."""
    systems: tuple[str, ...]
    """The systems that it concerns."""
