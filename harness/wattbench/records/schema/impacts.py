"""Water, abiotic depletion and primary energy: what a kWh costs other than grams of CO2, each by a named source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, FiniteFloat, PositiveInt, model_validator

from wattbench.records.files.plain_yaml import exponent_read
from wattbench.records.schema.base import Source, Strict

IMPACTS_PER_KWH = ("water_l_per_kwh", "adpe_kg_sb_per_kwh", "primary_energy_mj_per_kwh")
"""The figures of `impacts.electricity`; at least one is declared, or all are those of a table."""
WORLD = "WOR"
"""The code of the whole world in tables of electricity; no country has it in ISO 3166."""

_Factor = Annotated[FiniteFloat, Field(ge=0, le=1e9), BeforeValidator(exponent_read)]


def _listed(given: object) -> object:
    return [given] if isinstance(given, dict) else given


class SiteWater(Strict):
    """Water that the building itself uses, mostly to cool."""

    wue_l_per_kwh: _Factor
    """Water usage effectiveness (ISO/IEC 30134-9): litres per kWh of the machines, without the building's share."""
    source: Source
    """Where the figure comes from: the operator's report, a water meter."""
    year: PositiveInt
    """The year of the source."""


class ElectricityImpacts(Strict):
    """What a kWh of electricity costs before it reaches the building: a table's figures for a zone, or declared."""

    use: Literal["ecologits"] | None = None
    """The tables of EcoLogits, which `pip install 'wattbench[apis]'` installs."""
    zone: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}$")] | None = None
    """With `use`: a country by its ISO 3166 code, or WOR for the world. None: `carbon.region`."""
    water_l_per_kwh: _Factor | None = None
    """Litres of water that generating a kWh consumes."""
    adpe_kg_sb_per_kwh: _Factor | None = None
    """Abiotic depletion potential of elements, in kg of antimony equivalent."""
    primary_energy_mj_per_kwh: _Factor | None = None
    """Primary energy, in MJ."""
    source: Source | None = None
    """Of declared figures: where they come from. Required with them, as is `year`."""
    year: PositiveInt | None = None
    """The year of the source."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        declared = [name for name in IMPACTS_PER_KWH if getattr(self, name) is not None]
        if (self.use is None) == (not declared):
            raise ValueError(f"name either use: ecologits, or one or more of {', '.join(IMPACTS_PER_KWH)}")
        if declared and (self.source is None or self.year is None):
            raise ValueError(f"{declared[0]} also needs source and year")
        if declared and self.zone is not None:
            raise ValueError("zone goes with use: ecologits alone")
        if self.use is not None and (self.source is not None or self.year is not None):
            raise ValueError("source and year go with declared figures; use: ecologits names its own")
        return self


class Impacts(Strict):
    """What a run costs other than CO2; used only when a run is read, so that it can be changed later."""

    electricity: Annotated[list[ElectricityImpacts], BeforeValidator(_listed)] = []
    """Of the generation of electricity: one source, or a list of sources of different quantities."""
    site: SiteWater | None = None
    """Of the building. None: its water is not included, and reports say so."""
