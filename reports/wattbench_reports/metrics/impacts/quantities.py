"""Define the quantities other than grams of CO2, with their units in data and for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A quantity, such as water."""

    key: str
    """In names of data, with its unit: ``water_l``."""
    name: str
    """In words."""
    unit: str
    """Of data."""
    shown_unit: str
    """For people, to which prefixes are added."""
    shown_per_unit: float
    """How many of `shown_unit` one `unit` is."""
    made: str | None
    """The field of a declared manufacture that holds it per hour of a device; None: no source has it."""
    factor_unit: str
    """Of a factor for people, which has no prefix added."""
    factor_per_unit: float
    """How many of `factor_unit` one `unit` is."""

    @property
    def per_kwh(self) -> str:
        """Return the key of the factor of electricity: ``water_l_per_kwh``."""
        return f"{self.key}_per_kwh"


WATER = Quantity("water_l", "water", "L", "L", 1.0, None, "L", 1.0)
ADPE = Quantity(
    "adpe_kg_sb",
    "abiotic depletion of elements",
    "kg Sb eq",
    "g Sb eq",
    1000.0,
    "adpe_kg_sb_per_device_hour",
    "µg Sb eq",
    1e9,
)
PRIMARY_ENERGY = Quantity(
    "primary_energy_mj", "primary energy", "MJ", "J", 1e6, "primary_energy_mj_per_device_hour", "MJ", 1.0
)
QUANTITIES = (WATER, ADPE, PRIMARY_ENERGY)
