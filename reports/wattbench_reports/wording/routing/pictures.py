"""Draw a routing study with labels and descriptions in words, for the report and for files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from wattbench.terminal import clipped_apart
from wattbench_reports.decision.model import Qualifies
from wattbench_reports.figures.axes import tick
from wattbench_reports.figures.drawing import Drawing
from wattbench_reports.figures.routing_cascades import CascadeBaseline, CascadeLine, routing_cascades
from wattbench_reports.figures.routing_tradeoff import RoutingCurveLine, RoutingMark, routing_tradeoff
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.model import Cascade, RoutingChoice, RoutingStudy
from wattbench_reports.wording.decision.costs import CostWords
from wattbench_reports.wording.routing.measures import study_measures

LABELLED = 10
"""The number of systems with a label in the picture; others are dots."""
DRAWN_CASCADES = 3
_NAME_WIDTH, _SHORT_WIDTH = 22, 13
"""Letters of a system's name in a label: alone, and in a cascade's."""
_DESCRIBED = 6

_LABELS = {
    "domain": "by domain", "nearest": "k-NN", "classifier": "classifier", "item": "perfect router",
    "pair": "perfect, best pair", "triple": "perfect, best three",
}  # fmt: skip
_COSTS = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "grams CO2e", CostUnit.SECONDS: "seconds"}
_SETTINGS = ("value", "accurate")
"""Which point of a router's curve is drawn, where the verdict is not about one."""


def cost_name(study: RoutingStudy) -> str:
    """Name what is drawn as a cost: ``joules per request``, ``USD per 1,000 requests``."""
    costs = study_measures(study).costs
    if study.unit is None:
        return f"share of requests to {study.best_single}"
    what = _COSTS.get(study.unit, study.label)
    return f"{what} per {costs.many} requests" if costs.many else f"{what} per request"


def tradeoff_picture(study: RoutingStudy, places: Mapping[str, int] | None = None) -> Drawing:
    """Draw accuracy against cost: systems, their random mix, routers and perfect routers.

    Args:
        study: of a run.
        places: each system's index among all of the run, which selects its colour; None: among the candidates.
    """
    costs = study_measures(study).costs
    marks = list(_marks(study, _places(study, places)))
    at = {each.name: (each.cost.estimate, each.accuracy.estimate) for each in study.singles}
    label = cost_name(study)
    return routing_tradeoff(
        marks,
        [at[name] for name in study.hull],
        [RoutingCurveLine(each.costs, tuple(one.estimate for one in each.accuracies)) for each in study.curves],
        cost_label=label,
        tick=lambda value: _tick(study, value * costs.factor),
        title=f"Accuracy against {label}: systems, routers and perfect routers",
        description=_described(study, marks, costs),
    )


def cascades_picture(study: RoutingStudy, places: Mapping[str, int] | None = None) -> Drawing | None:
    """Draw the first cascades' accuracy and cost against the quality of the check; None where there are none.

    Args:
        study: of a run.
        places: as in `tradeoff_picture`.
    """
    if not study.cascades:
        return None
    costs, drawn = study_measures(study).costs, study.cascades[:DRAWN_CASCADES]
    series = _places(study, places)
    names = dict(zip(study.systems, clipped_apart(study.systems, _SHORT_WIDTH), strict=True))
    best = next(each for each in study.singles if each.name == study.best_single)
    return routing_cascades(
        [
            CascadeLine(_cascade(each, names), series[each.first], each.qualities, each.accuracies, each.costs)
            for each in drawn
        ],
        CascadeBaseline(f"{names[study.best_single]} alone", best.accuracy.estimate, best.cost.estimate),
        drawn[0].equals,
        cost_label=cost_name(study),
        tick=lambda value: _tick(study, value * costs.factor),
        title="Accuracy and cost of cascades against the quality of the check",
        description="; ".join(_cascade_described(each, study, costs) for each in drawn) + ".",
    )


def drawn_choices(study: RoutingStudy) -> Iterator[RoutingChoice]:
    """List the routers that are drawn: the verdict's first, then one point of each other kind and each of a file."""
    first = study.verdict.choice
    seen: set[tuple[str, str]] = set()
    for each in (*([first] if first is not None else []), *sorted(study.choices, key=_by_setting)):
        if (each.kind, each.name) not in seen:
            seen.add((each.kind, each.name))
            yield each


