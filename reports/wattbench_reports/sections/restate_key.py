"""How a figure is called on the page, so that the page's script finds what it states for other settings."""

from __future__ import annotations


def key(place: int, figure: str) -> str:
    """``s3-accuracy``: a figure of the system at a place of the comparison."""
    return f"s{place}-{figure}"
