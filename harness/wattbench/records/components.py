"""Which components' joules may be added: those that don't hold one another.

What a meter at the wall counts has passed through the power supply, and what the power supply delivers is drawn by the
GPUs, the CPU and the memory. So a total is of the outermost that was read alone, and the others are its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

CONTAINERS = ("wall", "psu")
"""Components that hold all others, the outermost first. A machine with two cords has ``wall0`` and ``wall1``."""

_NUMBER = re.compile(r"\d+$")


def is_container(component: str) -> bool:
    """Whether it holds all components but those further out."""
    return _NUMBER.sub("", component) in CONTAINERS


def added(components: Iterable[str]) -> list[str]:
    """Those of some components that make up their total: the outermost container alone where there is one, else all."""
    known = list(components)
    for container in CONTAINERS:
        outermost = [component for component in known if _NUMBER.sub("", component) == container]
        if outermost:
            return outermost
    return known


def total_j(energy_j: Mapping[str, float]) -> float | None:
    """Joules of all components together, no joule twice; None where there are none."""
    return sum(energy_j[component] for component in added(energy_j)) if energy_j else None
