"""Joules to grams of CO2 equivalent: energy in kWh × grid intensity × PUE, restated whenever a run is read."""

from __future__ import annotations

import difflib
import importlib.resources
import importlib.util
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.errors import UserError, nearest

JOULES_PER_KWH = 3_600_000.0


@dataclass(frozen=True)
class Carbon:
    """What a joule at the machine costs the climate."""

    intensity_g_per_kwh: float
    """Grams of CO2 equivalent per kWh that the grid delivers."""
    pue: float
    """Power usage effectiveness: what the building draws for each watt that reaches the machine; 1 or more."""
    region: str | None
    """ISO 3166 alpha-3 code, or None where only an intensity was given."""
    country: str | None
    source: str
    """Where the intensity comes from."""
    year: int | None
    """The year it is an average of, where the source says."""

    def grams(self, energy_j: float) -> float:
        """Grams of CO2 equivalent for so many joules at the machine. Manufacture is not in it."""
        return energy_j / JOULES_PER_KWH * self.intensity_g_per_kwh * self.pue

    def describe(self) -> str:
        """In words: the place, the intensity, its source and year, and the PUE."""
        place = self.region if self.country is None else f"{self.country} ({self.region})"
        year = "" if self.year is None else f", {self.year}"
        start = "" if place is None else f"{place}: "
        return f"{start}{self.intensity_g_per_kwh:g} g CO2e per kWh ({self.source}{year}), PUE {self.pue:g}"


def carbon(
    *, region: str | None = None, intensity_g_per_kwh: float | None = None, pue: float | None = None
) -> Carbon | None:
    """The factor for a region or for a known intensity (which wins where both are given).

    Args:
        region: ISO 3166 alpha-3 code such as ``FRA``, in either case.
        intensity_g_per_kwh: where you know better than the country's yearly average.
        pue: None is 1: nothing but the machine.

    Returns:
        None where neither a region nor an intensity is given: grams are then not stated rather than guessed.

    Raises:
        UserError: an unknown region, a negative or infinite intensity, or a PUE below 1.
    """
    factor = _checked("pue", 1.0 if pue is None else pue, at_least=1.0)
    code, entry = (None, None) if region is None else _region(region)
    country = None if entry is None else str(entry["country_name"])
    if intensity_g_per_kwh is not None:
        known = _checked("intensity", intensity_g_per_kwh, at_least=0.0)
        return Carbon(known, factor, code, country, "given by the user", None)
    if entry is None:
        return None
    year = entry.get("year")
    return Carbon(
        float(entry["carbon_intensity"]), factor, code, country, _source(), None if year is None else int(year)
    )


def carbon_of_suite(
    settings: Mapping[str, Any],
    *,
    region: str | None = None,
    intensity_g_per_kwh: float | None = None,
    pue: float | None = None,
) -> Carbon | None:
    """The factor that a suite asks for, with what the reader says instead.

    A reader's region or intensity replaces both of the suite's; a reader's PUE replaces only the PUE.

    Raises:
        UserError: as `carbon`.
    """
    chosen_pue = settings.get("pue") if pue is None else pue
    if region is None and intensity_g_per_kwh is None:
        region, intensity_g_per_kwh = settings.get("region"), settings.get("intensity_g_per_kwh")
    return carbon(region=region, intensity_g_per_kwh=intensity_g_per_kwh, pue=chosen_pue)


def _checked(name: str, value: float, *, at_least: float) -> float:
    if not (math.isfinite(value) and value >= at_least):
        raise UserError(f"{name} is {value}: it must be a number of {at_least:g} or more")
    return float(value)


def _region(region: str) -> tuple[str, dict[str, Any]]:
    grids = _grids()
    code = region.strip().upper()
    if code in grids:
        return code, grids[code]
    names = {str(grid["country_name"]).casefold(): key for key, grid in grids.items()}
    meant = difflib.get_close_matches(region.strip().casefold(), names, n=1, cutoff=0.8) if len(code) > 3 else []
    if meant:
        code = names[meant[0]]
        hint = f"; did you mean {code!r} ({grids[code]['country_name']})?"
    else:
        hint = nearest(code, grids)
    raise UserError(
        f"region {region!r} is not a country code that codecarbon has a grid for (ISO alpha-3, such as DEU){hint}"
    )


@cache
def _grids() -> dict[str, dict[str, Any]]:
    """Country code to its grid, as bundled with codecarbon.

    codecarbon itself is not imported: that takes a fifth of a second, and starts looking at the hardware.
    """
    spec = importlib.util.find_spec("codecarbon")
    if spec is None:
        raise UserError("grid intensities come with codecarbon, which is not installed: pip install codecarbon")
    package = importlib.resources.files(importlib.util.module_from_spec(spec))  # located, never executed
    text = (package / "data" / "private_infra" / "global_energy_mix.json").read_text(encoding="utf-8")
    grids: dict[str, dict[str, Any]] = json.loads(text)
    return {code: grid for code, grid in grids.items() if grid.get("carbon_intensity") is not None}


def _source() -> str:
    import importlib.metadata

    return f"national mix bundled with codecarbon {importlib.metadata.version('codecarbon')}"
