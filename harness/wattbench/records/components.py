"""Decide which components' joules may be added: those of which none contains another.

What a meter at the wall counts has passed through the power supply, and what the power supply delivers is drawn by the
GPUs, the CPU and the memory. So a total is of the outermost that was read alone, and the others are its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

CONTAINERS = ("wall", "psu")
"""Components that contain all others, the outermost first. A machine with two cords has ``wall0`` and ``wall1``."""

_NUMBER = re.compile(r"\d+$")


def is_container(component: str) -> bool:
    """Return whether a component contains all components but those further out."""
    return _NUMBER.sub("", component) in CONTAINERS


def added(components: Iterable[str]) -> list[str]:
    """Return the components that make up the total: the outermost container alone if there is one, else all."""
    known = list(components)
    for container in CONTAINERS:
        outermost = [component for component in known if _NUMBER.sub("", component) == container]
        if outermost:
            return outermost
    return known


def total_j(energy_j: Mapping[str, float]) -> float | None:
    """Return the joules of all components together, no joule twice; None if there is no component."""
    return sum(energy_j[component] for component in added(energy_j)) if energy_j else None
