"""Decide which components' joules belong to a system, by the machines on which it runs.

A server on another machine draws nothing here. What this machine draws while it waits for the server is not the
server's, and what a part of a system draws is not the whole system's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from wattbench.config import SystemBase, hosts_of
from wattbench.records.rows.components import host_of

HERE = "this machine"


def components_on(
    known: Iterable[str], hosts: Collection[str | None] | None, *, partly: bool = False
) -> tuple[list[str], list[str | None]]:
    """Return the components with a system's joules, and the system's machines that no meter reads.

    Args:
        known: the components that are read.
        hosts: the machines on which the system runs; None among them is this one. None in their place: not asked.
        partly: whether the components of some machines count though others are not read, as for an idle draw, which is
            known per component. Otherwise a system of which a part is not read has no components.

    Returns:
        Both empty where no meter is read at all.
    """
    named = list(known)
    if hosts is None or not named:
        return named, []
    kept = [component for component in named if host_of(component) in hosts]
    read = {host_of(component) for component in kept}
    unread = sorted((host for host in hosts if host not in read), key=lambda host: host or "")
    if partly:
        return kept, [] if kept else unread
    return ([], unread) if unread else (kept, [])


def not_measured(unread: Sequence[str | None]) -> str:
    """Return a clause that the energy of a system is not measured, as it runs where no meter reads."""
    far = [host for host in unread if host is not None]
    named = ", ".join(HERE if host is None else host for host in unread)
    if not far:
        return f"not measured: it also runs on {named}, and no meter of {named} was read"
    return (
        f"not measured: it runs on {named}, which no meter reads; what this machine draws is not its energy (a meter "
        f"with host: {far[0]} can read it; if {far[0]} is this machine, write localhost)"
    )


def unmeasured_systems(known: Collection[str], systems: Mapping[str, SystemBase]) -> dict[str, str]:
    """Return, for each system on another machine that no meter reads, why its energy is not measured.

    Args:
        known: the components that are read.
        systems: by name.
    """
    unread = {name: components_on(known, hosts_of(config))[1] for name, config in systems.items()}
    far = {name: hosts for name, hosts in unread.items() if any(host is not None for host in hosts)}
    return {name: not_measured(hosts) for name, hosts in far.items()}
