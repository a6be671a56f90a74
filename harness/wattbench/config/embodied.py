"""Hardware manufacture: grams of CO2 equivalent per hour of the hardware, without the power that it draws."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, PositiveInt, model_validator

from wattbench.config.base import Strict
from wattbench.records.suite_defaults import EMBODIED_FORMS

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
