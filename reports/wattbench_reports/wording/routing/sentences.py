"""Say what a perfect router, the recommended one and cascades would give, and what the figures rest on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS
from wattbench_reports.routing.model import Cascade, RoutingChoice, RoutingStudy, Tolerance
from wattbench_reports.stats import Interval
from wattbench_reports.wording.prediction import prediction_figures, prediction_sentences
from wattbench_reports.wording.routing.choices import (
    above_coin,
    choice_noun,
    comes_to_best,
    gains_clause,
    perfect_gains,
    shares_text,
)
from wattbench_reports.wording.routing.measures import StudyMeasures, part_interval, points, study_measures
from wattbench_reports.wording.routing.phrases import PHRASES
from wattbench_reports.wording.routing.residents import resident_sentences

Topic = Literal["ceiling", "recommended", "cascades", "tolerance", "residents", "control", "prediction", "conditions"]
"""What a sentence is about."""


def routing_sentences(study: RoutingStudy) -> dict[Topic, tuple[str, ...]]:
    """Return the sentences of each topic, in the order to be read; a topic without any is empty.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`.
    """
    measures = study_measures(study)
    return {topic: tuple(sentences(measures)) for topic, sentences in _TOPICS.items()}


def _ceiling_sentences(measures: StudyMeasures) -> Iterator[str]:
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


def _recommended_sentences(measures: StudyMeasures) -> Iterator[str]:
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
    for each in others[:_SAID_OF_FILE]:
        yield PHRASES["of_file"].format(name=each.name, gains=gains_clause(measures, each.gain, _saving(each, study)))
    if len(others) > _SAID_OF_FILE:
        yield PHRASES["more_of_file"].format(routers=units.plural(len(others) - _SAID_OF_FILE, "other router"))


def _saving(choice: RoutingChoice, study: RoutingStudy) -> Interval | None:
    if study.unit is None:
        return None
    more = choice.cost_gain
    return Interval(-more.estimate, -more.high, -more.low)


_SAID_OF_FILE = 3
"""The number of routers of a file that have a sentence."""


def _tolerance_sentences(measures: StudyMeasures) -> Iterator[str]:
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


def _measured_predictions(measures: StudyMeasures) -> Iterator[str]:
    """Yield sentences on each hybrid's prediction: whether it agrees, and the predicted and measured figures."""
    for check in measures.study.predictions:
        yield from prediction_sentences(check)
        yield from prediction_figures(check)


_SAID_CASCADES = 2
"""The number of cascades that have a sentence; the table has all."""


def _cascade_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield a sentence for each of the first cascades, and count the others."""
    cascades = measures.study.cascades
    for each in cascades[:_SAID_CASCADES]:
        yield PHRASES["cascade"].format(
            first=each.first, then=each.then, equals=_equals(each, measures), pays=_pays(each, measures)
        )
    if len(cascades) > _SAID_CASCADES:
        yield PHRASES["more_cascades"].format(cascades=units.plural(len(cascades) - _SAID_CASCADES, "other cascade"))


def _equals(cascade: Cascade, measures: StudyMeasures) -> str:
    best = measures.study.best_single
    if cascade.equals is None:
        return PHRASES["alike"]
    if not _reached(cascade.equals):
        return PHRASES["never_equal"].format(best=best)
    return PHRASES["equal"].format(best=best, cost=_cost(cascade, measures), check=_check_text(cascade.equals))


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
    if _reached(cascade.equals) and cascade.equals is not None and _check_text(cascade.equals) == _check_text(pays):
        return ""
    required = any(each.quantity == "accuracy" for each in measures.study.settings.requirements)
    key = "pays_required" if required and measures.study.aim == "cost" else f"pays_{measures.study.aim}"
    return PHRASES[key].format(check=_check_text(pays))


def _reached(quality: Interval | None) -> bool:
    return quality is not None and quality.estimate <= 1


def _check_text(quality: Interval) -> str:
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
    return _times(quality.high) == _times(_COIN)


def _times(quality: float) -> str:
    return units.fixed(100 * min(max(quality, _COIN), 1.0), 0)


_COIN = 0.5
"""A check of this quality tosses a coin; a worse one is of no use."""


_READING = frozenset({"nearest", "classifier"})
"""Kinds of routers that read requests."""

_PROMPTS = "prompts"
"""What is in the reason where it is prompts that lack."""


def _control_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield what the router with the most gain has once it is fitted to shuffled answers."""
    study = measures.study
    if study.control is None:
        return
    control = study.control
    # Under a requirement anything that asks the dear system less saves, whatever it was fitted to.
    of_mix = study.aim == "cost" and control.above_mix is not None
    gain = control.above_mix if of_mix and control.above_mix is not None else control.gain
    key = ("control_some" if gain.low > 0 else "control_none") + ("_mix" if of_mix else "")
    yield PHRASES[key].format(name=_fitted(study), gain=points(gain) if of_mix else measures.gain(gain))


def _fitted(study: RoutingStudy) -> str:
    """Name the router that the control is of."""
    kind = "" if study.control is None else study.control.name
    return PHRASES[kind if kind in PHRASES else "classifier"]


def _condition_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield how routers are judged, what is counted, and what is left out."""
    study = measures.study
    if any(each.kind != "file" for each in study.choices):
        key = "held_out" if study.sampled is None else "held_out_sample"
        yield PHRASES[key].format(items="" if study.sampled is None else units.plural(study.sampled, "item"))
    if study.choices:
        yield PHRASES["own"].format(amounts=_router_amounts(study))
    if study.left_out:
        clauses = [PHRASES["because"].format(names=units.named(names), reason=why)
                   for why, names in _by_reason(study.left_out).items()]  # fmt: skip
        yield PHRASES["left_out"].format(clauses="; ".join(clauses))
    if study.not_judged:
        clauses = [PHRASES["not_judged_clause"].format(names=_kinds(kinds), reason=why)
                   for why, kinds in _by_reason(study.not_judged).items()]  # fmt: skip
        yield PHRASES["not_judged"].format(clauses="; ".join(clauses))
        if any(_PROMPTS in study.not_judged.get(kind, "") for kind in _READING):
            yield PHRASES["with_prompts"]
    yield from (f"{note[:1].upper()}{note[1:]}." for note in study.notes)


def _router_amounts(study: RoutingStudy) -> str:
    """List what is counted for the router itself, by how it is known."""
    counted, clauses = study.router_own, []
    for origin in ("named", "measured", "assumed"):
        mine = {name: value for name, value in counted.items() if study.router_own_from.get(name) == origin}
        shown = [units.quantity(mine[name], unit) for name, unit in ((JOULES, "J"), (SECONDS, "s"), (GRAMS, "g CO2e"))
                 if mine.get(name)]  # fmt: skip
        if mine.get(MONEY) and study.unit is CostUnit.MONEY:
            factor, scale = units.money_scale([mine[MONEY]])
            many = f" per {scale}" if factor > 1 else ""
            shown.append(f"{units.money(factor * mine[MONEY], study.label)}{many}")
        if shown:
            clauses.append(PHRASES[f"own_{origin}"].format(amounts=units.listed(shown)))
    return "; ".join(clauses) or "nothing"


def unjudged_clause(study: RoutingStudy) -> str:
    """Say which routers were not judged, and why, as a clause; empty where all were."""
    clauses = []
    for why, kinds in _by_reason(study.not_judged).items():
        plural = not ({*kinds} == {"domain"} or {*kinds} == {"nearest"})
        names = PHRASES["were" if plural else "was"].format(names=_kinds(kinds))
        clauses.append(PHRASES["not_judged_as"].format(names=names, reason=why))
    return units.listed(clauses)


def _kinds(kinds: list[str]) -> str:
    """Name kinds of routers: ``routers that read requests`` where it is all of these."""
    reading = set(kinds) >= _READING
    names = [PHRASES["kind_texts"]] if reading else []
    names += [PHRASES.get(f"kind_{kind}", kind) for kind in kinds if not (reading and kind in _READING)]
    return units.listed(names)


def _by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    by: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by.setdefault(reason, []).append(name)
    return by


_TOPICS: dict[Topic, Callable[[StudyMeasures], Iterator[str]]] = {
    "ceiling": _ceiling_sentences,
    "recommended": _recommended_sentences,
    "cascades": _cascade_sentences,
    "tolerance": _tolerance_sentences,
    "residents": resident_sentences,
    "control": _control_sentences,
    "prediction": _measured_predictions,
    "conditions": _condition_sentences,
}
