"""Routing decisions of hybrids: their losses, and what other choices would have given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, numbers, text_rows
from wattbench_reports.routing.candidates import why_not_routed
from wattbench_reports.routing.hybrids.study import Offline, Studies, studies
from wattbench_reports.routing.prediction_check import PredictionCheck, prediction_checks
from wattbench_reports.sections.hybrids.frontier import frontier_passage
from wattbench_reports.sections.hybrids.other_choices import choices_passage
from wattbench_reports.sections.hybrids.routing_summary import sent_figure, sent_passage
from wattbench_reports.sections.hybrids.words import joules, latency
from wattbench_reports.wording.prediction import COLUMNS, prediction_note, prediction_rows, prediction_sentences

_LEAD = (
    "A hybrid is worth its router if it sends items to members that answer them well, and if no single system does "
    "as well. The members' own answers to the same items in this run show what other choices would have given. A "
    "member's joules include the idle draw of that model only, not that of the other resident members of a hybrid: "
    "every choice except the live hybrid is slightly too cheap, by the same effect."
)


def hybrids_section(measured: Measured, paid: Paid, weighed: Weighed) -> Section | None:
    """Make passages per hybrid, and one for the routers of a file; None where there are neither."""
    why = why_not_routed(measured)
    all_studies = Studies((), None, ()) if why else studies(measured, paid, weighed)
    hybrids = any(row.members for row in measured.frames.run.systems().values())
    if all_studies is None or (why and not hybrids and not weighed.offline_routers):
        return None
    return Section(
        "routing",
        "Routing",
        "Routing decisions of the hybrids",
        f"Other choices are not shown: {why}." if why else _LEAD,
        tuple(_passages(all_studies, measured, paid)),
        line="what routers chose, and what other choices would have given",
    )


def _passages(all_studies: Studies, measured: Measured, paid: Paid) -> Iterable[Passage]:
    places = {name: index for index, name in enumerate(measured.frames.systems)}
    checks = {check.hybrid: check for check in prediction_checks(measured, paid)}
    currency = "" if paid.money is None else paid.money.currency
    if all_studies.hybrids:
        yield Passage("", (), figure=sent_figure(all_studies.hybrids))
    for number, each in enumerate(all_studies.hybrids):
        check = checks.get(each.routing.system)
        passages = (
            sent_passage(each, measured),
            None if check is None else prediction_passage(check, currency),
            choices_passage(each, paid.money),
            frontier_passage(each.frontier, all_studies.quality, places, number),
        )
        yield from (passage for passage in passages if passage is not None)
    offline = offline_passage(all_studies.offline)
    if offline is not None:
        yield offline


def prediction_passage(check: PredictionCheck, currency: str) -> Passage:
    """Make the passage that compares a hybrid with its prediction.

    Args:
        check: of the hybrid.
        currency: of the run's money; empty without any.
    """
    first, *others = COLUMNS
    table = Table(
        caption=f"{check.hybrid} as predicted and as measured",
        columns=(Column(first), *numbers(*others)),
        rows=text_rows(prediction_rows(check, currency)),
        note=prediction_note(check),
    )
    return Passage(
        f"{check.hybrid}: prediction",
        prediction_sentences(check),
        (table,) if check.figures or check.over_single else (),
    )


def offline_passage(routers: Sequence[Offline]) -> Passage | None:
    """Make the passage on routers of a file, with a row per router; None without a file."""
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
            *numbers("Items", "Accuracy", "Joules per request", "Joules per correct answer", "Mean latency"),
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
