"""Say what a perfect router would give, which nothing that can be built is above."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wattbench_reports.formatting import units
from wattbench_reports.wording.routing.gains import perfect_gains
from wattbench_reports.wording.routing.measures import StudyMeasures
from wattbench_reports.wording.routing.phrases import PHRASES


def ceiling_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield the ceiling over all systems, by other repeats, and of the best two and three."""
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
