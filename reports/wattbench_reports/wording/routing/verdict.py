"""Say whether a router is worth building, is not, or what would tell; and which one the run already has."""

from __future__ import annotations

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy, RoutingVerdict, WorthBuilding
from wattbench_reports.wording.decision.costs import plain
from wattbench_reports.wording.routing.choices import (
    above_coin,
    choice_noun,
    choice_with_share,
    comes_to_best,
    figures_that_are,
    gains_text,
    met_figures,
    nearest_choice,
    perfect_gains,
    saves,
)
from wattbench_reports.wording.routing.measures import StudyMeasures, part, points, study_measures
from wattbench_reports.wording.routing.phrases import PHRASES
from wattbench_reports.wording.routing.sentences import unjudged_clause


def routing_verdict(study: RoutingStudy | str) -> str:
    """Say whether a router is worth building, and if a hybrid of the run is as accurate.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`; a text is why there is none, as a clause.
    """
    if isinstance(study, str):
        return PHRASES["no_study"].format(reason=study)
    measures = study_measures(study)
    return _SAID[study.verdict.answer](measures)


def _items(study: RoutingStudy) -> str:
    items = units.plural(study.items, "item")
    if study.blocks is None:
        return items
    return PHRASES["in_blocks"].format(items=items, blocks=units.plural(study.blocks, "block"))


def _yes(measures: StudyMeasures) -> str:
    study, verdict = measures.study, measures.study.verdict
    choice, gain = verdict.choice, verdict.gain
    assert choice is not None
    assert gain is not None
    said = PHRASES[f"yes_{verdict.way}" if study.aim == "accuracy" else f"yes_{study.aim}"].format(
        name=choice_with_share(choice, measures),
        best=study.best_single,
        accuracy=units.percent_interval(choice.accuracy),
        single=units.percent(measures.best.accuracy.estimate),
        more=points(verdict.accuracy or choice.accuracy_gain),
        saves=saves(measures, verdict.saving),
        saved=None if verdict.saving is None else measures.saved_part(verdict.saving),
        part=measures.part(gain.estimate),
        gain=measures.gain(gain),
        above=above_coin(measures),
        meets=PHRASES["meets"].format(figures=met_figures(choice, study.label)) if choice.met else "",
        less=_less(choice, measures),
        items=_items(study),
    )
    hybrid = study.hybrid
    if hybrid is None or hybrid.accuracy < choice.accuracy.estimate:
        return said
    return said + PHRASES["yes_hybrid"].format(name=hybrid.name, accuracy=units.percent(hybrid.accuracy))


def _less(choice: RoutingChoice, measures: StudyMeasures) -> str:
    """Say that the most accurate system is more accurate than a router, and what the router saves; empty if it is
    not."""
    top = max(measures.study.singles, key=lambda each: (each.accuracy.estimate, -each.cost.estimate))
    if top.accuracy.estimate <= choice.accuracy.estimate:
        return ""
    if measures.study.unit is None or not top.cost.estimate > 0:
        at_cost = PHRASES["less_unpriced"]
    else:
        ratio = choice.cost.estimate / top.cost.estimate
        key, shown = ("less_saves", 1 - ratio) if ratio < 1 else ("less_costs", ratio)
        at_cost = PHRASES[key].format(part=part(shown))
    return PHRASES["less"].format(
        accuracy=units.percent(choice.accuracy.estimate),
        top=top.name,
        single=units.percent(top.accuracy.estimate),
        at_cost=at_cost,
    )


def item_count(count: int) -> str:
    """Format a number of items with three digits at most: ``76``, ``2,410``."""
    return f"{count:,}" if count < LEAST_ROUNDED else units.roughly(count)


LEAST_ROUNDED = 1000
"""A smaller number of items is not rounded."""


