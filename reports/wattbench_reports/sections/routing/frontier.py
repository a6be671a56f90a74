"""A hybrid's accuracy against its joules at every setting of its threshold, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.routing import Curve, Frontier, Quality, non_decreasing_hull
from wattbench_reports.figures import Dot, Line, frontier
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Drawing, Passage
from wattbench_reports.sections.routing.words import joules
from wattbench_reports.sections.table import Cell, Column, Table

_DRAWN, _LISTED = 150, 9


def frontier_passage(found: Frontier, quality: Quality | None, places: dict[str, int], number: int) -> Passage | None:
    """The curve; the reason where there is none; None where the router has no threshold.

    Args:
        found: of one hybrid.
        quality: of the run.
        places: of every system among all, which chooses colours.
        number: of the hybrid, which names its figure.
    """
    heading = f"{found.system}: accuracy against joules"
    curve = found.curve
    if curve is None:
        sentence = f"Its threshold cannot be moved after the fact: {found.why_not}."
        return Passage(heading, (sentence,)) if found.why_not else None
    sentences = (_what(curve), *_quality(found, quality))
    return Passage(
        heading,
        sentences,
        (_settings_table(found, curve), _spots_table(found)),
        Drawing(
            svg=_draw(found, curve, places, number),
            label=f"Accuracy against joules per request of {found.system} as its threshold moves",
            caption="Every setting of the threshold, replayed; better is up and to the left.",
        ),
    )


def _what(curve: Curve) -> str:
    below = (
        f"below it {curve.instead} answers as well"
        if curve.setting == "min_confidence"
        else f"below it {curve.instead} answers"
    )
    ran = "" if curve.at is None else f" It ran with {units.digits(curve.at)}.".replace("-", "−")
    known = (
        " Only higher settings can be told: below it the fallback answered, and whom the router would have chosen is "
        "not on record."
        if curve.upwards
        else ""
    )
    return (
        f"Its threshold {curve.setting}, moved over the scores on record of {units.plural(curve.items, 'item')}: "
        f"{below}.{ran}{known}"
    )


def _quality(found: Frontier, quality: Quality | None) -> Iterable[str]:
    if quality is None or found.system not in quality.routers:
        return
    own, mix = quality.routers[found.system], quality.mixes[found.system]
    beats = "more than" if own > mix else "no more than"
    yield (
        f"AIQ (average improvement in quality, RouterBench): {units.percent(own)}, {beats} the {units.percent(mix)} of "
        f"mixing its members by chance. It is the mean accuracy that budgets from {joules(quality.low_j)} to "
        f"{joules(quality.high_j)} per request can buy, by the non-decreasing convex hull of its settings; the "
        "range is the same for all routers of this run."
    )


def _settings_table(found: Frontier, curve: Curve) -> Table:
    return Table(
        caption=f"{found.system} at other thresholds",
        columns=(
            Column(f"Threshold ({curve.setting})"),
            Column("Kept", numeric=True),
            Column("Accuracy", numeric=True),
            Column("Joules per request", numeric=True),
            Column("Joules per correct answer", numeric=True),
        ),
        rows=tuple(_setting(curve, int(place)) for place in curve.chosen(_LISTED)),
        note=(
            f"Kept: the share of answers whose score is at or above the threshold; for the rest "
            f"{'also ' if curve.setting == 'min_confidence' else ''}{curve.instead} is asked. The router's own joules "
            "are in it, the idle draw of the other resident members is not. A threshold chosen here is chosen by the "
            "items that judge it."
        ),
    )


def _setting(curve: Curve, place: int) -> tuple[Cell, ...]:
    threshold, accuracy = float(curve.threshold[place]), float(curve.accuracy[place])
    energy_j = float(curve.energy_j[place])
    return (
        Cell("above every score" if math.isinf(threshold) else units.digits(threshold).replace("-", "−")),
        Cell(units.percent(float(curve.kept[place]))),
        Cell(units.percent(accuracy)),
        Cell(joules(energy_j)),
        Cell(joules(energy_j / accuracy if accuracy > 1e-12 else math.inf)),
    )


def _spots_table(found: Frontier) -> Table:
    live = () if found.live is None else ((found.live, "the hybrid, as it ran"),)
    rows = (
        *((spot, "member alone") for spot in found.members),
        *live,
        *((spot, "router of the file") for spot in found.choices),
    )
    return Table(
        caption=f"What {found.system} is drawn beside",
        columns=(
            Column("Name"), Column("What"), Column("Joules per request", numeric=True), Column("Accuracy", numeric=True)
        ),
        rows=tuple(
            (Cell(spot.name), Cell(what), Cell(joules(spot.energy_j)), Cell(units.percent(spot.accuracy)))
            for spot, what in rows
        ),
        note="Over the same items as the curve.",
    )  # fmt: skip


def _draw(found: Frontier, curve: Curve, places: dict[str, int], number: int) -> str:
    shown = curve.chosen(_DRAWN)
    members = non_decreasing_hull(
        np.array([spot.energy_j for spot in found.members]), np.array([spot.accuracy for spot in found.members])
    )
    dots = [Dot(spot.name, places[spot.name], spot.energy_j, spot.accuracy) for spot in found.members]
    place = places[found.system]
    dearest = max(float(curve.energy_j.max()), *(spot.energy_j for spot in found.members))
    if found.live is not None:
        dots.append(Dot(f"{found.system}, as it ran", place, found.live.energy_j, found.live.accuracy, hollow=True))
    dots += [
        Dot(f"{spot.name} (file)", len(places) + count, spot.energy_j, spot.accuracy, hollow=True)
        for count, spot in enumerate(found.choices)
    ]
    return frontier(
        Line(f"{found.system}, every threshold", curve.energy_j[shown], curve.accuracy[shown]),
        Line("its hull", *_level(found.hull, dearest)),
        Line("members mixed by chance", *_level(members, dearest)),
        dots,
        place=place,
        description=(
            f"From {units.percent(float(curve.accuracy[0]))} at {joules(float(curve.energy_j[0]))} per request at the "
            f"lowest threshold to {units.percent(float(curve.accuracy[-1]))} at {joules(float(curve.energy_j[-1]))} at "
            "the highest."
        ),
        name=f"frontier-figure-{number}",
    )


def _level(
    hull: tuple[NDArray[np.float64], NDArray[np.float64]], dearest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A hull drawn on to where the drawing ends: whoever may spend more need not."""
    cost, height = hull
    return np.append(cost, max(dearest, float(cost[-1]))), np.append(height, height[-1])
