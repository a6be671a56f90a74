"""Say what a choice of systems gains, and against what: one system alone, or a random mix of them."""

from __future__ import annotations

from wattbench_reports.routing.model import RoutingChoice
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing.measures import StudyMeasures, points
from wattbench_reports.wording.routing.phrases import PHRASES


def reference(measures: StudyMeasures, choice: RoutingChoice) -> str:
    """Name what the gain of a choice is measured against: one system alone, or a random mix of them."""
    study = measures.study
    if study.aim != "mix" or len(study.hull) < 2:
        alone = study.hull[-1] if study.aim == "mix" and study.hull else study.best_single
        return PHRASES["alone"].format(name=alone)
    costs = {each.name: each.cost.estimate for each in study.singles}
    cheapest, dearest = study.hull[0], study.hull[-1]
    if choice.cost.estimate >= costs[dearest]:
        return PHRASES["alone"].format(name=dearest)
    if choice.cost.estimate <= costs[cheapest]:
        return PHRASES["alone"].format(name=cheapest)
    return PHRASES["mix_share" if study.unit is None else "mix"].format(best=study.best_single)


def gains_text(measures: StudyMeasures, choice: RoutingChoice) -> str:
    """Say what the recommended router gains, with the bounds of the verdict: ``gains 2.7 points [1.1, 4.3] ...``."""
    return gains_clause(measures, choice, measures.study.verdict.gain or choice.gain) + above_coin(measures)


def gains_clause(measures: StudyMeasures, choice: RoutingChoice, gain: Interval) -> str:
    """Say what a router gains, with bounds of the caller's, and on what."""
    against = reference(measures, choice)
    if measures.study.aim == "cost" and gain.estimate < 0:
        more = Interval(-gain.estimate, -gain.high, -gain.low)
        return PHRASES["costs_more"].format(gain=measures.gain(more), reference=against)
    return PHRASES[f"gains_{measures.study.aim}"].format(gain=measures.gain(gain), reference=against)


def above_coin(measures: StudyMeasures) -> str:
    """Say what a saving is above a random mix, which saves as well; empty unless the aim is to save."""
    above = measures.study.verdict.above_mix
    return "" if above is None else PHRASES["above_coin"].format(gain=points(above))


def perfect_gains(measures: StudyMeasures, gain: str) -> str:
    """Say what a perfect router would gain: ``would save 6.84 [6.33, 7.34] J per request ...``.

    Args:
        measures: of the study.
        gain: as it is to be said.
    """
    against = reference(measures, measures.study.ceiling.best)
    return PHRASES[f"perfect_{measures.study.aim}"].format(gain=gain, reference=against)
