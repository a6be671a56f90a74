"""Look up grams per kWh that do not depend on the hour: a country's yearly mix, or a figure that the reader knows."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from wattbench.countries import alpha_3, nearest_country
from wattbench.errors import UserError
from wattbench_reports.formatting.units import plain

JOULES_PER_KWH = 3_600_000.0


@dataclass(frozen=True)
class GridCountry:
    """The country of a grid."""

    region: str
    """ISO 3166 alpha-3 code."""
    country: str

    def __str__(self) -> str:
        return f"{self.country} ({self.region})"


@dataclass(frozen=True)
class FlatIntensity:
    """The same grams per kWh at any hour."""

    g_per_kwh: float
    """Grams of CO2 equivalent per kWh that the grid delivers."""
    source: str
    """Where the figure comes from."""
    year: int | None
    """The year it is an average of, where the source says."""

    def describe(self) -> str:
        """Describe the intensity: ``100 g CO2e per kWh (given by the user)``."""
        year = "" if self.year is None else f", {self.year}"
        return f"{plain(self.g_per_kwh, 6)} g CO2e per kWh ({self.source}{year})"


def country_mix(region: object) -> tuple[GridCountry, FlatIntensity]:
    """Return a country's yearly mix, as bundled with codecarbon.

    Args:
        region: ISO 3166 code such as ``FRA`` or ``FR``, in either case.

    Raises:
        UserError: there is no such country, or codecarbon has no grid for it.
    """
    if not isinstance(region, str):
        raise UserError(f"region must be a country code such as DEU, not {type(region).__name__}")
    code, grid = _grid(region)
    year = grid.get("year")
    flat = FlatIntensity(float(grid["carbon_intensity"]), _source(), None if year is None else int(year))
    return GridCountry(code, str(grid["country_name"])), flat


def all_mixes() -> list[tuple[GridCountry, FlatIntensity]]:
    """Return every country's yearly mix, by name; empty where codecarbon is not installed."""
    try:
        codes = sorted(_grids(), key=lambda code: str(_grids()[code]["country_name"]))
    except UserError:
        return []
    return [country_mix(code) for code in codes]


def _grid(region: str) -> tuple[str, dict[str, Any]]:
    grids = _grids()
    code = alpha_3(region)
    if code in grids:
        return code, grids[code]
    names = {key: str(grid["country_name"]) for key, grid in grids.items()}
    hint = nearest_country(code or region, names)
    raise UserError(
        f"region {region!r:.60} is not the code of a country that codecarbon has a grid for (ISO 3166, such as DE or "
        f"DEU){hint}"
    )


@cache
def _grids() -> dict[str, dict[str, Any]]:
    """Return the grid of each country code, as bundled with codecarbon.

    codecarbon itself is not imported: that takes a fifth of a second, and starts looking at the hardware.
    """
    spec = importlib.util.find_spec("codecarbon")
    if spec is None:
        raise UserError("grid intensities come with codecarbon, which is not installed: pip install codecarbon")
    package = importlib.resources.files(importlib.util.module_from_spec(spec))  # located, never executed
    text = (package / "data" / "private_infra" / "global_energy_mix.json").read_text(encoding="utf-8")
    grids: dict[str, dict[str, Any]] = json.loads(text)
    return {code: grid for code, grid in grids.items() if grid.get("carbon_intensity") is not None}


@cache
def _source() -> str:
    return f"national mix bundled with codecarbon {importlib.metadata.version('codecarbon')}"
