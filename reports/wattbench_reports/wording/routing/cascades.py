"""Say from which check on a cascade is as accurate as the best single system, and from which it pays."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.routing.model import Cascade
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing.measures import StudyMeasures
from wattbench_reports.wording.routing.phrases import PHRASES

SAID = 2
"""The number of cascades that have a sentence; the table has all."""


def cascade_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield a sentence for each of the first cascades, and count the others."""
    cascades = measures.study.cascades
    for each in cascades[:SAID]:
        yield PHRASES["cascade"].format(
            first=each.first, then=each.then, equals=_equals(each, measures), pays=_pays(each, measures)
        )
    if len(cascades) > SAID:
        yield PHRASES["more_cascades"].format(cascades=units.plural(len(cascades) - SAID, "other cascade"))


def _equals(cascade: Cascade, measures: StudyMeasures) -> str:
    best = measures.study.best_single
    if cascade.equals is None:
        return PHRASES["alike"]
    if not _reached(cascade.equals):
        return PHRASES["never_equal"].format(best=best)
    return PHRASES["equal"].format(best=best, cost=_cost(cascade, measures), check=check_text(cascade.equals))


def _cost(cascade: Cascade, measures: StudyMeasures) -> str:
    if measures.study.unit is None:
        passed = cascade.escalation_at_equal
        shown = "" if passed is None else f"{units.fixed(100 * passed, 0)}%"
        return PHRASES["equal_share"].format(part=shown, then=cascade.then) if shown else ""
    known = None if cascade.cost_at_equal is None else measures.part_of(cascade.cost_at_equal.estimate)
    return "" if known is None else PHRASES["equal_cost"].format(part=known)


def _pays(cascade: Cascade, measures: StudyMeasures) -> str:
    """Say from which check a cascade gains, if that is not the check that makes it as accurate."""
    pays = cascade.pays
    if pays is None or not _reached(pays):
        return ""
    if _reached(cascade.equals) and cascade.equals is not None and check_text(cascade.equals) == check_text(pays):
        return ""
    required = any(each.quantity == "accuracy" for each in measures.study.settings.requirements)
    key = "pays_required" if required and measures.study.aim == "cost" else f"pays_{measures.study.aim}"
    return PHRASES[key].format(check=check_text(pays))


def _reached(quality: Interval | None) -> bool:
    return quality is not None and quality.estimate <= 1


def check_text(quality: Interval) -> str:
    """Say how good a check must be: ``from a check that is right 76 times of 100 [72, 80]``; ``with any check``."""
    if _any_will_do(quality):
        return PHRASES["any_check"]
    return PHRASES["check"].format(times=_times(quality.estimate), low=_times(quality.low), high=_times(quality.high))


def quality_cell(quality: Interval | None) -> str:
    """Format the quality of a check for a table: ``76% [72, 80]``; a dash where none is good enough."""
    if quality is None or not _reached(quality):
        return units.NONE
    if _any_will_do(quality):
        return PHRASES["any_cell"]
    return f"{_times(quality.estimate)}% [{_times(quality.low)}, {_times(quality.high)}]"


def _any_will_do(quality: Interval) -> bool:
    """Return whether a coin is a good enough check, in the digits that are shown."""
    return _times(quality.high) == _times(COIN)


def _times(quality: float) -> str:
    return units.fixed(100 * min(max(quality, COIN), 1.0), 0)


COIN = 0.5
"""A check of this quality tosses a coin; a worse one is of no use."""
