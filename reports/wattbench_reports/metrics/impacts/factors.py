"""Hold the factors of each quantity for a joule and for an hour of the hardware.

The site's water is counted per kWh of the machines, which is what water usage effectiveness is (ISO/IEC 30134-9); that
of generation, and all else of electricity, per kWh that reaches the building: times PUE. So EcoLogits has it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattbench_reports.formatting import units
from wattbench_reports.metrics.carbon.embodied import Embodied
from wattbench_reports.metrics.carbon.grid_mix import JOULES_PER_KWH
from wattbench_reports.metrics.impacts.electricity import Factor
from wattbench_reports.metrics.impacts.quantities import QUANTITIES, WATER, Quantity

SITE, ELECTRICITY, MANUFACTURE = "site", "electricity", "manufacture"
"""Parts of a quantity."""


@dataclass(frozen=True)
class Impacts:
    """All factors that the quantities are computed with."""

    pue: float
    electricity: Mapping[Quantity, Factor]
    site: Factor | None
    """Litres per kWh of the machines."""
    embodied: Embodied | None

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Return the quantities for which a source names some part of the energy.

        A source of manufacture alone does not count.
        """
        return tuple(each for each in QUANTITIES if self.per_joule(each))

    def per_joule(self, quantity: Quantity) -> dict[str, float]:
        """Return the factor of a joule at the machine, by part."""
        parts = {}
        if quantity is WATER and self.site is not None:
            parts[SITE] = self.site.per_kwh / JOULES_PER_KWH
        if quantity in self.electricity:
            parts[ELECTRICITY] = self.electricity[quantity].per_kwh * self.pue / JOULES_PER_KWH
        return parts

    def per_second(self, quantity: Quantity) -> float | None:
        """Return the factor of manufacture for a second of the hardware; None where no source names it."""
        if self.embodied is None or quantity.made is None:
            return None
        per_hour: float | None = getattr(self.embodied, quantity.made)
        return None if per_hour is None else per_hour * self.embodied.devices / 3600

    def describe(self, quantity: Quantity) -> str:
        """Say what a quantity is made of: each part with its source, and which parts are not included."""
        stated, lacks = [], []
        if quantity is WATER:
            if self.site is None:
                lacks.append("water of the site")
            else:
                stated.append(f"site {self.site.describe(quantity)} of the machines")
        if quantity in self.electricity:
            stated.append(f"electricity {self.electricity[quantity].describe(quantity)} × PUE {self.pue:g}")
        else:
            lacks.append("generation of electricity")
        made = self.per_second(quantity)
        if made is None or self.embodied is None:
            lacks.append("manufacture")
        else:
            hour = units.quantity(3600 * made * quantity.shown_per_unit, quantity.shown_unit)
            stated.append(f"manufacture {hour} per hour of use ({self.embodied.source}, {self.embodied.year})")
        return "; ".join([*stated, *([f"not included: {', '.join(lacks)}"] if lacks else [])])

    def as_data(self) -> dict[str, Any]:
        """Return the factors as data for programs; a value of None is not included in figures."""
        return {
            "pue": self.pue,
            "site": None if self.site is None else {"wue_l_per_kwh": self.site.per_kwh, **_source(self.site)},
            "electricity": {
                quantity.per_kwh: {"per_kwh": factor.per_kwh, **_source(factor)}
                for quantity, factor in self.electricity.items()
            },
            "manufacture": {
                f"{quantity.key}_per_hour": None if (made := self.per_second(quantity)) is None else 3600 * made
                for quantity in QUANTITIES
            },
        }


def _source(factor: Factor) -> dict[str, Any]:
    return {"source": factor.source, "year": factor.year, "note": factor.note or None}
