"""Joules to grams of CO2 equivalent, restated whenever a run is read.

    intensity.py   grams per kWh of a country, or as the reader knows them
    hourly.py      grams per kWh hour by hour, and their mean over a span of time
    hourlycsv.py   reads those from a file
    embodied.py    grams of manufacture per hour of use
    factor.py      all of it together: what a joule and an hour cost the climate
    choice.py      what the suite asks for, and what the reader says instead
    sci.py         Software Carbon Intensity of each system (ISO/IEC 21031:2024)

Joules are what is recorded; a gram is only ever made here. `sci` reads the items of a run and is imported from its
own module, so that the rest stays light. May import: `reports.measures` and all beneath, and the harness's errors.
"""

from reports.carbon.choice import AS_IN_SUITE, CarbonChoice, carbon, carbon_of_run, carbon_of_suite, pue_of_suite
from reports.carbon.embodied import Embodied
from reports.carbon.factor import Carbon
from reports.carbon.hourly import HourlyIntensity
from reports.carbon.hourlycsv import HourlyFileError, read_hourly
from reports.carbon.intensity import JOULES_PER_KWH, FlatIntensity, Place

__all__ = [
    "AS_IN_SUITE",
    "JOULES_PER_KWH",
    "Carbon",
    "CarbonChoice",
    "Embodied",
    "FlatIntensity",
    "HourlyFileError",
    "HourlyIntensity",
    "Place",
    "carbon",
    "carbon_of_run",
    "carbon_of_suite",
    "pue_of_suite",
    "read_hourly",
]
