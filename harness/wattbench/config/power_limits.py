"""Determine the power limit under which a system is asked."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.config.hosts import hosts_of
from wattbench.config.systems.agent import AskingSystem
from wattbench.config.systems.system import HybridSystem, LocalModel
from wattbench.config.systems.system_base import PowerLimited, SystemBase


def power_limit_of(config: SystemBase) -> float | None:
    """Return the watts to which GPUs are limited while a system is asked; None: they keep their limit.

    A hybrid is asked under the limit of its members, which have the same one, and an agent under that of its server.
    """
    return next((each.power_limit_w for _, each in _limitable(config) if each.power_limit_w is not None), None)


def why_no_power_limit(config: SystemBase) -> str | None:
    """Return why the power limit of a system cannot be set; None if it can, or if it has none."""
    if isinstance(config, HybridSystem):
        limits = {name: each.power_limit_w for name, each in _limitable(config)}
        if len({*limits.values()}) > 1:
            each = ", ".join(f"{name} {'none' if w is None else f'{w:g} W'}" for name, w in limits.items())
            return f"the members of a hybrid are asked under one limit (here: {each})"
        return None
    if not isinstance(config, PowerLimited) or config.power_limit_w is None:
        return None
    if isinstance(config, LocalModel) and config.device.partition(":")[0] in ("cpu", "mps"):
        return f"only limits of NVIDIA GPUs can be set, and its device is {config.device}"
    if far := sorted(host for host in hosts_of(config) if host is not None):
        return f"it runs on {far[0]}, and only limits of this machine's GPUs can be set"
    return None


def _limitable(config: SystemBase) -> Iterator[tuple[str, PowerLimited]]:
    """Yield the systems that may run on this machine's GPUs, with names: this one, a hybrid's members, or a server."""
    if isinstance(config, AskingSystem):
        config = config.server
    named = config.pool.items() if isinstance(config, HybridSystem) else [("", config)]
    for name, each in named:
        if isinstance(each, PowerLimited) and hosts_of(each) == {None}:
            yield name, each
