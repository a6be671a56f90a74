"""Find from which point between two ways of routing a router gains.

Between a router that errs and one that does not, scores and costs of each item change in proportion, so that what is
asked is where a line crosses 0: at -u / w, of the mean u at the beginning and of the mean rise w, whose bounds are
Fieller's (`wattbench_reports.stats.fieller`), as the rise itself is uncertain.

Under the aim ``cost`` what is required of accuracy has to be met as well, and the last of all crossings counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers, ScoredItems
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.figures import ItemFigure, item_figure
from wattbench_reports.stats import Interval
from wattbench_reports.stats.fieller import fieller_interval
from wattbench_reports.stats.student import t_quantile

_NOTHING = 1e-12


def part_from(context: StudyContext, start: ScoredItems, end: ScoredItems, wider: float = 1.0) -> Interval:
    """Return the point from which there is a gain and the required accuracy is met, up to the end.

    Args:
        context: of the study.
        start: the items as the worse router has them answered.
        end: as the better one has.
        wider: by what standard errors are multiplied.

    Returns:
        0 where there is a gain from the start on; above 1 or infinite where there is none at the end.
    """
    crossings = [_gain_crossing(context, start, end, wider)]
    if context.baseline.aim == "cost":
        crossings += _accuracy_crossings(context, start, end, wider)
    return max(crossings, key=lambda each: each.estimate)


def crossing(
    answers: ItemAnswers,
    begin: NDArray[np.float64],
    rise: NDArray[np.float64],
    among: NDArray[np.bool_] | None = None,
    wider: float = 1.0,
) -> Interval:
    """Return the point from 0 to 1 from which a linearly rising mean stays positive.

    Args:
        answers: of the run.
        begin: shape (items,): at 0.
        rise: the same shape: from 0 to 1.
        among: the items that count; None: all.
        wider: by what standard errors are multiplied.

    Returns:
        Fieller's interval, cut off below 0; infinite where the mean does not rise and is not positive at 1.
    """
    top, bottom, end = (item_figure(answers, values, among) for values in (-begin, rise, begin + rise))
    if not bottom.estimate > _NOTHING:
        return _level(end, wider)
    if not bottom.df > 0:
        return Interval(max(top.estimate / bottom.estimate, 0.0), 0.0, math.inf)
    clusters = len(top.parts)
    scale = wider**2 * clusters / (clusters - 1)
    bounds = fieller_interval(
        top.estimate,
        bottom.estimate,
        scale * float((top.parts * top.parts).sum()),
        scale * float((bottom.parts * bottom.parts).sum()),
        scale * float((top.parts * bottom.parts).sum()),
        t_quantile(bottom.df),
    )
    if _bounds(top, wider)[1] < 0 and _bounds(end, wider)[0] > 0:
        # Positive at both ends, and so between them: what Fieller's set holds is beyond.
        return Interval(0.0, 0.0, 0.0)
    return Interval(max(bounds.estimate, 0.0), max(bounds.low, 0.0), max(bounds.high, 0.0))


def _level(end: ItemFigure, wider: float) -> Interval:
    """Return the crossing of a mean that does not rise: 0 if it is positive at 1, else infinity."""
    low, high = _bounds(end, wider)
    if end.estimate > 0:
        return Interval(0.0, 0.0, 0.0 if low > 0 else math.inf)
    return Interval(math.inf, 0.0 if high > 0 else math.inf, math.inf)


def _bounds(figure: ItemFigure, wider: float) -> tuple[float, float]:
    bounds = replace(figure, parts=wider * figure.parts).interval()
    return bounds.low, bounds.high


def _accuracy_crossings(
    context: StudyContext, start: ScoredItems, end: ScoredItems, wider: float
) -> Iterable[Interval]:
    answers = context.answers
    for requirement in context.settings.requirements:
        if requirement.quantity != "accuracy":
            continue
        among = None
        if requirement.domain is not None:
            if requirement.domain not in answers.domains:
                continue
            among = (answers.domain == answers.domains.index(requirement.domain)) & (answers.weight > 0)
            if not among.any():
                continue
        yield crossing(answers, start.score - requirement.bound, end.score - start.score, among, wider)


def _gain_crossing(context: StudyContext, start: ScoredItems, end: ScoredItems, wider: float) -> Interval:
    begin, last = (gain_values(context.baseline, context.answers, each) for each in (start, end))
    return crossing(context.answers, begin, last - begin, wider=wider)
