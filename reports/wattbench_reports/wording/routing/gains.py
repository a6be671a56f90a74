"""Say what a choice of systems gains on one system alone, and what a saving is above a random mix."""

from __future__ import annotations

from wattbench_reports.routing.model import RoutingChoice
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing.measures import StudyMeasures, points
from wattbench_reports.wording.routing.phrases import PHRASES


def reference(measures: StudyMeasures) -> str:
    """Name what gains are measured against: ``gpt-4 alone``."""
    return PHRASES["alone"].format(name=measures.study.best_single)


def gains_text(measures: StudyMeasures, choice: RoutingChoice) -> str:
    """Say what the recommended router gains, with the bounds of the verdict: ``gains 2.7 points [1.1, 4.3] ...``."""
    verdict = measures.study.verdict
    return gains_clause(measures, verdict.gain or choice.gain, verdict.saving) + above_coin(measures)


def gains_clause(measures: StudyMeasures, gain: Interval, saving: Interval | None) -> str:
    """Say what a router gains over the best single system, with the caller's bounds, and what it saves."""
    against = reference(measures)
    if measures.study.aim == "cost" and gain.estimate < 0:
        more = Interval(-gain.estimate, -gain.high, -gain.low)
        return PHRASES["costs_more"].format(gain=measures.gain(more), reference=against)
    return PHRASES[f"gains_{measures.study.aim}"].format(
        gain=measures.gain(gain), reference=against, saves=saves(measures, saving)
    )


def saves(measures: StudyMeasures, saving: Interval | None) -> str:
    """Say which part of the best single system's cost is saved, or how much more is paid, as a clause.

    Empty where no cost is known.
    """
    part = None if saving is None else measures.saved_part(saving)
    if saving is None or part is None:
        return ""
    return PHRASES["saves_part" if saving.estimate >= 0 else "costs_part"].format(part=part)


def above_coin(measures: StudyMeasures) -> str:
    """Say what a router that saves gains above a random mix, which saves as well; empty unless a saving is the gain."""
    study = measures.study
    above = study.verdict.above_mix
    if above is None or (study.aim == "accuracy" and study.verdict.way != "cheaper"):
        return ""
    return PHRASES["above_coin"].format(gain=points(above))


def perfect_gains(measures: StudyMeasures, gain: str) -> str:
    """Say what a perfect router would gain: ``would save 6.84 [6.33, 7.34] J per request ...``.

    Args:
        measures: of the study.
        gain: as it is to be said.
    """
    said = PHRASES[f"perfect_{measures.study.aim}"].format(gain=gain, reference=reference(measures))
    saving = measures.study.ceiling.saving
    part = None if saving is None else measures.saved_part(saving)
    return said if part is None else said + PHRASES["perfect_saving"].format(part=part)
