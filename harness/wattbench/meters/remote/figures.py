"""Define what one page of any exporter says of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class PageError(Exception):
    """A page holds nothing that can be used; the text says why."""


@dataclass(frozen=True)
class Figure:
    """The figures of a page on one part of the machine."""

    energy_j: float | None = None
    """Joules counted so far."""
    power_w: float | None = None
    stamp_s: float | None = None
    """When that was, by the exporter's clock, seconds since the epoch; None where the page does not say."""
    modelled: bool = False
    """Whether the exporter estimates it by a model."""
    use: float | None = None
    """Share of the time in which a GPU computed, lately."""
    whole_module: bool = False
    """Whether its counter is of a module with a processor, of which its power is a part."""
    identity: str = ""
    """What does not change as long as it is the same device: a GPU's UUID."""


@dataclass(frozen=True)
class PageFigures:
    """The figures of one page, by part of the machine."""

    parts: Mapping[str, Figure]
    """By part: ``gpu0``, ``cpu``."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Parts of which the page has no figure that can be used, and why."""
    begun_s: float | None = None
    """When the exporter's process began, by its own clock; None where the page does not say."""
