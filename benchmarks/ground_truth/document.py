"""Write the lines as tables, and put them into docs/ground-truth.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.ground_truth.figures import Figures
from benchmarks.ground_truth.line import WATTBENCH, Line, Made
from benchmarks.ground_truth.subjects import SECTIONS, SUBJECTS, Subject
from benchmarks.written_tables import Place, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "ground-truth.md"
DIGITS = 7
"""Significant ones of a figure."""
ROUNDING = 1e-12
"""A smaller relative difference is that of the order in which numbers were added."""


def place(section: str) -> Place:
    """Return where the tables of a section are."""
    return Place(section, by="ground-truth")


def with_tables(document: str, figures: Figures) -> str:
    """Return a document with the table of each section in its place."""
    for section in SECTIONS:
        document = place(section).filled(document, section_text(section, figures))
    return document


def section_text(section: str, figures: Figures) -> str:
    """Return the table of a section, and when and with what its lines were made."""
    made = {each: figures[each.name] for each in SUBJECTS if each.section == section and each.name in figures}
    rows = [(subject.command(line), line) for subject, each in made.items() for line in each.lines]
    places = {what: place for place, what in enumerate(dict.fromkeys(line.what for _, line in rows))}
    rows.sort(key=lambda row: places[row[1].what])  # figures of the same by several tools are next to each other
    return f"{_table(rows)}\n{_said(made.values())}"


def of_lines(subject: Subject, lines: Iterable[Line]) -> str:
    """Return a table of some lines of a subject."""
    return _table([(subject.command(line), line) for line in lines])


def _table(rows: list[tuple[str, Line]]) -> str:
    tools = any(line.by != WATTBENCH for _, line in rows)
    notes = any(line.note for _, line in rows)
    columns = ["figure", "known", *(["by", "figure by it"] if tools else [WATTBENCH]), "unit", "relative difference"]
    columns += ["remark"] if notes else []
    return table([*columns, "command"], [list(_cells(command, line, tools, notes)) for command, line in rows])


def _cells(command: str, line: Line, tools: bool, notes: bool) -> Iterator[str]:
    yield line.what
    yield figure_text(line.known)
    if tools:
        yield line.by
    yield "none" if line.found is None else figure_text(line.found)
    yield line.unit
    yield difference_text(line.difference)
    if notes:
        yield line.note
    yield f"`{command}`"


def figure_text(value: float) -> str:
    """Write a figure with `DIGITS` significant digits, whole numbers with all of theirs."""
    if value == round(value):
        return f"{value:,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.{DIGITS - 1}e}"
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0") if round(value, decimals) == value else text


def difference_text(difference: float | None) -> str:
    """Write a relative difference as a percentage; 0 where only the order of additions differs."""
    if difference is None:
        return "none"
    if abs(difference) < ROUNDING:
        return "0"
    return f"{100 * difference:+,.0f}%" if abs(difference) >= 0.1 else f"{100 * difference:+.2g}%"


def _said(made: Iterable[Made]) -> str:
    """Return when and with what lines were made, those of one day and version of wattbench together."""
    versions: dict[tuple[str, str], dict[str, str]] = {}
    for each in made:
        versions.setdefault((each.made_utc, each.versions[WATTBENCH]), {}).update(each.versions)
    return "".join(
        f"Made on {day} with {', '.join(f'{name} {number}' for name, number in of_day.items())}.\n"
        for (day, _), of_day in versions.items()
    )
