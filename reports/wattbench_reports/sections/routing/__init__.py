"""Whether a router in front of the systems pays, before it is built; then what hybrids of the run did.

choices.py    what routers and cascades would give, with pictures
tolerance.py  the errors that a router by domain could bear
residents.py  which systems to keep loaded, with a field for the rate of requests
tables.py     tables in words as tables of the page
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.presenter.model import Passage, Section, strong
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.sections.hybrids import hybrids_section
from wattbench_reports.sections.routing.choices import cascades_passage, choices_passage
from wattbench_reports.sections.routing.residents import residents_passage
from wattbench_reports.sections.routing.tolerance import tolerance_passage
from wattbench_reports.wording.routing import (
    cascades_table,
    choices_table,
    residents_table,
    routing_sentences,
    routing_verdict,
    study_measures,
)

_TITLE = "Whether a router pays"


def routing_section(measured: Measured, paid: Paid, weighed: Weighed, study: RoutingStudy | str) -> Section | None:
    """Make the section on routing; None where there is one system, and no hybrid.

    Args:
        measured, paid, weighed: of the run.
        study: of routers in front of its systems; a text is why there is none, as a clause.
    """
    hybrids = hybrids_section(measured, paid, weighed)
    if isinstance(study, str) and hybrids is None and len(measured.frames.systems) < 2:
        return None
    places = {name: index for index, name in enumerate(measured.frames.systems)}
    passages = () if isinstance(study, str) else tuple(_passages(study, places))
    if hybrids is not None:
        passages += (Passage("What the hybrids of this run did", (hybrids.lead,)), *hybrids.passages)
    did = ", and what the hybrids of this run did" if hybrids is not None else ""
    return Section(
        "routing",
        "Routing",
        _TITLE,
        routing_verdict(study),
        passages,
        line=f"what a router in front of these systems would gain{did}",
    )


def routing_words(study: RoutingStudy | str) -> Section:
    """Say a routing study in short, as a terminal, a comment and a notebook show it: the verdict, tables, sentences.

    Args:
        study: of a run; a text is why there is none, as a clause.
    """
    passages: tuple[Passage, ...] = ()
    if not isinstance(study, str):
        measures = study_measures(study)
        residents = None if study.residents is None else residents_table(measures, study.residents)
        tables = (choices_table(measures), cascades_table(measures), residents)
        passages = (
            *(Passage(tables=(each,)) for each in tables if each is not None),
            Passage(points=tuple(chain.from_iterable(routing_sentences(study).values()))),
        )
    return Section("routing", "Routing", "", strong(routing_verdict(study)), passages)


def _passages(study: RoutingStudy, places: dict[str, int]) -> Iterator[Passage]:
    yield choices_passage(study, places)
    passages = (cascades_passage(study, places), tolerance_passage(study, places), residents_passage(study))
    yield from (passage for passage in passages if passage is not None)
    said = routing_sentences(study)
    if sentences := said["control"] + said["conditions"]:
        yield Passage("How routers were judged", sentences)
