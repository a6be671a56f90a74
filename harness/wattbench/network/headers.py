"""Read the headers of an answer."""

from __future__ import annotations

import httpx


def encodings(response: httpx.Response) -> str:
    """Return the encodings of a body, and an empty text if it has none. A few kilobytes may unpack to gigabytes."""
    names = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
    return ", ".join(name for name in names if name not in ("", "identity"))
