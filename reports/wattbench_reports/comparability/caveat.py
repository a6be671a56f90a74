"""Define a caveat: one limit of the figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caveat:
    """One limit of the figures."""

    code: str
    """A stable name, for programs: ``invalid-windows``."""
    text: str
    """For people: whole sentences."""
    systems: tuple[str, ...]
    """The systems that it concerns."""
