"""Write the figures as tables, and put them into docs/methodology.md."""

from __future__ import annotations

from pathlib import Path

from benchmarks.nights.figures import NightFigures, Steps, Years

DOCUMENT = Path(__file__).parents[2] / "docs" / "methodology.md"
BEGIN, END = "<!-- nights: written by tox -e calibration -->\n", "<!-- end of nights -->\n"
MOST_ALARMED, LEAST_FOUND = 0.05, 0.90
"""Limits: figures beyond them are bold."""


def tables(figures: NightFigures) -> str:
    """Return the tables as Markdown."""
    return f"{_years(figures)}\n{_changes(figures)}"


def _years(figures: NightFigures) -> str:
    lines = [
        "| years without a change | noise | systems | years that raise an alarm | by a series | by a night |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| *limit* | | | {MOST_ALARMED:.0%} | | |",
    ]
    for each in figures.years:
        series, nights = (
            sum(getattr(year, kind) is not None for year in each.years) for kind in ("change", "comparison")
        )
        lines.append(f"| {each.world} | {each.noise:.0%} | {each.systems} | {_alarmed(each)} | {series} | {nights} |")
    return "\n".join(lines) + "\n"


def _alarmed(each: Years) -> str:
    text = f"{each.alarmed} of {len(each.years)}"
    return text if each.alarmed <= MOST_ALARMED * len(each.years) else f"**{text}**"


def _changes(figures: NightFigures) -> str:
    lines = [
        "| planted change | world | raises an alarm | called what it is |",
        "| --- | --- | --- | --- |",
        f"| *limit* | | {LEAST_FOUND:.0%} | {LEAST_FOUND:.0%} |",
    ]
    for each in figures.steps:
        seen = sum(bool(one.shapes) for one in each.planted)
        name = f"a step of 5%, within {each.within} nights"
        lines.append(f"| {name} | {each.world} | {_found(each)} | {_share(each.called_step, seen)} |")
    creeps = figures.creeps
    raised = sum(each.after is not None for each in creeps)
    called = sum(bool(each.shapes) and "step" not in each.shapes for each in creeps)
    lines.append(f"| a creep of 5% in a year | still | {_share(raised, len(creeps))} | {_share(called, len(creeps))} |")
    return "\n".join(lines) + "\n"


def _found(each: Steps) -> str:
    return _share(each.found, len(each.planted))


def _share(number: int, of: int) -> str:
    text = f"{number} of {of}"
    return text if number >= LEAST_FOUND * of else f"**{text}**"


def with_tables(document: str, figures: NightFigures) -> str:
    """Return a document with the tables between the two markers."""
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}{tables(figures)}{END}{rest.split(END)[1]}"
