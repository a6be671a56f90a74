"""Keys by which the page's script finds the cells that it updates."""

from __future__ import annotations


def key(index: int, metric: str) -> str:
    """Key of a metric of the system at an index of the comparison: ``s3-accuracy``."""
    return f"s{index}-{metric}"
