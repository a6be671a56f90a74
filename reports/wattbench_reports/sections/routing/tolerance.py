"""The errors that a router by domain could bear: what it costs to take one domain for another."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Table
from wattbench_reports.routing.model import RoutingStudy, Tolerance
from wattbench_reports.wording.routing import StudyMeasures, routing_sentences, study_measures

MOST_DOMAINS = 8
"""With more domains there is no matrix, but a table of the costliest errors."""
LISTED = 10


def tolerance_passage(study: RoutingStudy, places: Mapping[str, int]) -> Passage | None:
    """Make the passage on errors that a router could bear; None where choosing by domain gains nothing.

    Args:
        study: of a run.
        places: each system's index among all of the run, which selects its mark.
    """
    tolerance = study.tolerance
    if tolerance is None:
        return None
    measures = study_measures(study)
    made = _matrix if len(tolerance.domains) <= MOST_DOMAINS else _worst
    return Passage("Errors that a router by domain could bear", routing_sentences(study)["tolerance"], (
        made(tolerance, measures, places),
    ))  # fmt: skip


def _matrix(tolerance: Tolerance, measures: StudyMeasures, places: Mapping[str, int]) -> Table:
    return Table(
        caption="Loss per request of taking one domain for another",
        columns=(
            Column("Domain"),
            Column("Best answered by"),
            *(Column(f"Taken for {name}", numeric=True) for name in tolerance.domains),
        ),
        rows=tuple(
            (
                Cell(domain),
                Cell(system, series=places.get(system)),
                *(Cell(_loss(loss, measures, itself=at == number)) for at, loss in enumerate(losses)),
            )
            for number, (domain, system, losses) in enumerate(
                zip(tolerance.domains, tolerance.assigned, tolerance.losses, strict=True)
            )
        ),
        note=_NOTE,
    )


def _worst(tolerance: Tolerance, measures: StudyMeasures, places: Mapping[str, int]) -> Table:
    systems = dict(zip(tolerance.domains, tolerance.assigned, strict=True))
    left = len(tolerance.worst) - LISTED
    return Table(
        caption="The costliest errors",
        columns=(
            Column("Domain"),
            Column("Best answered by"),
            Column("Taken for"),
            Column("Then answered by"),
            Column("Loss per request", numeric=True),
        ),
        rows=tuple(
            (
                Cell(each.domain),
                Cell(systems[each.domain], series=places.get(systems[each.domain])),
                Cell(each.taken_for),
                Cell(systems[each.taken_for], series=places.get(systems[each.taken_for])),
                Cell(_loss(each.loss, measures, itself=False)),
            )
            for each in tolerance.worst[:LISTED]
        ),
        note=f"{_NOTE}{f' {left:,} more errors are not shown.' if left > 0 else ''}",
    )


_NOTE = (
    "Lost per request of the domain, by what the router is to gain. Below 0: the other domain's system was better on "
    "these items."
)


def _loss(loss: float, measures: StudyMeasures, *, itself: bool) -> str:
    return units.NONE if itself else measures.amount(loss)
