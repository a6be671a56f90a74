"""Which systems to keep loaded at a rate of requests, which the reader of the page can change."""

from __future__ import annotations

from dataclasses import replace

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, RateField, Table
from wattbench_reports.routing.kept_loaded import gain_at
from wattbench_reports.routing.model import Residents, RoutingStudy
from wattbench_reports.sections.routing.tables import page_table
from wattbench_reports.wording.routing import StudyMeasures, residents_table, routing_sentences, study_measures
from wattbench_reports.wording.routing.residents import gain_text


def residents_passage(study: RoutingStudy) -> Passage | None:
    """Make the passage on systems to keep loaded: the best set at each rate, and a field for the rate.

    Args:
        study: of a run.

    Returns:
        None where there is nothing to say.
    """
    sentences, residents = routing_sentences(study)["residents"], study.residents
    if not sentences:
        return None
    if residents is None:
        return Passage("What stays loaded", sentences)
    return Passage(
        "What stays loaded",
        sentences,
        (_table(study_measures(study), residents),),
        rate=RateField(
            "Requests per hour", units.roughly(residents.requests_per_hour), "Requests per hour: a number above 0."
        ),
    )


def _table(measures: StudyMeasures, residents: Residents) -> Table:
    table = page_table(
        residents_table(measures, residents),
        "Systems to keep loaded, by the requests per hour from which they are best",
    )
    gains = [gain_at(each, residents.requests_per_hour, residents.idle_gain_per_w) for each in residents.sets]
    return replace(
        table,
        columns=(*table.columns, Column(measures.costs.of_requests("Gain with idle, at this rate,"), numeric=True)),
        rows=tuple(
            (*row, Cell(gain_text(measures, gain), at_rate=f"gain-{number}"))
            for number, (row, gain) in enumerate(zip(table.rows, gains, strict=True))
        ),
        note=" ".join(part for part in (table.note, _note(measures)) if part),
    )


def _note(measures: StudyMeasures) -> str:
    best = measures.study.best_single
    return (
        f"Gains are over {best} alone, of the best choice by domain within a set, on items that it was not fitted to. "
        f"Further idle power: what all of a set draw beyond {best} alone; that of the machine itself is in none."
    )
