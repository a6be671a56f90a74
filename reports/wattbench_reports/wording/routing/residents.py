"""Say which systems to keep loaded, by how many requests there are per hour."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.routing.model import ResidentSet
from wattbench_reports.wording.routing.measures import StudyMeasures
from wattbench_reports.wording.routing.phrases import PHRASES

SAID = 4
"""The number of sets that the sentence lists; the table has all."""


def resident_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield which set is the best at the rate, and from which rate on others are; or why idle is not counted."""
    study = measures.study
    if study.residents is None:
        if study.why_no_residents:
            yield PHRASES["no_residents"].format(reason=study.why_no_residents)
        return
    residents = study.residents
    rate, names = units.roughly(residents.requests_per_hour), units.named(residents.best.systems)
    yield PHRASES["residents"].format(rate=rate, names=names, count=f"{residents.subsets:,}")
    if len(residents.sets) > 1:
        clauses = [_clause(each) for each in residents.sets[:SAID]]
        yield PHRASES["resident_steps"].format(clauses="; ".join(clauses))


def _clause(each: ResidentSet) -> str:
    names = units.named(each.systems)
    if each.from_requests_per_hour <= 0:
        return PHRASES["resident_first"].format(names=names)
    return PHRASES["resident_from"].format(names=names, rate=units.roughly(each.from_requests_per_hour))
