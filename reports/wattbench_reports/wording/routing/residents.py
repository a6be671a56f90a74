"""Say which systems to keep loaded, by how many requests there are per hour."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.routing.kept_loaded import best_at, gain_at
from wattbench_reports.routing.model import Residents, ResidentSet, RoutingStudy
from wattbench_reports.wording.routing.measures import StudyMeasures, minus
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
    yield rate_sentence(measures, residents, residents.requests_per_hour)
    if len(residents.sets) > 1:
        clauses = [_clause(each) for each in residents.sets[:SAID]]
        yield PHRASES["resident_steps"].format(clauses="; ".join(clauses))
    if study.aim == "accuracy":
        yield from _price_of_an_answer(measures)
    if len(study.systems) > 1:
        base = units.quantity(residents.base_w, "W")
        yield PHRASES["resident_base" if residents.measured_together else "resident_least"].format(watts=base)
    yield from (f"{note[:1].upper()}{note[1:]}." for note in residents.notes)


def rate_sentence(measures: StudyMeasures, residents: Residents, rate: float) -> str:
    """Say which set is the best at a rate, and what it gains.

    Args:
        measures: of a study.
        residents: of the study.
        rate: requests per hour.
    """
    best = best_at(residents.sets, rate)
    gains = ""
    if not is_best_single(best, measures.study):
        gain = gain_at(best, rate, residents.idle_gain_per_w)
        gains = gains_phrase(measures).format(
            gain=measures.costs.of_requests(gain_text(measures, gain)),
            best=measures.study.best_single,
            unsure=PHRASES["resident_unsure"] if gain - margin(best) <= 0 else "",
        )
    return PHRASES["residents"].format(
        rate=units.roughly(rate), names=units.named(best.systems), count=f"{residents.subsets:,}", gains=gains
    )


def is_best_single(each: ResidentSet, study: RoutingStudy) -> bool:
    """Return whether a set is the best single system alone, over which all others gain."""
    return each.systems == (study.best_single,)


def margin(each: ResidentSet) -> float:
    """Return the distance from a set's gain down to its lower bound; 0 without an interval."""
    return 0.0 if each.interval is None else each.gain - each.interval.low


def gains_phrase(measures: StudyMeasures) -> str:
    """Return the clause on a gain, with fields."""
    return PHRASES["resident_gains_accuracy" if measures.study.aim == "accuracy" else "resident_gains"]


def gain_text(measures: StudyMeasures, gain: float) -> str:
    """Format a gain for a column: ``−4.67 J``, ``0.52 USD`` of as many requests as costs are."""
    return minus(measures.costs.amount(gain))


def _price_of_an_answer(measures: StudyMeasures) -> Iterator[str]:
    """Yield the price of an answer that `wattbench_reports.routing.kept_loaded` assumes."""
    singles, best = {each.name: each for each in measures.study.singles}, measures.best
    cheaper = [name for name in measures.study.hull if singles[name].cost.estimate < best.cost.estimate]
    if not cheaper:
        return
    below = singles[cheaper[-1]]
    further = best.accuracy.estimate - below.accuracy.estimate
    if further > 0:
        price = measures.costs.amount((best.cost.estimate - below.cost.estimate) / further)
        yield PHRASES["resident_price"].format(
            cheaper=below.name, best=best.name, price=measures.costs.of_right_answers(price)
        )


def _clause(each: ResidentSet) -> str:
    names = units.named(each.systems)
    if each.from_requests_per_hour <= 0:
        return PHRASES["resident_first"].format(names=names)
    return PHRASES["resident_from"].format(names=names, rate=units.roughly(each.from_requests_per_hour))
