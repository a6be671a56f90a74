"""A hybrid's accuracy against its joules at every threshold."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures import Dot, Drawing, FrontierLine, frontier
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Table, numbers
from wattbench_reports.routing.hybrids.frontier import Frontier, Quality, ThresholdCurve, hull_of
from wattbench_reports.sections.hybrids.words import joules

_DRAWN, _LISTED = 150, 9


def frontier_passage(hybrid: Frontier, quality: Quality | None, places: dict[str, int], number: int) -> Passage | None:
    """Make the passage on a hybrid's threshold curve, or on why it has none; None where the router has no threshold.

    Args:
        hybrid: of one hybrid.
        quality: of the run.
        places: each system's index among all, which selects its colour.
        number: of the hybrid, for the name of its plot.
    """
    heading = f"{hybrid.system}: accuracy against joules"
    curve = hybrid.curve
    if curve is None:
        sentence = f"Its threshold cannot be varied after the run: {hybrid.why_not}."
        return Passage(heading, (sentence,)) if hybrid.why_not else None
    sentences = (_what(curve), *_quality(hybrid, quality))
    return Passage(
        heading,
        sentences,
        (_settings_table(hybrid, curve), _spots_table(hybrid)),
        Figure(
            drawing=_draw(hybrid, curve, places, number),
            label=f"Figure: accuracy against joules per request of {hybrid.system} at every threshold",
            caption="Every threshold, replayed. Better is up and to the left.",
        ),
    )


def _what(curve: ThresholdCurve) -> str:
    below = (
        f"below it {curve.instead} answers as well"
        if curve.setting == "min_confidence"
        else f"below it {curve.instead} answers"
    )
    ran = "" if curve.at is None else f" It ran with {units.digits(curve.at)}.".replace("-", "−")
    known = (
        " Only higher thresholds are available: below it the fallback answered, and the router's choice was not "
        "recorded."
        if curve.upwards
        else ""
    )
    return (
        f"Its threshold {curve.setting}, varied over the recorded scores of {units.plural(curve.items, 'item')}: "
        f"{below}.{ran}{known}"
    )


def _quality(hybrid: Frontier, quality: Quality | None) -> Iterable[str]:
    if quality is None or hybrid.system not in quality.routers:
        return
    aiq, mix = quality.routers[hybrid.system], quality.mixes[hybrid.system]
    beats = "more than" if aiq > mix else "no more than"
    yield (
        f"AIQ (average improvement in quality, RouterBench): {units.percent(aiq)}, {beats} the {units.percent(mix)} "
        f"of a random mix of its members. It is the mean accuracy over budgets from {joules(quality.low_j)} to "
        f"{joules(quality.high_j)} per request, on the non-decreasing convex hull of its thresholds; the range is "
        "the same for all routers of this run."
    )


def _settings_table(hybrid: Frontier, curve: ThresholdCurve) -> Table:
    return Table(
        caption=f"{hybrid.system} at other thresholds",
        columns=(
            Column(f"Threshold ({curve.setting})"),
            *numbers("Kept", "Accuracy", "Joules per request", "Joules per correct answer"),
        ),
        rows=tuple(_setting(curve, int(index)) for index in curve.chosen(_LISTED)),
        note=(
            "Kept: share of answers with a score at or above the threshold; for the others "
            f"{'also ' if curve.setting == 'min_confidence' else ''}{curve.instead} is asked. The router's joules "
            "are included, the idle draw of the other resident members is not. A threshold chosen here is chosen on "
            "the items that it is scored on."
        ),
    )


def _setting(curve: ThresholdCurve, index: int) -> tuple[Cell, ...]:
    threshold, accuracy = float(curve.threshold[index]), float(curve.accuracy[index])
    energy_j = float(curve.energy_j[index])
    return (
        Cell("above every score" if math.isinf(threshold) else units.digits(threshold).replace("-", "−")),
        Cell(units.percent(float(curve.kept[index]))),
        Cell(units.percent(accuracy)),
        Cell(joules(energy_j)),
        Cell(joules(energy_j / accuracy if accuracy > 1e-12 else math.inf)),
    )


def _spots_table(hybrid: Frontier) -> Table:
    live = () if hybrid.live is None else ((hybrid.live, "hybrid, live"),)
    rows = (
        *((spot, "member alone") for spot in hybrid.members),
        *live,
        *((spot, "router from the file") for spot in hybrid.choices),
    )
    return Table(
        caption=f"Points plotted with {hybrid.system}",
        columns=(
            Column("Name"), Column("Kind"), Column("Joules per request", numeric=True), Column("Accuracy", numeric=True)
        ),
        rows=tuple(
            (Cell(spot.name), Cell(what), Cell(joules(spot.energy_j)), Cell(units.percent(spot.accuracy)))
            for spot, what in rows
        ),
        note="Over the same items as the curve.",
    )  # fmt: skip


def _draw(hybrid: Frontier, curve: ThresholdCurve, places: dict[str, int], number: int) -> Drawing:
    shown = curve.chosen(_DRAWN)
    members = hull_of(
        np.array([spot.energy_j for spot in hybrid.members]), np.array([spot.accuracy for spot in hybrid.members])
    )
    dots = [Dot(spot.name, places[spot.name], spot.energy_j, spot.accuracy) for spot in hybrid.members]
    index = places[hybrid.system]
    dearest = max(float(curve.energy_j.max()), *(spot.energy_j for spot in hybrid.members))
    if hybrid.live is not None:
        dots.append(Dot(f"{hybrid.system}, live", index, hybrid.live.energy_j, hybrid.live.accuracy, hollow=True))
    dots += [
        Dot(f"{spot.name} (file)", len(places) + count, spot.energy_j, spot.accuracy, hollow=True)
        for count, spot in enumerate(hybrid.choices)
    ]
    return frontier(
        FrontierLine(f"{hybrid.system}, all thresholds", curve.energy_j[shown], curve.accuracy[shown]),
        FrontierLine("convex hull", *_level(hybrid.hull, dearest)),
        FrontierLine(f"random mix of members{'' if hybrid.all_members else ' in this run'}", *_level(members, dearest)),
        dots,
        series=index,
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
    """Extend a hull to the right edge of the plot: a larger budget need not be spent."""
    cost, height = hull
    return np.append(cost, max(dearest, float(cost[-1]))), np.append(height, height[-1])
