"""Read the water, abiotic depletion and primary energy of a kWh of electricity, by zone, from EcoLogits' wheel.

Source: EcoLogits (Rincé, Banse 2025, JOSS 10(111), 7471; MPL-2.0), `data/electricity_mixes.json`. By its methodology
(ecologits.ai, "LLM inference", impact factors) ADPe and primary energy are ADEME Base Empreinte's, and water of
generation ("off-site WUE") is the World Resources Institute's. Some zones have the world's figure in place of theirs,
which the tables mark and a factor says. The tables are read where they are installed; none is part of this package.
"""

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
from wattbench.records.schema.impacts import WORLD
from wattbench_reports.formatting.units import plain
from wattbench_reports.metrics.impacts.quantities import ADPE, PRIMARY_ENERGY, QUANTITIES, WATER, Quantity

_COLUMNS = {
    WATER: ("wue", "World Resources Institute"),
    ADPE: ("adpe", "ADEME Base Empreinte"),
    PRIMARY_ENERGY: ("pe", "ADEME Base Empreinte"),
}
"""Quantity to the table's name for it, and whose figure it is."""

MJ_PER_KWH = 3.6


class NoTablesError(UserError):
    """EcoLogits is not installed, or its tables are not as they were."""


@dataclass(frozen=True)
class Factor:
    """The factor of a kWh in one quantity."""

    per_kwh: float
    """In the quantity's own unit."""
    source: str
    """Where it comes from, with its version."""
    year: int | None
    """Of a declared one; None: `source` has a version."""
    note: str = ""
    """What a reader should know of it."""

    def describe(self, quantity: Quantity) -> str:
        """Describe the factor: ``0.2 L per kWh (the operator's report, 2025)``."""
        year = "" if self.year is None else f", {self.year}"
        note = f"; {self.note}" if self.note else ""
        if quantity is PRIMARY_ENERGY and self.per_kwh < MJ_PER_KWH:
            note += f"; less than the {MJ_PER_KWH} MJ that a kWh is, so some primary energy is not counted"
        figure = plain(self.per_kwh * quantity.factor_per_unit, 6)
        return f"{figure} {quantity.factor_unit} per kWh ({self.source}{year}{note})"


def ecologits_factors(zone: str) -> dict[Quantity, Factor]:
    """Return the factor of each quantity for a zone, from EcoLogits' tables.

    Args:
        zone: ISO 3166 code, ``FRA`` or ``FR``, in either case; or ``WOR``, the world.

    Raises:
        NoTablesError: they cannot be read.
        UserError: they have no such zone.
    """
    mixes, version = _mixes()
    code = WORLD if zone.upper() == WORLD else alpha_3(zone)
    if code not in mixes:
        raise UserError(
            f"impacts: {zone!r:.40} is not a zone of EcoLogits' tables (ISO 3166, such as DE or DEU, or {WORLD} for "
            f"the world){nearest_country(zone, {name: name for name in mixes})}"
        )
    mix = mixes[code]
    marked = " ".join(map(str, mix.get("warnings") or ()))
    factors = {}
    for quantity in QUANTITIES:
        column, whose = _COLUMNS[quantity]
        figure = mix.get(column)
        if isinstance(figure, bool) or not isinstance(figure, int | float) or not figure >= 0:
            raise NoTablesError(f"impacts: EcoLogits' tables have no figure {column!r} of {code}")
        world = f"the world's, as the table has none of {code}" if f"-{column}-world" in marked else ""
        factors[quantity] = Factor(float(figure), f"{code}: {whose}, by EcoLogits {version}", None, world)
    return factors


@cache
def _mixes() -> tuple[dict[str, dict[str, Any]], str]:
    """Read the electricity mix of each zone from EcoLogits' tables, and EcoLogits' version.

    EcoLogits is located and never executed.
    """
    spec = importlib.util.find_spec("ecologits")
    if spec is None:
        raise NoTablesError(
            "impacts of electricity come with EcoLogits, which is not installed: pip install 'wattbench[apis]'"
        )
    package = importlib.resources.files(importlib.util.module_from_spec(spec))
    try:
        table = json.loads((package / "data" / "electricity_mixes.json").read_text(encoding="utf-8"))
        mixes = {str(mix["name"]): dict(mix) for mix in table["electricity_mixes"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoTablesError(f"impacts: the tables of the installed EcoLogits cannot be read: {error!r:.120}") from error
    return mixes, importlib.metadata.version("ecologits")
