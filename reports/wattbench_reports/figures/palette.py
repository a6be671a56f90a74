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


def mark_id(series: int) -> str:
    """Return the id of a system's mark in a figure, by which the page leads from it to the answers of the system."""
    return f"system-{series}"


def mark_svg(series: int) -> str:
    """Draw a system's marker, hidden from screen readers; the page needs `marks_svg`."""
    fill = f"var(--{VARIABLES[colour(series)]})"
    return (
        f'<svg class="mark" viewBox="-0.65 -0.65 1.3 1.3" fill="{fill}" aria-hidden="true" focusable="false">'
        f'<use href="#mark-{series % len(MARKERS)}"/></svg>'
    )


def marks_svg() -> str:
    """Define the shapes that `mark_svg` refers to, once per page: an `<svg>` element without a size."""
    shapes = "".join(f'<path id="mark-{shape}" d="{_outline(shape)}"/>' for shape in range(len(MARKERS)))
    return f'<svg width="0" height="0" class="marks" aria-hidden="true" focusable="false"><defs>{shapes}</defs></svg>'


def _outline(series: int) -> str:
    """Return the SVG path of a series' marker, from the outline that matplotlib draws in the figures."""
    from matplotlib.markers import MarkerStyle

    style = MarkerStyle(marker(series))
    outline = style.get_path().transformed(style.get_transform())
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}  # matplotlib.path.Path's codes, as SVG spells them
    steps = []
    for points, code in outline.iter_segments(simplify=False):
        if letters[int(code)] == "Z":
            steps.append("Z")
            continue
        # SVG's y grows downwards.
        pairs = zip(points[::2], points[1::2], strict=True)
        steps.append(letters[int(code)] + " ".join(f"{x:.3f},{-y:.3f}" for x, y in pairs))
    return " ".join(steps)
