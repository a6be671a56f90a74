"""Read URLs of servers, without using the network."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, quote, urlsplit

_SAFE = "/%:@!$&'()*+,;=~?"
"""Characters of a path and a query that are sent as they are, besides letters and digits."""


def read_url(text: str) -> SplitResult:
    """Split a URL into its parts, and check them.

    Raises:
        ValueError: it is none; the text says why, and quotes nothing.
    """
    try:
        url = urlsplit(text)
        valid = text.isprintable() and " " not in url.netloc and (url.port is None or url.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("a host, a port or a character is none of a URL")
    return url


def port_of(url: SplitResult) -> int:
    """Return the port of a URL, or the default of its scheme."""
    return url.port or (443 if url.scheme == "https" else 80)


def target_of(url: SplitResult) -> str:
    """Return the path and the query of a URL, percent-encoded for a request."""
    return quote((url.path or "/") + (f"?{url.query}" if url.query else ""), safe=_SAFE)


def public_url(text: str) -> str:
    """Return a URL without the parts that may be secret: user, password, query.

    Raises:
        ValueError: it is none.
    """
    url = urlsplit(text)
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its name or address alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        name = host.lower()
        return name == "localhost" or name.endswith(".localhost")
