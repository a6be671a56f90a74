"""Say whether a router is worth building, is not, or what would tell; and which one the run already has."""

from __future__ import annotations

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy, WorthBuilding
from wattbench_reports.wording.decision.costs import plain
from wattbench_reports.wording.routing.conditions import unjudged_clause
from wattbench_reports.wording.routing.gains import above_coin, gains_text, perfect_gains, reference
from wattbench_reports.wording.routing.measures import StudyMeasures, study_measures
from wattbench_reports.wording.routing.met import failed_figures, nearest_choice, sure
from wattbench_reports.wording.routing.names import choice_noun, choice_with_share, comes_to_best
from wattbench_reports.wording.routing.phrases import PHRASES


def routing_verdict(study: RoutingStudy | str) -> str:
    """Say in one sentence whether a router is worth building; in another that a hybrid of the run is as accurate.

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
    whole = measures.part_of(choice.cost.estimate)
    said = PHRASES[f"yes_{study.aim}"].format(
        name=choice_with_share(choice, measures),
        best=study.best_single,
        accuracy=units.percent_interval(choice.accuracy),
        single=units.percent(measures.best.accuracy.estimate),
        at_cost="" if whole is None or study.unit is None else PHRASES["at_part"].format(part=whole),
        part=measures.part(gain.estimate),
        gain=measures.gain(gain),
        reference=reference(measures, choice),
        above=above_coin(measures),
        meets=_meets(choice),
        items=_items(study),
    )
    hybrid = study.hybrid
    if hybrid is None or hybrid.accuracy < choice.accuracy.estimate:
        return said
    return said + PHRASES["yes_hybrid"].format(name=hybrid.name, accuracy=units.percent(hybrid.accuracy))


def item_count(count: int) -> str:
    """Format a number of items with three digits at most: ``76``, ``2,410``."""
    return f"{count:,}" if count < LEAST_ROUNDED else units.roughly(count)


LEAST_ROUNDED = 1000
"""A smaller number of items is not rounded."""


def _meets(choice: RoutingChoice) -> str:
    known = sure(choice)
    return PHRASES["meets"].format(sure=known) if choice.met and known else ""


def _no(measures: StudyMeasures) -> str:
    study, verdict = measures.study, measures.study.verdict
    if verdict.ceiling_gain.high < verdict.least or verdict.choice is None:
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


def _least(measures: StudyMeasures) -> str:
    study = measures.study
    least = PHRASES[f"least_{study.aim}"].format(
        least=plain(measures.amount(study.verdict.least)), part=measures.part(study.verdict.least)
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
    """Name the router that comes nearest to what is required, and the figures by which it fails."""
    choice = nearest_choice(measures.study.choices)
    return {
        "name": choice_with_share(choice, measures),
        "figures": failed_figures(choice, measures.study.label),
    }


def _tell(study: RoutingStudy, choice: RoutingChoice) -> str:
    """Say what would tell, as a clause with its own punctuation."""
    verdict = study.verdict
    if verdict.items_to_tell is not None:
        return PHRASES["tell_items"].format(count=item_count(verdict.items_to_tell))
    if choice.qualifies is Qualifies.MAY and (known := sure(choice)):
        return PHRASES["tell_meets"].format(sure=known)
    if study.ceiling.exceeded:
        return PHRASES["tell_exceeded"].format(exceeded=study.ceiling.exceeded)
    unjudged = unjudged_clause(study)
    return PHRASES["tell_unjudged"].format(unjudged=unjudged) if unjudged else ""


_SAID = {WorthBuilding.YES: _yes, WorthBuilding.NO: _no, WorthBuilding.UNKNOWN: _unknown}
