"""Grams of CO2 of the same energy in several countries, by codecarbon's own call and by wattbench.

wattbench reads the table of yearly mixes that comes with codecarbon, without codecarbon's code: what is compared is the
look-up, the factor and the units.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.ground_truth.known_run import ITEMS, KnownSystem, known_run
from benchmarks.ground_truth.line import Line, Sources
from wattbench_reports.comparison.analysis import compare
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import JOULES_PER_KWH, CarbonChoice

ENERGY_KWH = 2.5
COUNTRIES = {"DEU": "Germany", "FRA": "France", "POL": "Poland", "USA": "United States", "IND": "India"}


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the grams of `ENERGY_KWH` in each country."""
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import GeoMetadata
    from codecarbon.input import DataSource

    theirs = Emissions(DataSource())
    run = known_run(sources.folder / "run", KnownSystem("service", energy_j=ENERGY_KWH * JOULES_PER_KWH / ITEMS))
    for code, country in COUNTRIES.items():
        place = GeoMetadata(country_iso_code=code, country_name=country)
        known_g = 1000 * theirs.get_private_infra_emissions(Energy.from_energy(ENERGY_KWH), place)
        comparison = compare(run, Assumptions(CarbonChoice(region=code, pue=1.0)))
        (sci,) = comparison.sci.values()
        yield Line(f"grid-{code}", f"{ENERGY_KWH} kWh from the grid of {country}", "g CO2e", known_g, sci.operational_g)
