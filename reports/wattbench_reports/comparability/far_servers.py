"""Find the servers on other machines that a system uses."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from wattbench_reports.tables.suite_record import MemberSettings, SystemSettings


def hosts_elsewhere(config: SystemSettings) -> list[str]:
    """Return the hosts of other machines with servers that a system or its members use, and wattbench did not start.

    Args:
        config: the system's part of the resolved suite.
    """
    return sorted({host for each in (config, *config.pool.values()) if (host := _far_host(each)) is not None})


def _far_host(config: MemberSettings) -> str | None:
    """Return the host of a server on another machine that wattbench did not start; None for any other server."""
    url = config.base_url
    if url is None or config.served_by_wattbench:
        return None
    try:
        host = urlsplit(url).hostname or url
    except ValueError:
        return url
    if host == "localhost" or host.endswith(".localhost"):
        return None
    try:
        return None if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host
