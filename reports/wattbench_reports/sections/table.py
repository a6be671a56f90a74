"""Tables of the page."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.tables.provenance import is_declared, is_modelled


@dataclass(frozen=True)
class Column:
    """A column's heading."""

    label: str
    numeric: bool = False
    """Right-aligned, in figures of equal width."""


@dataclass(frozen=True)
class Cell:
    """One cell."""

    text: str
    style: str = ""
    """A word the style sheet knows: ``badge``, ``badge-warn``, ``best``, ``mark``, or nothing."""
    series: int | None = None
    """The index of a system among all, for its marker."""
    detail: str = ""
    """A second line."""
    detail_style: str = ""
    """The `style` of the second line."""
    restates: str = ""
    """The key under which the page's script states the cell for other settings: see `wattbench_reports.html.whatif`."""
    at_rate: str = ""
    """The key under which the page's script states the cell for another rate of requests."""


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first cell of a row is its heading."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    prose: bool = False
    """Its cells hold sentences or long words, which wrap where there is little room."""


def energy_badge(label: str) -> Cell:
    """Make a cell of a provenance of joules, marked where they are modelled or declared."""
    doubtful = not label or is_modelled(label) or is_declared(label)
    return Cell(label or "no energy", "badge-warn" if doubtful else "badge")


def restate_key(index: int, metric: str) -> str:
    """Name the cell of a metric, for `Cell.restates`, by the index of its system in the comparison: ``s3-accuracy``."""
    return f"s{index}-{metric}"
