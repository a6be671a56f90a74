"""Name ways to choose systems, and say what they gain and whether they meet what is required."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RequirementMet, RoutingChoice
from wattbench_reports.stats import Interval
from wattbench_reports.wording.decision.requirements import quantity_text, value_text
from wattbench_reports.wording.routing.measures import StudyMeasures, part, points
from wattbench_reports.wording.routing.phrases import PHRASES

ALL = 0.9995
"""From this share on, all requests go to one system."""


def choice_noun(choice: RoutingChoice) -> str:
    """Name a choice in a sentence: ``choosing by domain``, ``a text classifier``, ``the router mine``."""
    return PHRASES[choice.kind].format(name=choice.name)


def choice_with_share(choice: RoutingChoice, measures: StudyMeasures) -> str:
    """Name a choice with its share for the best single system: ``a text classifier (48% of the requests to gpt-4)``.

    Args:
        choice: one that can be built.
        measures: of its study.
    """
    to_best = measures.share_to_best(choice)
    best = measures.study.best_single
    key = "sends" if to_best > 1 - ALL else "sends_none"
    return PHRASES[key].format(name=choice_noun(choice), part=part(to_best), best=best)


def comes_to_best(choice: RoutingChoice, measures: StudyMeasures) -> bool:
    """Return whether a choice sends all requests to the best single system alone."""
    return measures.share_to_best(choice) >= ALL and sum(choice.shares.values()) < 2 - ALL


def row_name(choice: RoutingChoice, kind: str = "") -> str:
    """Name a choice in a table: ``by domain, accurate``, ``k-NN, 1/2``, ``gpt-4``.

    Args:
        choice: any.
        kind: in place of its own.
    """
    name = PHRASES[f"row_{kind or choice.kind}"].format(name=choice.name)
    setting = PHRASES.get(f"row_{choice.setting}") if choice.setting else None
    return name if setting is None else setting.format(name=name)


def shares_text(choice: RoutingChoice, first: str = "share") -> str:
    """Say which part of the requests goes where, the largest first: ``52% to haiku and 48% to gpt-4``.

    Args:
        choice: any.
        first: the phrase of the largest; ``share_first`` says that it is requests.
    """
    ranked = [(name, share) for name, share in sorted(choice.shares.items(), key=lambda each: -each[1]) if share > 0]
    most = MOST_SHARES if len(ranked) == MOST_SHARES else MOST_SHARES - 1
    shown = [
        PHRASES["share" if number else first].format(part=part(share), name=name)
        for number, (name, share) in enumerate(ranked[:most])
    ]
    left = len(ranked) - len(shown)
    return units.listed([*shown, f"{left} more"] if left > 0 else shown)


MOST_SHARES = 3
"""The number of systems whose part of the requests is said; of more systems one fewer, and the others are counted."""


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
    if saving is None:
        return ""
    part = measures.saved_part(saving) if saving.estimate >= 0 else measures.paid(saving)
    return "" if part is None else PHRASES["saves_part" if saving.estimate >= 0 else "costs_part"].format(part=part)


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


_RANK = {Qualifies.YES: 0, Qualifies.MAY: 1, Qualifies.NO: 2}


def qualifies_text(choice: RoutingChoice, currency: str = "") -> str:
    """Say whether a choice meets its requirements: ``yes``, ``no: accuracy 61.2%, 59.0% to 63.4%``.

    Args:
        choice: with its requirements.
        currency: of money.
    """
    if choice.qualifies is Qualifies.YES:
        return str(choice.qualifies)
    return f"{choice.qualifies}: {figures_that_are(choice, choice.qualifies, currency)}"


def met_figures(choice: RoutingChoice, currency: str = "") -> str:
    """List the figures of all requirements, with their bounds; empty without requirements."""
    return units.listed([_figure(each, currency) for each in choice.met])


def figures_that_are(choice: RoutingChoice, outcome: Qualifies, currency: str = "") -> str:
    """List the figures of the requirements that have one outcome, with their bounds."""
    return units.listed([_figure(each, currency) for each in choice.met if each.outcome is outcome])


def _figure(met: RequirementMet, currency: str) -> str:
    """Format a figure with its one-sided bounds: ``accuracy 70.2%, 68.4% to 72.0%``."""

    def value(each: float | None) -> str:
        if each is None:
            return units.NONE
        return value_text(met.requirement, each, currency) if math.isfinite(each) else ("∞" if each > 0 else "−∞")

    name = quantity_text(met.requirement)
    if met.low is None or met.high is None:
        return f"{name} {value(met.estimate)}"
    return PHRASES["within"].format(figure=name, value=value(met.estimate), low=value(met.low), high=value(met.high))


def nearest_choice(choices: Sequence[RoutingChoice]) -> RoutingChoice:
    """Return the choice that comes nearest to its requirements.

    One that may meet it before one that does not; of those alike the one whose figures together are the smallest share
    away from their bounds.
    """
    return min(choices, key=lambda each: (_RANK[each.qualifies], sum(map(_shortfall, each.met))))


def _shortfall(met: RequirementMet) -> float:
    """Return how far a figure is on the wrong side of its bound, as a share of the bound."""
    if met.estimate is None:
        return 1.0
    above = met.estimate - met.requirement.bound
    short = -above if met.requirement.quantity == "accuracy" else above
    return max(0.0, short) / met.requirement.bound if met.requirement.bound > 0 else max(0.0, short)
