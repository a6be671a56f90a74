"""Show a URL without its secrets."""

from __future__ import annotations

import httpx


def public_url(url: str) -> str:
    """Return a URL without the parts that may be secret: user, password, query."""
    parsed = httpx.URL(url)
    return str(httpx.URL(scheme=parsed.scheme, host=parsed.host, port=parsed.port, path=parsed.path))
