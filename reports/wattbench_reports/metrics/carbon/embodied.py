"""Compute the grams of manufacture per hour of use: declared with their source, or one of a few public figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.records.files.plain_yaml import exponent_read
from wattbench.records.suite_defaults import EMBODIED_FORMS
from wattbench_reports.formatting.units import plain
from wattbench_reports.metrics.carbon.block_option import named_or_block

HOURS_PER_YEAR = 365 * 24
"""As the example of ISO/IEC 21031 has it, and EcoLogits."""


@dataclass(frozen=True)
class Embodied:
    """Grams of making and delivering the hardware, per hour of its use."""

    g_per_device_hour: float
    devices: int
    basis: str
    """How the grams per hour come about, in words."""
    source: str
    year: int
    adpe_kg_sb_per_device_hour: float | None = None
    """Abiotic depletion of elements, in kg of antimony equivalent; None where the source does not name it."""
    primary_energy_mj_per_device_hour: float | None = None
    """None where the source does not name it."""

    @property
    def g_per_hour(self) -> float:
        """Return the grams per hour of all devices together."""
        return self.g_per_device_hour * self.devices

    def describe(self) -> str:
        """Describe the figure: ``33.4 g CO2e per hour of use (2 devices; ...; source, 2025)``."""
        devices = "" if self.devices == 1 else f"{self.devices} devices; "
        return f"{plain(self.g_per_hour, 3)} g CO2e per hour of use ({devices}{self.basis}; {self.source}, {self.year})"


@dataclass(frozen=True)
class _PublicFigure:
    server_kg: float
    """Of a server without its GPUs."""
    gpus: int
    gpu_kg: float
    lifetime_years: float
    source: str
    year: int
    server_adpe_kg_sb: float | None = None
    """Of a server without its GPUs; None: the source does not name it, nor the next three."""
    gpu_adpe_kg_sb: float | None = None
    server_primary_energy_mj: float | None = None
    gpu_primary_energy_mj: float | None = None

    def embodied(self, gpus: int) -> Embodied:
        kg = self.server_kg / self.gpus + self.gpu_kg
        basis = (
            f"per GPU {self.server_kg:,.0f} kg of a server over its {self.gpus} GPUs and {self.gpu_kg:g} kg of its "
            f"own, over {self.lifetime_years:g} years"
        )
        return Embodied(
            1000 * kg / self._hours,
            gpus,
            basis,
            self.source,
            self.year,
            self._per_hour(self.server_adpe_kg_sb, self.gpu_adpe_kg_sb),
            self._per_hour(self.server_primary_energy_mj, self.gpu_primary_energy_mj),
        )

    @property
    def _hours(self) -> float:
        return self.lifetime_years * HOURS_PER_YEAR

    def _per_hour(self, server: float | None, gpu: float | None) -> float | None:
        return None if server is None or gpu is None else (server / self.gpus + gpu) / self._hours


PUBLIC_FIGURES: Mapping[str, _PublicFigure] = {
    # https://ecologits.ai/latest/methodology/llm_inference/ as of November 2025: an AWS p5.48xlarge without its GPUs by
    # BoaviztAPI, and an H100 80GB by NVIDIA's HGX H100 product carbon footprint summary.
    "ecologits-gpu-server": _PublicFigure(
        5700, 8, 164, 3, "EcoLogits: BoaviztAPI for an AWS p5.48xlarge, NVIDIA's HGX H100 PCF summary", 2025
    ),
    # The same page for EcoLogits 0.11 (2026): the GPU by a life-cycle assessment for ADEME, Lees-Perasso et al.
    "ecologits-gpu-server-2026": _PublicFigure(
        5700,
        8,
        273,
        3,
        "EcoLogits 0.11: BoaviztAPI for an AWS p5.48xlarge, H100 by Lees-Perasso et al. for ADEME",
        2026,
        server_adpe_kg_sb=0.37,
        gpu_adpe_kg_sb=0.00895,
        server_primary_energy_mj=70_000,
        gpu_primary_energy_mj=3721,
    ),
}
"""Name to figure, as `use` takes them. There is none without a public source."""


def embodied(settings: object) -> Embodied | None:
    """Read the block ``carbon.embodied`` of a suite; keys without a value count as absent.

    Args:
        settings: ``{use: ecologits-gpu-server, gpus: 1}``, ``{g_per_device_hour: 20, source: ..., year: ...}`` or
            ``{kg_per_device: 350, lifetime_years: 4, utilisation: 0.5, source: ..., year: ...}``. None or empty: none.

    Returns:
        None where nothing is declared: manufacture is then left out, and that is said.

    Raises:
        UserError: it is none of these forms, or a figure is impossible.
    """
    if not settings:
        return None
    if not isinstance(settings, Mapping):
        raise UserError(f"embodied must be a mapping such as {{use: ecologits-gpu-server}}, not {settings!r:.60}")
    given = {str(key): value for key, value in settings.items() if value is not None}
    if not given:
        return None
    forms = [form for form in EMBODIED_FORMS if form in given]
    if len(forms) != 1:
        named = " and ".join(forms) or "none of them"
        raise UserError(f"embodied needs exactly one of {', '.join(EMBODIED_FORMS)} (here: {named})")
    _check_keys(forms[0], given)
    if forms[0] == "use":
        name = str(given["use"])
        if name not in PUBLIC_FIGURES:
            raise UserError(f"embodied.use: no figure {name[:60]!r} is known{nearest(name, PUBLIC_FIGURES)}")
        return PUBLIC_FIGURES[name].embodied(_count("gpus", given.get("gpus", 1)))
    return _declared(forms[0], given)


def embodied_settings(text: str) -> Mapping[str, Any]:
    """Return the value of `--embodied` as a suite file has it: a figure's name, a mapping in YAML, or ``none``.

    Raises:
        UserError: it is not YAML, or not a mapping of plain values.
    """
    settings = named_or_block("--embodied", text)
    if isinstance(settings, str):
        return {"use": settings}
    if not isinstance(settings, dict) or not all(
        value is None or isinstance(value, str | int | float) for value in settings.values()
    ):
        raise UserError("--embodied: give a name, none, or a mapping of plain values such as {kg_per_device: 350, ...}")
    return settings


def _declared(form: str, given: Mapping[str, Any]) -> Embodied:
    devices = _count("devices", given.get("devices", 1))
    source, year = str(given["source"]).strip(), _count("year", given["year"])
    if not source:
        raise UserError("embodied.source is empty: say where the figure comes from")
    if form == "g_per_device_hour":
        rate = _positive("g_per_device_hour", given["g_per_device_hour"])
        adpe, primary = (_optional(f"{name}_per_device_hour", given) for name in _NOT_CO2)
        basis = f"{plain(rate, 6)} g per device-hour, declared"
        return Embodied(rate, devices, basis, source, year, adpe, primary)
    kg, years = _positive("kg_per_device", given["kg_per_device"]), _positive("lifetime_years", given["lifetime_years"])
    used = _positive("utilisation", given.get("utilisation", 1.0))
    if used > 1:
        raise UserError(f"embodied.utilisation is {used:g}: it is a share of the lifetime, from 0 to 1")
    basis = f"{kg:g} kg per device over {years:g} years" + ("" if used == 1 else f", in use {100 * used:g}% of them")
    hours = years * HOURS_PER_YEAR * used
    made = (_optional(f"{name}_per_device", given) for name in _NOT_CO2)
    adpe, primary = (None if each is None else each / hours for each in made)
    return Embodied(1000 * kg / hours, devices, basis, source, year, adpe, primary)


_NOT_CO2 = ("adpe_kg_sb", "primary_energy_mj")


def _optional(name: str, given: Mapping[str, Any]) -> float | None:
    return _positive(name, exponent_read(given[name])) if name in given else None


def _check_keys(form: str, given: Mapping[str, Any]) -> None:
    keys = EMBODIED_FORMS[form]
    for key in given:
        if key not in {form, *keys.optional, *keys.required}:
            raise UserError(
                f"embodied: {key[:60]!r} does not go with {form}{nearest(key, keys.optional + keys.required)}"
            )
    missing = sorted(set(keys.required) - set(given))
    if missing:
        raise UserError(f"embodied: {form} also needs {', '.join(missing)}: a figure without its source is none")


def _positive(name: str, value: object) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 < value <= 1e9
        or not math.isfinite(value)
    ):
        raise UserError(f"embodied.{name} is {value!r:.60}: it must be a number above 0")
    return float(value)


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise UserError(f"embodied.{name} is {value!r:.60}: it must be a whole number of 1 or more")
    return value
