"""Routers from a file, replayed."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.analyses.hybrids import Offline
from wattbench_reports.formatting import units
from wattbench_reports.sections.hybrids.words import joules, latency
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table


def offline_passage(routers: Sequence[Offline]) -> Passage | None:
    """Make the passage with a row per router; None without a file."""
    if not routers:
        return None
    sentences = [
        "Routers that were not run, replayed from the systems' own answers in this run. A system's joules include "
        "the idle draw of that system only."
    ]
    sentences += [
        f"Joules of {each.router.name} are not available, because {each.no_joules}."
        for each in routers
        if each.no_joules
    ]
    return Passage("Routers from the file", tuple(sentences), (_table(routers),))


def _table(routers: Sequence[Offline]) -> Table:
    return Table(
        caption="Routers from the file, over all items",
        columns=(
            Column("Router"),
            Column("Members"),
            Column("Items", numeric=True),
            Column("Accuracy", numeric=True),
            Column("Joules per request", numeric=True),
            Column("Joules per correct answer", numeric=True),
            Column("Mean latency", numeric=True),
        ),
        rows=tuple(
            (
                Cell(each.router.name),
                Cell(units.named(each.router.members)),
                Cell(f"{len(each.outcome.rows):,}"),
                Cell(units.percent(each.outcome.accuracy)),
                Cell(joules(each.outcome.j_per_request)),
                Cell(joules(each.outcome.j_per_correct)),
                Cell(latency(each.outcome)),
            )
            for each in routers
        ),
        note="Items that were not answered by a system that the router would have asked are left out.",
    )
