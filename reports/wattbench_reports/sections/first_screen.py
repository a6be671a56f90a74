"""The first screen: advice, a picture, a row per system, the most serious caveat, and the domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wattbench.terminal import clipped_apart
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.model import Decision, Qualifies, SystemDecision
from wattbench_reports.figures import decision as figure
from wattbench_reports.figures.axes import tick
from wattbench_reports.figures.decision import PicturePoint, Region
from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.presenter.model import Figure, Table
from wattbench_reports.sections.domain_matrix import domain_matrix
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import label
from wattbench_reports.wording.decision import DecisionWords
from wattbench_reports.wording.decision.advice import on_hull
from wattbench_reports.wording.decision.costs import request_words

TOP = 10
"""How many systems are shown; the others are folded, and are dots in the picture."""

_NAME_WIDTH = 22
"""The width of a label in the picture, in letters."""

COST_LABELS = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "grams CO2e", CostUnit.SECONDS: "seconds"}
"""Names of costs in the picture; money has its currency."""

PHRASES = {
    "latency": "latency {tail}",
    "per_request": "{what} per request",
    "per_many": "{what} per {many} requests",
    "title": "Accuracy against {label}",
    "described": "Each system with 95% confidence intervals; better is up and left. {systems}{more}.",
    "each": "{name}: {accuracy} at {cost}",
    "more": "; and {count} more, in the table",
    "better": "Up and left is better.",
    "region": "Shaded: as required.",
    "line": "Line: least cost.",
    "hollow": "Hollow: does not qualify.",
    "some": "{top} of {count} systems",
    "first": "{named}, those that qualify first",
}
"""Texts around the picture and the table, with fields in braces: the page's script fills the same."""


@dataclass(frozen=True)
class FirstScreen:
    """What the page shows first, except for a gate."""

    advice: str
    picture: Figure | None
    """None where no system has an accuracy and a cost."""
    table: Table
    """The first `TOP` systems, in the order of the decision."""
    rest: Table | None
    """All other systems; None without any."""
    caveat: str
    """Empty: none."""
    domains: Table | None
    """None with fewer than two domains."""
    evidence: tuple[str, ...]
    routing: str = ""
    """Whether a router is worth building, in one sentence; empty with fewer than two systems to route between."""
    dropped: str = ""
    """How many systems were dropped during the run, in one sentence; empty: none."""


def first_screen(
    words: DecisionWords, measured: Measured, weighed: Weighed, routing: str = "", dropped: str = ""
) -> FirstScreen:
    """Make the first screen.

    Args:
        words: a decision in words.
        measured, weighed: what it was made from.
        routing: the verdict on a router; empty: none.
        dropped: how many systems were dropped; empty: none.
    """
    names = [each.system for each in words.decision.systems]
    return FirstScreen(
        advice=words.advice,
        picture=_picture(words.decision, measured),
        table=_table(words, measured, 0, TOP, _caption(words.decision)),
        rest=_table(words, measured, TOP, len(names), f"The other {len(names) - TOP}") if names[TOP:] else None,
        caveat="" if words.caveat is None else words.caveat.text,
        domains=domain_matrix(words.decision, measured, weighed, names[:TOP]),
        evidence=words.evidence,
        routing=routing,
        dropped=dropped,
    )


def _caption(decision: Decision) -> str:
    count = len(decision.systems)
    named = PHRASES["some"].format(top=TOP, count=count) if count > TOP else units.plural(count, "system")
    return PHRASES["first"].format(named=named) if decision.settings.requirements and count > 1 else named


def _table(words: DecisionWords, measured: Measured, start: int, end: int, caption: str) -> Table:
    places = {name: index for index, name in enumerate(measured.frames.systems)}
    best = words.decision.chosen
    return Table(
        caption=caption,
        columns=tuple(replace(each, label=units.capital(each.label)) for each in words.table.columns),
        rows=tuple(
            (replace(name, style="chosen" if name.text == best else "", series=places[name.text]), *cells)
            for name, *cells in words.table.rows[start:end]
        ),
    )


