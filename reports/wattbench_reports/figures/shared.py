"""Used by figures drawn by hand, until the last of them is drawn by matplotlib."""

from __future__ import annotations

from wattbench_reports.figures.axes import tick
from wattbench_reports.figures.palette import MARKERS, VARIABLES, colour, marker

__all__ = ["MARKERS", "colour", "marker", "tick", "with_variables"]


def with_variables(colour: str) -> str:
    """Replace a colour of ours by its CSS variable; any other stays."""
    name = VARIABLES.get(colour)
    return colour if name is None else f"var(--{name})"
