"""Say where the recommended router sends requests, and what that gives against the best single system."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing.gains import above_coin, gains_clause
from wattbench_reports.wording.routing.measures import StudyMeasures, points
from wattbench_reports.wording.routing.names import choice_noun, comes_to_best, shares_text
from wattbench_reports.wording.routing.phrases import PHRASES


def recommended_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield what the recommended router does, for how many routers its bounds hold, and what a random mix is of."""
    study = measures.study
    choice = study.verdict.choice
    if choice is not None and not comes_to_best(choice, measures):
        key = "recommended_share" if study.unit is None else "recommended"
        name = choice_noun(choice)
        yield PHRASES[key].format(
            name=name[:1].upper() + name[1:],
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
