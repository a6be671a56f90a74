"""Convert joules to grams of CO2 equivalent, whenever a run is read.

    grid_mix.py          grams per kWh of a country, or as the reader knows them
    hourly_intensity.py  grams per kWh hour by hour, and their mean over a span of time
    hourly_csv.py        reads those from a file
    embodied.py          grams of manufacture per hour of use
    factor.py            all of it together: what a joule and an hour cost the climate
    overrides.py         what the suite asks for, and what the reader says instead
    sci.py               Software Carbon Intensity of each system (ISO/IEC 21031:2024)

Joules are what is recorded; a gram is only ever made here. May import:
`wattbench_reports.metrics.system_metrics` and all beneath, and the harness's errors.
"""

from wattbench_reports.metrics.carbon.embodied import Embodied
from wattbench_reports.metrics.carbon.factor import Carbon
from wattbench_reports.metrics.carbon.grid_mix import JOULES_PER_KWH, FlatIntensity, GridCountry
from wattbench_reports.metrics.carbon.hourly_csv import HourlyFileError, read_hourly
from wattbench_reports.metrics.carbon.hourly_intensity import HourlyIntensity
from wattbench_reports.metrics.carbon.overrides import (
    CARBON_AS_IN_SUITE,
    CarbonChoice,
    carbon,
    carbon_of_run,
    carbon_of_suite,
    pue_of_suite,
)

__all__ = [
    "CARBON_AS_IN_SUITE",
    "JOULES_PER_KWH",
    "Carbon",
    "CarbonChoice",
    "Embodied",
    "FlatIntensity",
    "GridCountry",
    "HourlyFileError",
    "HourlyIntensity",
    "carbon",
    "carbon_of_run",
    "carbon_of_suite",
    "pue_of_suite",
    "read_hourly",
]
