"""Write the lines as a table of docs/data."""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks.ground_truth.figures import Figures
from benchmarks.ground_truth.line import Line, Made
from benchmarks.ground_truth.subjects import SECTIONS, SUBJECTS, Subject
from benchmarks.written_tables import Table

COLUMNS = (
    "section", "figure", "known", "by", "figure by it", "unit", "relative difference", "remark", "command", "made with",
)  # fmt: skip
DIGITS = 7
"""Significant ones of a figure."""
ROUNDING = 1e-12
"""A smaller relative difference is that of the order in which numbers were added."""


def table(figures: Figures) -> Table:
    """Return all lines, by section; figures of the same by several tools are next to each other."""
    rows = []
    for section in SECTIONS:
        made = {each: figures[each.name] for each in SUBJECTS if each.section == section and each.name in figures}
        lines = [(subject, of, line) for subject, of in made.items() for line in of.lines]
        places = {what: place for place, what in enumerate(dict.fromkeys(line.what for *_, line in lines))}
        rows += [_row(*each) for each in sorted(lines, key=lambda each: places[each[2].what])]
    return _table(rows)


def of_lines(subject: Subject, made: Made, lines: Iterable[Line]) -> str:
    """Return a table of some lines of a subject, as it would be written."""
    return _table([_row(subject, made, line) for line in lines]).text


def _table(rows: Iterable[tuple[str, ...]]) -> Table:
    return Table("ground-truth", "Made by tox -e ground-truth, each line on its day", COLUMNS, tuple(rows))


def _row(subject: Subject, made: Made, line: Line) -> tuple[str, ...]:
    versions = ", ".join(f"{name} {number}" for name, number in made.versions.items())
    return (
        subject.section,
        line.what,
        figure_text(line.known),
        line.by,
        "" if line.found is None else figure_text(line.found),
        line.unit,
        difference_text(line.difference),
        line.note,
        subject.command(line),
        f"{made.made_utc}: {versions}",
    )


def figure_text(value: float) -> str:
    """Write a figure with `DIGITS` significant digits, whole numbers with all of theirs."""
    if value == round(value):
        return f"{value:.0f}"
    if abs(value) < 1e-3:
        return f"{value:.{DIGITS - 1}e}"
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0") if round(value, decimals) == value else text


def difference_text(difference: float | None) -> str:
    """Write a relative difference as a percentage; 0 where only the order of additions differs; empty: no figure."""
    if difference is None:
        return ""
    if abs(difference) < ROUNDING:
        return "0"
    return f"{100 * difference:+.0f}%" if abs(difference) >= 0.1 else f"{100 * difference:+.2g}%"
