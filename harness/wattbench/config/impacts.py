"""Water, abiotic depletion and primary energy: what a kWh costs other than grams of CO2, each by a named source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, FiniteFloat, PositiveInt, model_validator

from wattbench.config.base import Strict
from wattbench.records.suite_defaults import EMBODIED_FORMS, IMPACTS_PER_KWH

_Factor = Annotated[FiniteFloat, Field(ge=0, le=1e9)]
_Source = Annotated[str, Field(min_length=1)]


def _listed(given: object) -> object:
    return [given] if isinstance(given, dict) else given


class SiteWater(Strict):
    """Water that the building itself uses, mostly to cool."""

    wue_l_per_kwh: _Factor
    """Water usage effectiveness (ISO/IEC 30134-9): litres per kWh of the machines, without the building's share."""
    source: _Source
    """Where the figure comes from: the operator's report, a water meter."""
    year: PositiveInt


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
    source: _Source | None = None
    """Of declared figures: where they come from. Required with them, as is `year`."""
    year: PositiveInt | None = None

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


_Positive = Annotated[FiniteFloat, Field(gt=0, le=1e9)]


class Embodied(Strict):
    """One of three forms: a public figure by its name, grams per hour, or kilograms over a lifetime."""

    use: str | None = None
    """The name of a public figure: `ecologits-gpu-server`, `ecologits-gpu-server-2026`."""
    gpus: PositiveInt | None = None
    """With `use`: how many GPUs of such a server the run occupies; 1 if not given."""
    g_per_device_hour: _Positive | None = None
    """Grams of CO2 equivalent for an hour of one device."""
    kg_per_device: _Positive | None = None
    """Kilograms of CO2 equivalent to make one device, spread over its lifetime."""
    adpe_kg_sb_per_device_hour: _Positive | None = None
    """With `g_per_device_hour`: abiotic depletion of elements (kg of antimony equivalent) for an hour of one device, by
    the same source."""
    primary_energy_mj_per_device_hour: _Positive | None = None
    """With `g_per_device_hour`: MJ of primary energy for an hour of one device, by the same source."""
    adpe_kg_sb_per_device: _Positive | None = None
    """With `kg_per_device`: abiotic depletion of elements to make one device, by the same source."""
    primary_energy_mj_per_device: _Positive | None = None
    """With `kg_per_device`: MJ of primary energy to make one device, by the same source."""
    lifetime_years: _Positive | None = None
    utilisation: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of its lifetime in which the device is in use: all grams are spread over these hours. 1 if not
    given."""
    devices: PositiveInt | None = None
    """How many devices the run occupies; 1 if not given."""
    source: Annotated[str, Field(min_length=1)] | None = None
    """Where the figure comes from: a life-cycle assessment, a data sheet. Required with every declared figure."""
    year: PositiveInt | None = None
    """The year of the source."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        forms = [name for name in EMBODIED_FORMS if name in given]
        if len(forms) != 1:
            raise ValueError(f"name exactly one of {', '.join(EMBODIED_FORMS)} (here: {', '.join(forms) or 'none'})")
        (form,) = forms
        keys = EMBODIED_FORMS[form]
        for name in given:
            if name not in (form, *keys.required, *keys.optional):
                raise ValueError(f"{name} does not go with {form}")
        for name in keys.required:
            if name not in given:
                raise ValueError(f"{form} also needs {name}")
        return self
