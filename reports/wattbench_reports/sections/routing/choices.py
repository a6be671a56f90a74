"""What routers and cascades would give: pictures, tables of the best, and every choice in all units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Table
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy
from wattbench_reports.sections.routing.tables import page_table
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing import (
    StudyMeasures,
    cascades_table,
    choices_table,
    routing_sentences,
    row_name,
    shares_text,
    study_measures,
)
from wattbench_reports.wording.routing.choices import qualifies_text
from wattbench_reports.wording.routing.measures import minus, points
from wattbench_reports.wording.routing.pictures import DRAWN_CASCADES, cascades_picture, cost_name, tradeoff_picture


def choices_passage(study: RoutingStudy, places: Mapping[str, int]) -> Passage:
    """Make the passage on the choices of systems.

    Args:
        study: of a run.
        places: each system's index among all of the run, which selects its mark.
    """
    series = {row_name(each): places[each.name] for each in study.singles}
    said = routing_sentences(study)
    return Passage(
        "What a router would gain",
        said["ceiling"] + said["recommended"],
        (page_table(choices_table(study_measures(study)), "What routers would give", series),),
        Figure(
            tradeoff_picture(study, places),
            f"Figure: accuracy against {cost_name(study)} of systems, routers and perfect routers",
            _caption(study),
        ),
        folded=(_all_units(study, series),),
    )


def _caption(study: RoutingStudy) -> str:
    parts = (
        ["Up and left is better. Dashed: a random mix of systems."]
        if len(study.hull) > 1
        else ["Up and left is better."]
    )
    of_file = any(each.kind == "file" for each in study.choices)
    if any(each.kind != "file" for each in study.choices):
        files = ", and those of the file" if of_file else ""
        parts.append(f"Rings: routers that can be built, on items that they were not fitted to{files}.")
    elif of_file:
        parts.append("Rings: the routers of the file.")
    if study.curves:
        parts.append("Lines: the same routers at other settings.")
    parts.append(
        "Triangle: a perfect router, which nothing that can be built is above."
        if study.ceiling.pair is None
        else "Triangles: perfect routers of all systems, which nothing that can be built is above, and of the best two."
    )
    return " ".join(parts)


def _all_units(study: RoutingStudy, series: Mapping[str, int]) -> Table:
    """Make the table of every system, router and perfect router, with its differences from the best single system."""
    measures = study_measures(study)
    rows = list(_every(study))
    amounts = [each for each in _amounts(measures) if any(each.name in choice.amounts for _, choice in rows)]
    required = bool(study.settings.requirements)
    return Table(
        caption="Every choice in all units",
        columns=(
            Column("Answered by"),
            Column("Requests to"),
            Column("Correct", numeric=True),
            Column(f"Correct, against {study.best_single}", numeric=True),
            *(
                Column(heading, numeric=True)
                for each in amounts
                for heading in (each.heading, f"{each.heading}, against {study.best_single}")
            ),
            Column("p95", numeric=True),
            *((Column("Qualifies"),) if required else ()),
        ),
        rows=tuple(
            (
                Cell(name, series=series.get(name)),
                Cell(shares_text(choice)),
                Cell(units.percent_interval(choice.accuracy)),
                Cell(units.NONE if _is_best(choice, study) else points(choice.accuracy_gain)),
                *(Cell(text) for each in amounts for text in _cells(choice, each, study)),
                Cell(units.quantity(choice.p95_s, "s")),
                *((Cell(qualifies_text(choice, study.label)),) if required else ()),
            )
            for name, choice in rows
        ),
        note=(
            f"Per request, where no other number is said; brackets are 95% intervals. Against {study.best_single}: the "
            "difference over the same items. Every system that is asked is counted."
        ),
    )


def _every(study: RoutingStudy) -> Iterator[tuple[str, RoutingChoice]]:
    yield from ((row_name(each), each) for each in (*study.singles, *study.choices))
    ceiling, control = study.ceiling, study.control
    perfect = {
        "item": ceiling.best, "cross_fitted": ceiling.cross_fitted, "triple": ceiling.triple, "pair": ceiling.pair,
        "shuffled": control,
    }  # fmt: skip
    yield from ((row_name(each, kind), each) for kind, each in perfect.items() if each is not None)


@dataclass(frozen=True)
class _Amount:
    """An amount in a unit such as joules, as a column."""

    name: str
    """In `RoutingChoice.amounts`."""
    heading: str
    text: Callable[[Interval], str]


def _amounts(measures: StudyMeasures) -> Iterator[_Amount]:
    for name, heading, unit in ((JOULES, "Joules", "J"), (SECONDS, "Seconds", "s"), (GRAMS, "CO2e", "g")):
        yield _Amount(name, heading, partial(_quantity, unit=unit))
    if measures.study.unit is CostUnit.MONEY:
        yield _Amount(MONEY, units.capital(measures.heading()), measures.cost_cell)


def _quantity(interval: Interval, unit: str) -> str:
    return minus(units.quantity_interval(interval, unit))


def _cells(choice: RoutingChoice, each: _Amount, study: RoutingStudy) -> tuple[str, str]:
    amount = choice.amounts.get(each.name)
    difference = None if _is_best(choice, study) else choice.amount_gains.get(each.name)
    return _text(amount, each), _text(difference, each)


def _text(interval: Interval | None, each: _Amount) -> str:
    return units.NONE if interval is None else each.text(interval)


def _is_best(choice: RoutingChoice, study: RoutingStudy) -> bool:
    return choice.kind == "single" and choice.name == study.best_single


def cascades_passage(study: RoutingStudy, places: Mapping[str, int]) -> Passage | None:
    """Make the passage on cascades; None without a cascade that may pay.

    Args:
        study: of a run.
        places: each system's index among all of the run, which selects its colour.
    """
    picture, table = cascades_picture(study, places), cascades_table(study_measures(study))
    if table is None or picture is None:
        return None
    left = len(study.cascades) - DRAWN_CASCADES
    shaded = "Shaded around the heavy line: 95% intervals"
    more = f" {left} more in the table." if left > 0 else ""
    return Passage(
        "A cheaper system first, then a better one",
        routing_sentences(study)["cascades"],
        (page_table(table, "Cascades that may pay"),),
        Figure(
            picture,
            "Figure: accuracy and cost of cascades against the quality of the check",
            f"A check accepts correct answers and rejects wrong ones, both as often as the axis says. {shaded}.{more}",
        ),
    )
