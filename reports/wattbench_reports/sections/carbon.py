"""The footprint of each system: Software Carbon Intensity term by term, water, abiotic depletion, primary energy."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.metrics.carbon import Carbon
from wattbench_reports.metrics.carbon.sci import Sci
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, numbers, restate_key
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording import impacts as impact_words

_TITLE = "Carbon footprint, term by term"
_LEAD = (
    "Joules are recorded; grams are computed from them when the run is read, and can be recomputed for another grid. "
    "The score follows ISO/IEC 21031:2024 (Software Carbon Intensity): ((E × I) + M) per R, where R is a correct "
    "answer."
)

_LEAD_WITHOUT_GRAMS = (
    "Joules are recorded; what they cost other than CO2 is computed from them when the run is read. No grid intensity "
    "is named, so no grams are stated."
)


def carbon_section(measured: Measured, emitted: Emitted, comparison: Comparison) -> Section | None:
    """Make the section on carbon and other impacts.

    None where no system has joules, or neither an intensity nor another source is named.
    """
    passages = [
        each
        for each in (_grams(measured, emitted, comparison), _impacts(measured, emitted, comparison))
        if each is not None
    ]
    if not passages:
        return None
    title, lead, line = _TITLE, _LEAD, "grams of each system by the terms of ISO/IEC 21031"
    if emitted.carbon is None:
        title, lead = "Footprint other than CO2", _LEAD_WITHOUT_GRAMS
        line = "water, abiotic depletion and primary energy of each system"
    return Section("carbon", "Carbon", title, lead, tuple(passages), line=line)


def _grams(measured: Measured, emitted: Emitted, comparison: Comparison) -> Passage | None:
    carbon, terms = emitted.carbon, emitted.sci
    if carbon is None or not terms:
        return None
    made = carbon.embodied
    sentences = (
        f"Energy: {carbon.describe_energy()}.",
        f"Manufacture: {made.describe()}."
        if made is not None
        else (
            "Manufacture: not included, because none is declared. Only the operational part is shown, which is less "
            "than the standard's score; declare manufacture with carbon.embodied in the suite or with --embodied."
        ),
    )
    figures = {each.system: each for each in comparison.systems}
    table = Table(
        caption="Software Carbon Intensity, over all items with joules",
        columns=(
            Column("System"),
            *numbers(
                "E: energy, with PUE",
                "I: g CO2e per kWh",
                "E × I",
                "M: manufacture",
                "R: correct answers",
                "CO2e per correct answer",
            ),
        ),
        rows=tuple(_row(measured, each, figures[each.system], carbon) for each in terms.values()),
        note=(
            "E: joules at the machine, times PUE. I: mean intensity over E. M: hours of use of the machine times "
            "grams per hour; concurrent requests share the hours, and loading, idling and training are not included. "
            "Brackets: 95% confidence intervals for other items of the same tasks, without the errors of the meter and "
            "of the intensities."
        ),
    )
    return Passage("", sentences, (table,))


def _row(measured: Measured, sci: Sci, figures: SystemFigures, carbon: Carbon) -> tuple[Cell, ...]:
    intensity, index = sci.intensity_g_per_kwh, measured.frames.systems.index(sci.system)
    return (
        Cell(sci.system, series=index, detail=figures.kind),
        Cell(units.quantity(1000 * sci.energy_kwh, "Wh")),
        Cell(units.NONE if intensity is None else units.digits(intensity)),
        Cell(units.quantity(sci.operational_g, "g")),
        Cell("not included" if carbon.embodied is None else units.quantity(sci.embodied_g, "g")),
        Cell(units.count(sci.correct)),
        Cell(_score(sci, figures), restates=restate_key(index, "sci")),
    )


def _score(sci: Sci, figures: SystemFigures) -> str:
    if figures.sci_g_per_correct is not None:
        return wording.sci(figures)
    return "hours missing" if sci.operational_g is None else "none correct"


def _impacts(measured: Measured, emitted: Emitted, comparison: Comparison) -> Passage | None:
    """Make the passage on water and other impacts; None where no source is named or no system has joules."""
    sentences = tuple(impact_words.lines(comparison))
    if not sentences:
        return None
    table = Table(
        caption=impact_words.title(comparison),
        columns=(
            Column("System"),
            Column("Quantity"),
            *(Column(part.capitalize(), numeric=True) for part in impact_words.PARTS.values()),
            *numbers("Together", "Per correct answer"),
        ),
        rows=tuple(_impact_rows(measured, emitted)),
        note="Of the requests that have joules. The controls of this page do not change these figures.",
    )
    return Passage("Water, abiotic depletion and primary energy", sentences, (table,))


def _impact_rows(measured: Measured, emitted: Emitted) -> Iterator[tuple[Cell, ...]]:
    for name, stated in emitted.impacts_of.items():
        index = measured.frames.systems.index(name)
        for impact in stated:
            yield (Cell(name, series=index), *_impact_figures(impact))


def _impact_figures(impact: SystemImpact) -> Iterator[Cell]:
    yield Cell(impact_words.HEADS[impact.quantity])
    for part in impact_words.PARTS:
        yield Cell(impact_words.of_part(impact, part))
    yield Cell(impact_words.of_requests(impact))
    yield Cell(impact_words.of_correct(impact) if impact.per_correct is not None else units.NONE)
