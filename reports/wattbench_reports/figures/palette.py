"""Names the colours and shapes of all figures: those of the light page, which a page replaces by CSS variables."""

from __future__ import annotations

INK = "#1b1f23"
"""Letters and axes."""
QUIET = "#59626b"
"""Less important lines and letters."""
LINE = "#dcdfdb"
"""Grid lines."""
PAPER = "#ffffff"
"""The background: the inside of a hollow mark."""
ACCENT = "#0b6b52"
SOFT = "#e6f2ed"
"""The accent, faint: an area."""
SERIES = ("#0067b1", "#c2410c", "#00795c", "#a33b7f", "#876300", "#3d4c9f", "#5b6670", "#8a3b2a")
"""Of systems, components and other series."""
MARKERS = "osD^vPX*p"
"""Nine shapes and eight colours: 72 systems before two look the same; never distinguished by colour alone."""

VARIABLES = {INK: "ink", QUIET: "quiet", LINE: "line", PAPER: "paper", ACCENT: "accent", SOFT: "accent-soft"} | {
    each: f"series-{number}" for number, each in enumerate(SERIES, start=1)
}
"""Maps colours to CSS variables of the page, without their leading hyphens."""


def colour(series: int) -> str:
    """Return the colour of a series."""
    return SERIES[series % len(SERIES)]


def marker(series: int) -> str:
    """Return the shape of a series, by its name in matplotlib."""
    return MARKERS[series % len(MARKERS)]