def _no(measures: StudyMeasures) -> str:
    study, verdict = measures.study, measures.study.verdict
    if _perfect_gains_nothing(study) or verdict.choice is None:
        only = PHRASES["only"].format(gain=measures.gain(verdict.ceiling_gain))
        return PHRASES["no_perfect"].format(gains=perfect_gains(measures, only), items=_items(study))
    choice = verdict.choice
    if choice.qualifies is Qualifies.NO:
        return PHRASES["no_meets"].format(**_nearest(measures), items=_items(study))
    others = _least(measures) if verdict.judged > 1 or not comes_to_best(choice, measures) else ""
    if comes_to_best(choice, measures):
        name = choice_noun(choice)
        return PHRASES["no_same"].format(name=name, best=study.best_single, others=others, items=_items(study))
    return PHRASES["no"].format(
        name=choice_with_share(choice, measures), gains=gains_text(measures, choice), others=others, items=_items(study)
    )


def _perfect_gains_nothing(study: RoutingStudy) -> bool:
    verdict, saving = study.verdict, study.ceiling.saving
    saves = saving is not None and verdict.least_saving is not None and saving.high >= verdict.least_saving
    return verdict.ceiling_gain.high < verdict.least and not saves


def _least(measures: StudyMeasures) -> str:
    study, verdict = measures.study, measures.study.verdict
    saving = study.aim == "accuracy" and verdict.least_saving is not None
    least = PHRASES["least_accuracy_saving" if saving else f"least_{study.aim}"].format(
        least=plain(measures.amount(verdict.least)),
        part=measures.part(verdict.least_saving if saving and verdict.least_saving is not None else verdict.least),
    )
    return PHRASES["no_other"].format(gains_least=least)


def _unknown(measures: StudyMeasures) -> str:
    study, verdict = measures.study, measures.study.verdict
    if verdict.choice is None:
        why = units.listed(list(dict.fromkeys(study.not_judged.values())))
        reasons = PHRASES["none_judged_as" if why else "none_judged"].format(reasons=why)
        gains = perfect_gains(measures, measures.gain(verdict.ceiling_gain))
        return PHRASES["unknown_none"].format(reasons=reasons, gains=gains, items=_items(study))
    choice = verdict.choice
    said = {"items": _items(study), "name": choice_with_share(choice, measures), "tell": _tell(study, choice)}
    if choice.qualifies is Qualifies.NO:
        return PHRASES["unknown_fails"].format(**{**said, **_nearest(measures)})
    if comes_to_best(choice, measures):
        return PHRASES["unknown_same"].format(**{**said, "name": choice_noun(choice)}, best=study.best_single)
    return PHRASES["unknown"].format(**said, gains=gains_text(measures, choice))


def _nearest(measures: StudyMeasures) -> dict[str, str]:
    """Name the router nearest to what is required, and the figures by which it fails."""
    choice = nearest_choice(measures.study.choices)
    return {
        "name": choice_with_share(choice, measures),
        "figures": figures_that_are(choice, choice.qualifies, measures.study.label),
    }


def _tell(study: RoutingStudy, choice: RoutingChoice) -> str:
    """Say what would show whether a router is worth building, as a clause with its own punctuation."""
    verdict = study.verdict
    if verdict.items_to_tell is not None:
        return PHRASES["tell_items"].format(count=item_count(verdict.items_to_tell))
    if choice.qualifies is Qualifies.MAY:
        return PHRASES["tell_meets"].format(figures=figures_that_are(choice, Qualifies.MAY, study.label))
    if _dearer(verdict):
        return PHRASES["tell_dearer"]
    if study.ceiling.exceeded:
        return PHRASES["tell_exceeded"].format(exceeded=study.ceiling.exceeded)
    unjudged = unjudged_clause(study)
    return PHRASES["tell_unjudged"].format(unjudged=unjudged) if unjudged else ""


def _dearer(verdict: RoutingVerdict) -> bool:
    """Return whether its cost alone keeps a more accurate router from being worth building."""
    if verdict.accuracy is None or verdict.saving is None or verdict.least_saving is None:
        return False
    return verdict.accuracy.low > 0 and verdict.saving.low < -verdict.least_saving


_SAID = {WorthBuilding.YES: _yes, WorthBuilding.NO: _no, WorthBuilding.UNKNOWN: _unknown}
