"""Draws the marker that a system has in every figure next to its name."""

from __future__ import annotations

from wattbench_reports.figures.palette import MARKERS, VARIABLES, colour, marker


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