def _by_setting(choice: RoutingChoice) -> int:
    return _SETTINGS.index(choice.setting) if choice.setting in _SETTINGS else len(_SETTINGS)


def _marks(study: RoutingStudy, series: Mapping[str, int]) -> Iterator[RoutingMark]:
    """List the marks, the most important first, which get labels before room runs out."""
    chosen, ceiling = study.verdict.choice, study.ceiling
    labels = dict(zip(study.systems, clipped_apart(study.systems, _NAME_WIDTH), strict=True))
    ranked = _ranked(study)
    routers = list(drawn_choices(study))
    for choice in routers[:1]:
        yield _mark("router", _label(choice), choice, chosen=choice is chosen)
    yield _mark("ceiling", _LABELS["item"], ceiling.cross_fitted or ceiling.best)
    for number, single in enumerate(ranked):
        label = labels[single.name] if number < LABELLED else ""
        yield _mark("system", label, single, series=series[single.name], chosen=single.name == study.best_single)
        if number + 1 == min(LABELLED, len(ranked)):
            yield from (_mark("router", _label(choice), choice) for choice in routers[1:])
            if ceiling.pair is not None:
                yield _mark("ceiling", _LABELS["pair"], ceiling.pair)


def _ranked(study: RoutingStudy) -> list[RoutingChoice]:
    """Order single systems: the best, those that a mix takes, then by accuracy."""

    def rank(each: RoutingChoice) -> tuple[bool, bool, float]:
        return each.name != study.best_single, each.name not in study.hull, -each.accuracy.estimate

    return sorted(study.singles, key=rank)


def _mark(kind: str, label: str, choice: RoutingChoice, *, series: int = 0, chosen: bool = False) -> RoutingMark:
    hollow = choice.qualifies is Qualifies.NO
    return RoutingMark(kind, label, choice.cost, choice.accuracy, series, hollow, chosen)  # type: ignore[arg-type]


def _label(choice: RoutingChoice) -> str:
    return clipped_apart([choice.name], _NAME_WIDTH)[0] if choice.kind == "file" else _LABELS[choice.kind]


def _places(study: RoutingStudy, places: Mapping[str, int] | None) -> Mapping[str, int]:
    return {name: number for number, name in enumerate(study.systems)} if places is None else places


def _tick(study: RoutingStudy, value: float) -> str:
    if study.unit is None:
        return f"{round(100 * value, 1):g}%"
    if study.unit is not CostUnit.MONEY:
        return tick(value, study.label)
    return units.trimmed(units.digits(value))


def _described(study: RoutingStudy, marks: Sequence[RoutingMark], costs: CostWords) -> str:
    named = [each for each in marks if each.label]
    said = [
        f"{each.label}: {units.percent_interval(each.accuracy)}{_at(study, each.cost.estimate, costs)}"
        for each in named[:_DESCRIBED]
    ]
    more = len(marks) - len(said)
    others = f"; and {more} more" if more else ""
    return f"With 95% confidence intervals; better is up and left. {'; '.join(said)}{others}."


def _at(study: RoutingStudy, cost: float, costs: CostWords) -> str:
    return f" with {units.percent(cost)} of requests to {study.best_single}" if study.unit is None else (
        f" at {costs.amount(cost)}"
    )  # fmt: skip


def _cascade(cascade: Cascade, names: Mapping[str, str]) -> str:
    return f"{names[cascade.first]}, then {names[cascade.then]}"


def _cascade_described(cascade: Cascade, study: RoutingStudy, costs: CostWords) -> str:
    ends = zip(cascade.qualities, cascade.accuracies, cascade.costs, strict=True)
    points: Iterable[str] = (
        f"{units.percent(accuracy.estimate)}{_at(study, cost.estimate, costs)} from a check of quality "
        f"{units.percent(quality)}"
        for quality, accuracy, cost in [*ends][:: max(1, len(cascade.qualities) - 1)]
    )
    return f"{cascade.first}, then {cascade.then}: {' and '.join(points)}"
