"""Figures that the source of an imported run states, next to those computed from its requests."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, text_rows
from wattbench_reports.tables.stated_figures import StatedFigure, StatedFigures, stated_figures


def stated_section(measured: Measured) -> Section | None:
    """Make the section on figures that a source states.

    None for a measured run, or one whose source states no figures.
    """
    stated = stated_figures(measured.frames.run)
    return None if stated is None else section_of(stated, measured.frames.systems)


def section_of(stated: StatedFigures, systems: tuple[str, ...]) -> Section:
    """Make the section of stated figures.

    Args:
        stated: the figures.
        systems: those that have markers on the page, in order.
    """
    markers = {name: number for number, name in enumerate(systems)}
    table = Table(
        caption=f"Figures as {stated.source} states them",
        columns=tuple(Column(name.capitalize(), numeric=position > 1) for position, name in enumerate(_HEAD)),
        rows=tuple((Cell(row[0], series=markers.get(row[0])), *map(Cell, row[1:])) for row in _rows(stated)),
        note="A dash: not stated. All statistics are under summaries.jsonl in the run's directory.",
    )
    return Section(
        "stated",
        "Stated by the source",
        "What does the source state itself?",
        _explained(stated),
        (Passage("", (), (table,)),),
        line=f"figures of {stated.source}, never ranked or tested",
    )


def stated_words(stated: StatedFigures) -> Section:
    """Make what a terminal shows of stated figures: a table per system."""
    columns = tuple(Column(name, numeric=position > 0) for position, name in enumerate(_HEAD[1:]))
    rows = list(_rows(stated))
    passages = [
        Passage(name, tables=(Table("", columns, text_rows(row[1:] for row in rows if row[0] == name)),))
        for name in stated.systems
    ]
    explained = Passage(sentences=(_explained(stated),))
    return Section("stated", "Stated", "Stated by the source", "", (*passages, explained))


_SHOWN = ("total", "mean", "median", "p90", "p95", "p99", "maximum")
"""The statistics that have a column."""

_HEAD = ("system", "figure", *_SHOWN, "requests")

_PREFIXED = ("s", "J", "W")
"""Units that take a prefix."""

_COUNTED = ("requests", "tokens")


def _explained(stated: StatedFigures) -> str:
    """Say that the figures are the source's, and are neither ranked nor tested."""
    others = (
        f" {units.plural(stated.others, 'further figure')} are in the record under the names that it gives them."
        if stated.others
        else ""
    )
    return (
        f"These are figures that {stated.source} computed itself. They are shown as it states them: they are never "
        f"ranked, tested or decided upon.{others}"
    )


def _rows(stated: StatedFigures) -> Iterator[tuple[str, ...]]:
    """Yield a row per figure of each system, as `_HEAD` names its cells."""
    for each in stated.figures:
        count = units.NONE if each.requests is None else f"{each.requests:,}"
        yield each.system, each.label, *(_value(each, statistic) for statistic in _SHOWN), count


def _value(figure: StatedFigure, statistic: str) -> str:
    value = figure.values.get(statistic)
    if value is None:
        return units.NONE
    if figure.unit in _COUNTED and value.is_integer():
        return f"{value:,.0f}"
    if figure.unit in _PREFIXED:
        return units.quantity(value, figure.unit)
    return units.percent(value) if figure.unit == "share" else units.digits(value)