def _picture(decision: Decision, measured: Measured) -> Figure | None:
    shown = [each for each in decision.systems if _cost(decision, each) is not None and each.accuracy is not None]
    if len(shown) < 2:
        return None
    points = _points(decision, shown, measured)
    words = request_words(decision)
    cost_label, described = _cost_label(decision, words.many), []
    for each in shown[: units.NAMED]:
        accuracy = each.accuracy
        assert accuracy is not None
        cost = words.bounds(each.cost_per_request) if decision.unit else units.quantity(each.tail_latency_s, "s")
        accuracy_text = units.percent_interval(accuracy)
        described.append(PHRASES["each"].format(name=each.system, accuracy=accuracy_text, cost=cost))
    more = len(shown) - len(described)
    others = PHRASES["more"].format(count=more) if more else ""
    svg = figure.picture(
        points,
        on_hull(decision.hull),
        _region(decision),
        cost_label=cost_label,
        tick=lambda value: _tick(decision, value * words.factor),
        title=PHRASES["title"].format(label=cost_label),
        description=PHRASES["described"].format(systems="; ".join(described), more=others),
    )
    return Figure(svg, f"Figure: accuracy against {cost_label}", _legend(decision))


def _cost(decision: Decision, system: SystemDecision) -> Interval | None:
    """Return the cost on the horizontal axis, or the latency where no cost is known."""
    if decision.unit is not None:
        return system.cost_per_request
    seconds = system.tail_latency_s
    return None if seconds is None else Interval(seconds, seconds, seconds)


def _points(decision: Decision, shown: Sequence[SystemDecision], measured: Measured) -> list[PicturePoint]:
    places = {name: index for index, name in enumerate(measured.frames.systems)}
    labelled, labels = {each.system for each in decision.systems[:TOP]}, picture_labels(tuple(places))
    points = []
    for each in shown:
        cost, accuracy = _cost(decision, each), each.accuracy
        assert cost is not None and accuracy is not None
        points.append(
            PicturePoint(
                each.system,
                places[each.system],
                labels[each.system] if each.system in labelled else "",
                cost,
                accuracy,
                hollow=bool(each.apart or each.useless) or each.qualifies is Qualifies.NO,
                chosen=each.system == decision.chosen,
                scaling=not (each.apart or each.useless),
            )
        )
    return points


def picture_labels(systems: Sequence[str]) -> dict[str, str]:
    """Return each system's label: its name, cut so that no two of the run look the same."""
    return dict(zip(systems, clipped_apart(systems, _NAME_WIDTH), strict=True))


def _region(decision: Decision) -> Region:
    """Return the required accuracy over all items, and the limit of the drawn cost."""
    units_of = {CostUnit.JOULES: "joules", CostUnit.GRAMS: "grams", CostUnit.MONEY: "cost", None: "p95"}
    quantity = units_of.get(decision.unit, "")  # no requirement is on seconds per request
    bounds = [each for each in decision.settings.requirements if each.domain is None]
    required: dict[str, float] = {each.quantity: each.bound for each in bounds}
    return Region(required.get("accuracy"), required.get(quantity))


def _cost_label(decision: Decision, many: str) -> str:
    if decision.unit is None:
        return PHRASES["latency"].format(tail=label(decision.tail_share or 0.5))
    what = COST_LABELS.get(decision.unit, decision.label)
    return PHRASES["per_many" if many else "per_request"].format(what=what, many=many)


def _tick(decision: Decision, value: float) -> str:
    if decision.unit is not CostUnit.MONEY:
        return tick(value, decision.label or "s")
    return units.trimmed(units.digits(value))


def _legend(decision: Decision) -> str:
    region = _region(decision)
    parts = [PHRASES["better"]]
    if region != Region():
        parts.append(PHRASES["region"])
    if len(decision.hull):
        parts.append(PHRASES["line"])
    if any(each.apart or each.useless or each.qualifies is Qualifies.NO for each in decision.systems):
        parts.append(PHRASES["hollow"])
    return " ".join(parts)
