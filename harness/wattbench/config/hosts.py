"""Find the machines on which a system runs, by the addresses in its settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from wattbench.config.apis import SERVICES
from wattbench.config.systems.agent import AskingSystem
from wattbench.config.systems.endpoint import EndpointSystem
from wattbench.config.systems.system import HybridSystem, LmEvalSystem
from wattbench.config.systems.system_base import SystemBase
from wattbench.network.urls import is_loopback


def hosts_of(config: SystemBase) -> frozenset[str | None]:
    """Return the machines on which a system runs; None is the machine that measures.

    A hybrid runs where its members do, and its router here; an agent here, and where its server does. A tunnel to
    ``localhost`` cannot be distinguished from a server on this machine.
    """
    if isinstance(config, HybridSystem):
        members = [each for each in config.pool.values() if isinstance(each, SystemBase)]
        return frozenset({None}).union(*(hosts_of(member) for member in members))
    if isinstance(config, AskingSystem):
        return frozenset({None, far_host(config.base_url)}).union(*([hosts_of(config.server)] if config.server else []))
    if isinstance(config, EndpointSystem):
        host = None if config.serve is not None else far_host(config.base_url)
        if host is None and config.service is not None:  # a proxy of it, say, is here: the service is not
            host = far_host(SERVICES[config.service].base_url)
        return frozenset({host})
    if isinstance(config, LmEvalSystem):
        return frozenset({far_host(config.args.get("base_url"))})
    return frozenset({None})


def far_host(url: object) -> str | None:
    """Return the host of a URL in lower case; None for this machine, or without a host."""
    try:
        host = urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None
    return None if host is None or is_loopback(host) else host.lower()
