"""Compute the water, abiotic depletion and primary energy of a run, where a source of factors is named.

    quantities.py      the three quantities, with their units
    electricity.py     per kWh of electricity, from EcoLogits' tables
    settings.py        what the suite declares, and what the reader declares in its place
    factors.py         all of it together: what a joule and an hour cost
    system_impacts.py  each system's, with the interval of its joules

May import: `wattbench_reports.metrics.carbon` and all beneath. `system_impacts` reads the items of a run and is
imported from its module.
"""

from wattbench_reports.metrics.impacts.factors import Impacts
from wattbench_reports.metrics.impacts.quantities import QUANTITIES, Quantity
from wattbench_reports.metrics.impacts.settings import impacts_of_run, impacts_of_suite

__all__ = ["QUANTITIES", "Impacts", "Quantity", "impacts_of_run", "impacts_of_suite"]
