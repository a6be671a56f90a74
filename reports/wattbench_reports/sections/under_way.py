"""A run that is not finished: how far it is, and how it is resumed where no process writes it.

Its figures have no intervals, and nothing is concluded from them: what is missing can change any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Sentence, Table, energy_badge

_NOTE = (
    "These figures have no intervals. The items and blocks that are missing can change any of them, so they do not say "
    "which system is better."
)


@dataclass(frozen=True, kw_only=True)
class SystemUnderWay:
    """What a system of an unfinished run has done so far."""

    system: str
    answers: int
    """Items answered, each repeat by itself; those whose request failed included."""
    planned: int | None
    """None: not known, as under load."""
    failed: int
    """Of `answers`, those whose request failed."""
    right: float | None = None
    """The sum of the scores of `scored` answers; None: not known."""
    scored: int = 0
    joules: float | None = None
    """Of the valid measured windows so far; None: none has joules."""
    windows: int = 0
    """Measured windows that are closed."""
    invalid: int = 0
    """Of `windows`, those whose joules are not valid."""
    provenance: str = ""
    """Of the joules."""


@dataclass(frozen=True, kw_only=True)
class RunUnderWay:
    """How far an unfinished run is."""

    running: bool
    """Whether a process writes it."""
    systems: Sequence[SystemUnderWay]
    complete_blocks: int | None = None
    """None: the run has no blocks, or none yet."""
    blocks: int | None = None
    title: str = ""
    """What is done now; empty: not known."""
    left: str = ""
    """How long the rest will take, in words; empty: not known."""
    resume: str | None = None
    """The command that finishes it; None: none does."""
    report: str | None = None
    """A clause: how complete blocks are reported, or why not."""


def under_way_section(run: RunUnderWay) -> Section:
    """Make the section of an unfinished run."""
    commands = (("Resume it", run.resume),) if run.resume is not None and not run.running else ()
    passage = Passage(sentences=tuple(_sentences(run)), tables=(_table(run),), commands=commands)
    return Section(
        id="under-way",
        label="So far",
        title="So far" if run.running else "Stopped",
        lead="This page changes as answers are recorded, and becomes the report when the run is finished."
        if run.running
        else "No process writes this run, and it is not finished. This page becomes the report when it is.",
        passages=(passage,),
    )


def _sentences(run: RunUnderWay) -> Iterator[Sentence]:
    planned = [each.planned for each in run.systems]
    answers = sum(each.answers for each in run.systems)
    of = "" if None in planned else f" of {sum(each or 0 for each in planned):,}"
    blocks = ""
    if run.blocks is not None and run.complete_blocks is not None:
        blocks = f"{run.complete_blocks:,} of {units.plural(run.blocks, 'block')} complete, "
    yield f"{blocks}{answers:,}{of} answers recorded{f'; {run.left}' if run.running and run.left else ''}."
    if run.running and run.title:
        yield f"Now: {run.title}."
    if run.report is not None and not run.running:
        yield f"{run.report[:1].upper()}{run.report[1:]}."


def _table(run: RunUnderWay) -> Table:
    columns = (
        Column("System"),
        Column("Answers", numeric=True, kept=True),
        Column("Accuracy so far", numeric=True),
        Column("Joules so far", numeric=True),
        Column("Energy"),
    )
    return Table("By system", columns, tuple(_row(number, each) for number, each in enumerate(run.systems)), _NOTE)


def _row(number: int, each: SystemUnderWay) -> tuple[Cell, ...]:
    of = "" if each.planned is None else f" of {each.planned:,}"
    invalid = f"{each.invalid:,} of {units.plural(each.windows, 'window')} not valid" if each.invalid else ""
    return (
        Cell(each.system, series=number),
        Cell(f"{each.answers:,}{of}", detail=f"{each.failed:,} failed" if each.failed else ""),
        Cell(units.NONE)
        if each.right is None or not each.scored
        else Cell(units.percent(each.right / each.scored), detail=f"of {each.scored:,} scored"),
        Cell(units.NONE if each.joules is None else units.quantity(each.joules, "J"), detail=invalid),
        Cell(units.NONE) if not each.provenance else energy_badge(each.provenance),
    )
