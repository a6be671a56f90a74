"""Name components, and decide which of their joules may be added: those of which none contains another.

A component is a part of a machine: ``gpu0``, ``cpu``, ``wall``. That of another machine than the one that measures has
the machine behind an at sign: ``gpu0@alpha``. Joules of two machines are only ever those of a system that runs on both.

What a meter at the wall counts has passed through the power supply, and what the power supply delivers is drawn by the
GPUs, the CPU and the memory. So a total is, for each machine, of the outermost that was read alone, and the others are
its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

CONTAINERS = ("wall", "psu")
"""Components that contain all others, the outermost first. A machine with two cords has ``wall0`` and ``wall1``."""

_NUMBER = re.compile(r"\d+$")


def at_host(part: str, host: str | None) -> str:
    """Return the component's name for a part of a machine. The machine that measures is None."""
    return part if host is None else f"{part}@{host}"


def host_of(component: str) -> str | None:
    """Return the machine that a component is a part of; None for the machine that measures."""
    return component.partition("@")[2] or None


def kind_of(component: str) -> str:
    """Return the kind of a component, without number and machine: ``gpu``, ``cpu``, ``wall``."""
    return _NUMBER.sub("", component.partition("@")[0])


def is_container(component: str) -> bool:
    """Return whether a component, such as ``wall``, contains other components of its machine."""
    return kind_of(component) in CONTAINERS


def by_host(components: Iterable[str]) -> dict[str | None, list[str]]:
    """Group components by their machine."""
    hosts: dict[str | None, list[str]] = {}
    for component in components:
        hosts.setdefault(host_of(component), []).append(component)
    return hosts


def within_slot(components: Iterable[str]) -> dict[str, str]:
    """Return each component's name within a slot; the first GPU of each slot is ``gpu0``.

    Slots of a machine, and machines, measure alike if these names agree.
    """
    named: dict[str, str] = {}
    counts: dict[str | None, int] = {}
    for component in sorted(components, key=lambda name: (len(name), name)):
        named[component] = component
        if kind_of(component) == "gpu":
            host = host_of(component)
            named[component] = at_host(f"gpu{counts.get(host, 0)}", host)
            counts[host] = counts.get(host, 0) + 1
    return named


def added(components: Iterable[str]) -> list[str]:
    """Return the components that make up the total: per machine its outermost container, or else all components."""
    return [component for known in by_host(components).values() for component in _outermost(known)]


def _outermost(known: list[str]) -> list[str]:
    for container in CONTAINERS:
        outermost = [component for component in known if kind_of(component) == container]
        if outermost:
            return outermost
    return known


def total_j(energy_j: Mapping[str, float]) -> float | None:
    """Return the joules of all components together, without counting any twice; None without components."""
    return sum(energy_j[component] for component in added(energy_j)) if energy_j else None
