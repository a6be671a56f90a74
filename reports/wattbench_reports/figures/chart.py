"""Elements of a drawing by hand, and its scales. Styled by attributes alone: the same in a page and in a file.

Colours are variables of the page (`Colour`), which `wattbench_reports.figures.svg_file` replaces in a file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from wattbench_reports.figures.decision_geometry import Scale
from wattbench_reports.formatting.safe_text import visible

TICK_SIZE, TEXT_SIZE = 11, 12
"""Of letters, in units of the view box."""


class Colour(StrEnum):
    """A colour of the page."""

    INK = "var(--ink)"
    QUIET = "var(--quiet)"
    LINE = "var(--line)"
    PAPER = "var(--paper)"
    ACCENT = "var(--accent)"
    SOFT = "var(--accent-soft)"


@dataclass(frozen=True)
class Plot:
    """The rectangle between two axes, in units of the view box."""

    left: float
    right: float
    top: float
    bottom: float
    inset: float = 9.0
    """Room between the edges and the ends of the scales."""

    def across(self, scale: Scale, value: float) -> float:
        """Return the x of a value."""
        return self.left + self.inset + scale.share(value) * (self.right - self.left - 2 * self.inset)

    def up(self, scale: Scale, value: float) -> float:
        """Return the y of a value."""
        return self.bottom - self.inset - scale.share(value) * (self.bottom - self.top - 2 * self.inset)


def opening(name: str, width: float, height: float, title: str, description: str, *, kind: str = "chart") -> str:
    """Begin an `<svg>` element, with its name and description for screen readers.

    Args:
        name: its id, unique in the page.
        width: of the view box.
        height: of the view box.
        title: the name of the image.
        description: what the image shows.
        kind: its class in the style sheet: ``chart``, or ``figure``, which is wider.
    """
    return (
        f'<svg id="{name}" class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{name}--title {name}--desc">'
        f'<title id="{name}--title">{safe(title)}</title><desc id="{name}--desc">{safe(description)}</desc>'
    )


def words(
    x: float, y: float, content: str, *, anchor: str = "start", colour: str = Colour.INK, size: float = TEXT_SIZE,
    bold: bool = False, halo: bool = False, kind: str = "",
) -> str:  # fmt: skip
    """Write a text.

    Args:
        x: of its anchor.
        y: of its base line.
        content: the text.
        anchor: ``start``, ``middle`` or ``end``.
        colour: of the letters.
        size: of the letters.
        bold: heavier.
        halo: with a rim in the colour of the paper, so that lines behind it do not hide it.
        kind: its class, for tests and searches; no style sheet has it.
    """
    rim = f' paint-order="stroke" stroke="{Colour.PAPER}" stroke-width="3" stroke-linejoin="round"' if halo else ""
    weight = ' font-weight="650"' if bold else ""
    name = f" class={quoteattr(kind)}" if kind else ""
    return (
        f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size:g}"'
        f"{weight}{rim}>{safe(content)}</text>"
    )


def path(d: str, colour: str, width: float, *, dash: str = "", opacity: float = 1.0, kind: str = "") -> str:
    """Draw a line along a path."""
    name = f" class={quoteattr(kind)}" if kind else ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<path{name} d="{d}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}{faint}/>'


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Return the path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def band(
    lows: Sequence[tuple[float, float]], highs: Sequence[tuple[float, float]], colour: str, opacity: float = 0.15
) -> str:
    """Shade what is between two lines."""
    return f'<path class="band" d="{polyline([*lows, *highs[::-1]])}Z" fill="{colour}" opacity="{opacity:g}"/>'


def axis_lines(plot: Plot) -> str:
    """Draw both axes."""
    return path(f"M{plot.left:g} {plot.top:g}V{plot.bottom:g}H{plot.right:g}", Colour.QUIET, 1)


def level_ticks(plot: Plot, scale: Scale, text: Callable[[float], str]) -> Iterator[str]:
    """Draw the vertical axis's grid and its numbers."""
    for value in scale.ticks:
        y = plot.up(scale, value)
        yield path(f"M{plot.left:g} {y:.1f}H{plot.right:g}", Colour.LINE, 0.6)
        yield words(plot.left - 6, y + 4, text(value), anchor="end", colour=Colour.QUIET, size=TICK_SIZE, kind="tick")


def across_ticks(plot: Plot, scale: Scale, text: Callable[[float], str]) -> Iterator[str]:
    """Draw the horizontal axis's grid and its numbers."""
    for value in scale.ticks:
        x = plot.across(scale, value)
        yield path(f"M{x:.1f} {plot.top:g}V{plot.bottom:g}", Colour.LINE, 0.6)
        y = plot.bottom + 15
        yield words(x, y, text(value), anchor="middle", colour=Colour.QUIET, size=TICK_SIZE, kind="tick")


def across_label(plot: Plot, text: str) -> str:
    """Say what the horizontal axis is of."""
    shown = f"{text} \N{RIGHTWARDS ARROW}"
    return words(plot.right, plot.bottom + 33, shown, anchor="end", colour=Colour.QUIET, size=TICK_SIZE)


def percent_tick(share: float) -> str:
    """Write a share at an axis: ``70%``, ``72.5%``."""
    return f"{round(100 * share, 1):g}%"


def share_scale(shares: Sequence[float]) -> Scale:
    """Choose a scale of shares with about five steps, from one below the least to one above the most.

    Args:
        shares: from 0 to 1, with the ends of intervals.
    """
    least, most = max(min(shares, default=0.0), 0.0), min(max(shares, default=1.0), 1.0)
    step = next(each for each in (0.01, 0.02, 0.05, 0.1, 0.2) if each >= (most - least) / 5 - 1e-9 or each == 0.2)
    low = max(math.floor(least / step + 1e-9), 0)
    high = min(max(math.ceil(most / step - 1e-9), low + 1), round(1 / step))
    low = min(low, high - 1)
    return Scale(low * step, high * step, False, tuple(number * step for number in range(low, high + 1)))


def safe(text: str) -> str:
    """Escape markup, and show what cannot be seen."""
    return escape(visible(text))
