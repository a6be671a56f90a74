"""Figures that the source of an imported run states, next to those computed from its requests."""

from __future__ import annotations

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table
from wattbench_reports.tables.stated_figures import StatedFigures, stated_figures
from wattbench_reports.wording import stated as wording


def stated_section(analysis: Analysis) -> Section | None:
    """Make the section on figures that a source states.

    None for a measured run, or one whose source states no figures.
    """
    stated = stated_figures(analysis.frames.run)
    return None if stated is None else section_of(stated, analysis.frames.systems)


def section_of(stated: StatedFigures, systems: tuple[str, ...]) -> Section:
    """Make the section of stated figures.

    Args:
        stated: the figures.
        systems: those that have markers on the page, in order.
    """
    markers = {name: number for number, name in enumerate(systems)}
    table = Table(
        caption=f"Figures as {stated.source} states them",
        columns=tuple(Column(name.capitalize(), numeric=position > 1) for position, name in enumerate(wording.HEAD)),
        rows=tuple((Cell(row[0], series=markers.get(row[0])), *map(Cell, row[1:])) for row in wording.rows(stated)),
        note="A dash: not stated. All statistics are under summaries.jsonl in the run's directory.",
    )
    return Section(
        "stated",
        "Stated by the source",
        "What does the source state itself?",
        wording.explained(stated),
        (Passage("", (), (table,)),),
        line=f"figures of {stated.source}, never ranked or tested",
    )
