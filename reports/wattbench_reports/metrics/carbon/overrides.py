"""Combine the carbon settings of a suite with those that a reader sets in their place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.schema.carbon import Carbon as CarbonSettings
from wattbench_reports.formatting.units import plain
from wattbench_reports.metrics.carbon.embodied import embodied, embodied_option
from wattbench_reports.metrics.carbon.factor import Carbon
from wattbench_reports.metrics.carbon.grid_mix import FlatIntensity, GridCountry, country_mix
from wattbench_reports.metrics.carbon.hourly_csv import HourlyFileError, read_hourly
from wattbench_reports.metrics.carbon.hourly_intensity import HourlyIntensity


@dataclass(frozen=True)
class CarbonChoice:
    """How a reader wants the grams made. What is None stays as the suite has it.

    The intensity is one choice, however it is named: any of region, constant and file replaces all that the suite says
    of it. PUE and manufacture are choices of their own.
    """

    region: str | None = None
    """ISO 3166 code of the grid, ``DE`` or ``DEU``: its yearly mix, or only its name if an intensity is given too."""
    intensity_g_per_kwh: float | None = None
    """Where the reader knows better than the country's yearly average."""
    intensity_csv: Path | None = None
    """Hourly intensities, matched to the run's clock: see `wattbench_reports.metrics.carbon.hourly_csv`."""
    pue: float | None = None
    embodied: str | None = None
    """Manufacture: the name of a public figure, a mapping in YAML as in a suite file, or ``none``."""

    @property
    def names_intensity(self) -> bool:
        """Return whether the reader replaces the suite's intensity."""
        return (self.region, self.intensity_g_per_kwh, self.intensity_csv) != (None, None, None)

    def as_options(self) -> list[str]:
        """Return the choice as options of the command line."""
        options = {
            "--region": self.region,
            "--intensity": None if self.intensity_g_per_kwh is None else plain(self.intensity_g_per_kwh),
            "--intensity-csv": None if self.intensity_csv is None else str(self.intensity_csv),
            "--pue": None if self.pue is None else plain(self.pue),
            "--embodied": self.embodied,
        }
        return [word for name, value in options.items() if value is not None for word in (name, value)]


CARBON_AS_IN_SUITE = CarbonChoice()
"""Nothing said: all as the suite asks for."""


def carbon(choice: CarbonChoice) -> Carbon | None:
    """Return the carbon factors of a choice alone, without a suite."""
    return carbon_of_suite(CarbonSettings(), choice)


def carbon_of_suite(settings: CarbonSettings, choice: CarbonChoice = CARBON_AS_IN_SUITE) -> Carbon | None:
    """Return the carbon factors of the block ``carbon`` of a suite, where a reader sets no others.

    Returns:
        None where no intensity is named: grams are then not stated rather than guessed.

    Raises:
        UserError: an unknown region, an impossible figure, two intensities at once, or a file that is wrong.
    """
    pue = pue_of_suite(settings, choice)
    made = embodied(settings.embodied if choice.embodied is None else embodied_option(choice.embodied))
    if choice.names_intensity:
        intensity = _intensity(choice.region, choice.intensity_g_per_kwh, choice.intensity_csv)
    else:
        intensity = _intensity(settings.region, settings.intensity_g_per_kwh, settings.intensity_csv)
    return None if intensity is None else Carbon(intensity[1], pue, intensity[0], made)


def pue_of_suite(settings: CarbonSettings, choice: CarbonChoice = CARBON_AS_IN_SUITE) -> float:
    """Return the PUE that a suite or a reader sets: the watts of the building for each watt that reaches the machine.

    Raises:
        UserError: it is no number of 1 or more.
    """
    return settings.pue if choice.pue is None else _at_least(1.0, "pue", choice.pue)


def carbon_of_run(settings: CarbonSettings, choice: CarbonChoice) -> tuple[Carbon | None, str]:
    """Return the carbon factors as `carbon_of_suite`; no factors and the reason where the suite's file cannot be read.

    Returns:
        What a joule costs, and why that is not known: empty unless the suite's own file cannot be used.

    Raises:
        UserError: as `carbon_of_suite`; also for a file that the reader named.
    """
    try:
        return carbon_of_suite(settings, choice), ""
    except HourlyFileError as error:
        if choice.names_intensity:
            raise
        return None, str(error)


def _intensity(
    region: str | None, constant: float | None, file: str | Path | None
) -> tuple[GridCountry | None, FlatIntensity | HourlyIntensity] | None:
    if constant is not None and file is not None:
        raise UserError("an intensity is either a constant or an hourly file: name one of the two")
    grid, mix = (None, None) if region is None else country_mix(region)
    if file is not None:
        return grid, read_hourly(Path(file))
    if constant is not None:
        known = _at_least(0.0, "intensity", constant)
        return grid, FlatIntensity(known, "given by the user", None)
    return None if mix is None else (grid, mix)


def _at_least(least: float, name: str, value: float) -> float:
    if not (math.isfinite(value) and value >= least):
        raise UserError(f"{name} is {value!r:.60}: it must be a number of {least:g} or more")
    return float(value)
