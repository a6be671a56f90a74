"""Grams of CO2 per joule, and of the manufacture of the hardware: the `carbon:` section of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, FiniteFloat, NonNegativeFloat, PositiveInt, model_validator

from wattbench.countries import alpha_3, nearest_country
from wattbench.errors import nearest
from wattbench.records.files.plain_yaml import exponent_read
from wattbench.records.schema.base import RelativePath, Source, Strict


@dataclass(frozen=True)
class EmbodiedForm:
    """The keys of one form of `carbon.embodied`, in the order in which messages list them."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


EMBODIED_FORMS: Mapping[str, EmbodiedForm] = {
    "use": EmbodiedForm(optional=("gpus",)),
    "g_per_device_hour": EmbodiedForm(
        required=("source", "year"),
        optional=("devices", "adpe_kg_sb_per_device_hour", "primary_energy_mj_per_device_hour"),
    ),
    "kg_per_device": EmbodiedForm(
        required=("lifetime_years", "source", "year"),
        optional=("devices", "utilisation", "adpe_kg_sb_per_device", "primary_energy_mj_per_device"),
    ),
}
"""The key that makes a form, and the keys that go with it."""

_Positive = Annotated[FiniteFloat, Field(gt=0, le=1e9), BeforeValidator(exponent_read)]


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
    """With `kg_per_device`: the years over which its manufacture is spread."""
    utilisation: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of its lifetime in which the device is in use: all grams are spread over these hours. 1 if not
    given."""
    devices: PositiveInt | None = None
    """How many devices the run occupies; 1 if not given."""
    source: Source | None = None
    """Where the figure comes from: a life-cycle assessment, a data sheet. Required with every declared figure."""
    year: PositiveInt | None = None
    """The year of the source."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        forms = [name for name in EMBODIED_FORMS if name in given]
        if len(forms) != 1:
            named = " and ".join(forms) or "none"
            raise ValueError(f"name exactly one of {', '.join(EMBODIED_FORMS)} (here: {named})")
        (form,) = forms
        keys = EMBODIED_FORMS[form]
        for name in given:
            if name not in (form, *keys.required, *keys.optional):
                raise ValueError(f"{name!r} does not go with {form}{nearest(name, keys.optional + keys.required)}")
        missing = sorted(set(keys.required) - set(given))
        if missing:
            raise ValueError(f"{form} also needs {', '.join(missing)}: a figure without its source is none")
        return self


def _country(given: object) -> object:
    """Return a country's alpha-3 code, as records have it."""
    if given is False:
        raise ValueError("YAML reads NO without quotes as false; write NOR for Norway")
    if not isinstance(given, str):
        return given
    code = alpha_3(given)
    if code is None:
        raise ValueError(f"{given!r:.60} is not the ISO 3166 code of a country{nearest_country(given)}")
    return code


Region = Annotated[str, BeforeValidator(_country)]
"""A country by its ISO 3166 code, alpha-2 or alpha-3."""


class Carbon(Strict):
    """Grams of CO2 per joule; used only when a run is read, so that it can be changed later."""

    region: Region | None = None
    """ISO 3166 code of the country whose grid it runs on: DEU or DE, in either case."""
    intensity_g_per_kwh: NonNegativeFloat | None = None
    """Grams of CO2 equivalent per kWh, if you have a better figure than the country's average."""
    intensity_csv: RelativePath | None = None
    """A file of hourly intensities, matched to the times of the run: a column of times, and a column of grams of CO2
    equivalent per kWh. Its path is relative to this file."""
    pue: Annotated[float, Field(ge=1.0)] = 1.0
    """Power usage effectiveness: watts that the building draws per watt that reaches the machine."""
    embodied: Embodied | None = None
    """Hardware manufacture, for the Software Carbon Intensity. None: it is not included, and reports say so."""

    @model_validator(mode="after")
    def _one_intensity(self) -> Self:
        if self.intensity_g_per_kwh is not None and self.intensity_csv is not None:
            raise ValueError("intensity_g_per_kwh is a constant and intensity_csv is hourly: set only one of them")
        return self
