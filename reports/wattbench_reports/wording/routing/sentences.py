"""Say what a perfect router would give, what the recommended one does, and which errors it could bear."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy, Tolerance
from wattbench_reports.stats import Interval
from wattbench_reports.wording.prediction import prediction_figures, prediction_sentences
from wattbench_reports.wording.routing.gains import above_coin, gains_clause, perfect_gains
from wattbench_reports.wording.routing.measures import StudyMeasures, part_interval, points
from wattbench_reports.wording.routing.names import choice_noun, comes_to_best, shares_text
from wattbench_reports.wording.routing.phrases import PHRASES


def ceiling_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield sentences on perfect routers: of all systems, by other repeats, of the best two and three."""
    study, ceiling = measures.study, measures.study.ceiling
    yield PHRASES["ceiling"].format(
        accuracy=units.percent_interval(ceiling.best.accuracy),
        at_cost=measures.at_cost(ceiling.best),
        best=study.best_single,
        single=units.percent_interval(measures.best.accuracy),
    )
    if ceiling.exceeded:
        yield PHRASES["ceiling_exceeded"].format(exceeded=ceiling.exceeded)
    if ceiling.gain is not None and not math.isclose(ceiling.gain.estimate, ceiling.best.gain.estimate):
        yield PHRASES["ceiling_gain"].format(gains=perfect_gains(measures, measures.gain(ceiling.gain)))
    if ceiling.cross_fitted is not None:
        yield PHRASES["ceiling_repeats"].format(accuracy=units.percent_interval(ceiling.cross_fitted.accuracy))
    elif ceiling.why_not_cross_fitted:
        yield PHRASES["ceiling_no_repeats"].format(reason=ceiling.why_not_cross_fitted)
    for key, few in (("ceiling_two", ceiling.pair), ("ceiling_three", ceiling.triple)):
        if few is not None:
            yield PHRASES[key].format(
                names=units.named(few.members),
                accuracy=units.percent_interval(few.accuracy),
                at_cost=measures.at_cost(few, "at_part_of"),
            )


def recommended_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield what the recommended router does, for how many routers its bounds hold, and a random mix's systems."""
    study = measures.study
    choice = study.verdict.choice
    if choice is not None and not comes_to_best(choice, measures):
        key = "recommended_share" if study.unit is None else "recommended"
        name = choice_noun(choice)
        yield PHRASES[key].format(
            name=units.capital(name),
            shares=shares_text(choice, "share_first"),
            accuracy=points(choice.accuracy_gain),
            cost="" if study.unit is None else measures.differences.of_requests(choice.cost_gain),
            best=study.best_single,
        )
    yield from _of_file(measures)
    if choice is not None and study.verdict.judged > 1:
        yield PHRASES["bounds"].format(count=study.verdict.judged)
    if study.settings.requirements:
        yield PHRASES["required"].format(risk=units.percent(study.settings.risk).replace(".0%", "%"))
    if above_coin(measures) and len(study.hull) > 1:
        yield PHRASES["hull_two" if len(study.hull) == 2 else "hull"].format(names=units.named(study.hull))


def _of_file(measures: StudyMeasures) -> Iterator[str]:
    """Yield what the routers of a file gain, other than the recommended one."""
    study = measures.study
    others = [each for each in study.choices if each.kind == "file" and each is not study.verdict.choice]
    for each in others[:SAID]:
        yield PHRASES["of_file"].format(name=each.name, gains=gains_clause(measures, each.gain, _saving(each, study)))
    if len(others) > SAID:
        yield PHRASES["more_of_file"].format(routers=units.plural(len(others) - SAID, "other router"))


def _saving(choice: RoutingChoice, study: RoutingStudy) -> Interval | None:
    if study.unit is None:
        return None
    more = choice.cost_gain
    return Interval(-more.estimate, -more.high, -more.low)


SAID = 3
"""The number of routers of a file that have a sentence."""


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


def measured_predictions(measures: StudyMeasures) -> Iterator[str]:
    """Yield sentences on each hybrid's prediction: whether it agrees, and the predicted and measured figures."""
    for check in measures.study.predictions:
        yield from prediction_sentences(check)
        yield from prediction_figures(check)
