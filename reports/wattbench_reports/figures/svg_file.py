"""Makes a drawing of the page a file of its own: with its shapes, in fixed colours on white, for slides and print."""

from __future__ import annotations

import re

from wattbench_reports.figures.marks import marks_svg

COLOURS = {
    "ink": "#1b1f23", "quiet": "#59626b", "line": "#dcdfdb", "paper": "#ffffff", "accent": "#0b6b52",
    "accent-soft": "#e6f2ed", "series-1": "#0067b1", "series-2": "#c2410c", "series-3": "#00795c",
    "series-4": "#a33b7f", "series-5": "#876300", "series-6": "#3d4c9f", "series-7": "#5b6670", "series-8": "#8a3b2a",
}  # fmt: skip
"""The light scheme of the page: not every program that draws SVG reads variables."""

_OPENING = re.compile(r'<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')
_VARIABLE = re.compile(r"var\(--([a-z0-9-]+)\)")
_DEFINED = re.compile(r"<defs>.*</defs>", re.DOTALL)
_SCALE = 2
"""Pixels per unit of the view box, where a program does not scale the drawing."""


def svg_file(drawing: str) -> str:
    """Return a drawing as an SVG document.

    Args:
        drawing: an `<svg>` element that `wattbench_reports.figures.chart` made.
    """
    beginning = _OPENING.match(drawing)
    assert beginning is not None, "a drawing begins with its own element"
    width, height = float(beginning[1]), float(beginning[2])
    shapes = _DEFINED.search(marks_svg())
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SCALE * width:g}" height="{_SCALE * height:g}" '
        'font-family="Helvetica, Arial, sans-serif" '
    )
    paper = f'<rect width="{width:g}" height="{height:g}" fill="var(--paper)"/>'
    opened = start + beginning[0].removeprefix("<svg ")
    whole = opened + (shapes.group() if shapes else "") + paper + drawing[beginning.end() :]
    return _VARIABLE.sub(lambda variable: COLOURS[variable[1]], whole) + "\n"
