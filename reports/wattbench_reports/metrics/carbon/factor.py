"""Hold the grams that a joule, and an hour of the hardware, are converted to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wattbench_reports.metrics.carbon.embodied import Embodied
from wattbench_reports.metrics.carbon.grid_mix import JOULES_PER_KWH, FlatIntensity, GridCountry
from wattbench_reports.metrics.carbon.hourly_intensity import HourlyIntensity


@dataclass(frozen=True)
class Carbon:
    """All factors that grams are computed with."""

    intensity: FlatIntensity | HourlyIntensity
    pue: float
    """Power usage effectiveness: what the building draws for each watt that reaches the machine; 1 or more."""
    grid: GridCountry | None
    """Whose grid it is, where that was said."""
    embodied: Embodied | None
    """None: manufacture is not included."""

    def grams(self, energy_j: float) -> float | None:
        """Return grams of CO2 equivalent for joules at the machine, where the hours of use are not known.

        None where the intensity goes by the hour. Manufacture is not in it.
        """
        if isinstance(self.intensity, HourlyIntensity):
            return None
        return energy_j / JOULES_PER_KWH * self.intensity.g_per_kwh * self.pue

    def within(self, first_s: float, last_s: float) -> Carbon:
        """Return the factors with an hourly intensity limited to the hours of a run."""
        if isinstance(self.intensity, HourlyIntensity):
            return replace(self, intensity=self.intensity.within(first_s, last_s))
        return self

    def describe_energy(self) -> str:
        """Describe what grams of energy rest on: the place, the intensity, its source and year, and the PUE."""
        start = "" if self.grid is None else f"{self.grid}: "
        return f"{start}{self.intensity.describe()}, PUE {self.pue:g}"

    def describe(self) -> str:
        """Describe figures of the energy alone, as `describe_energy`, and say that manufacture is not in them."""
        return f"{self.describe_energy()}; manufacture not included"

    def as_data(self) -> dict[str, Any]:
        """Return the factors as data for programs.

        One of `intensity_g_per_kwh` and `intensity_csv` is None; so is an undeclared `embodied`.
        """
        hourly = self.intensity if isinstance(self.intensity, HourlyIntensity) else None
        flat = self.intensity if isinstance(self.intensity, FlatIntensity) else None
        made = self.embodied
        return {
            "intensity_g_per_kwh": None if flat is None else flat.g_per_kwh,
            "intensity_csv": None if hourly is None else hourly.as_data(),
            "pue": self.pue,
            "region": None if self.grid is None else self.grid.region,
            "country": None if self.grid is None else self.grid.country,
            "source": None if flat is None else flat.source,
            "year": None if flat is None else flat.year,
            "embodied": None
            if made is None
            else {
                "g_per_hour": made.g_per_hour,
                "devices": made.devices,
                "basis": made.basis,
                "source": made.source,
                "year": made.year,
            },
        }
