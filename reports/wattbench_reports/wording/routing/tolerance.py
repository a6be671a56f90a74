"""Say which errors a router by domain could bear, and what it may itself cost."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.routing.model import Tolerance
from wattbench_reports.wording.routing.measures import StudyMeasures, part_interval
from wattbench_reports.wording.routing.phrases import PHRASES


def tolerance_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield how often a router must recognise a domain, its costliest error, and what it may cost."""
    tolerance = measures.study.tolerance
    if tolerance is None:
        return
    if tolerance.needed is None:
        yield PHRASES["needed_none"]
        return
    yield PHRASES["needed"].format(share=part_interval(tolerance.needed), worst=_worst(tolerance, measures))
    if tolerance.own_cost is not None and measures.study.unit is not None:
        yield PHRASES["own_cost"].format(cost=measures.cost(tolerance.own_cost))


def _worst(tolerance: Tolerance, measures: StudyMeasures) -> str:
    if not tolerance.worst or tolerance.worst[0].loss <= 0:
        return ""
    worst = tolerance.worst[0]
    return PHRASES["worst"].format(domain=worst.domain, other=worst.taken_for, loss=measures.amount(worst.loss))
