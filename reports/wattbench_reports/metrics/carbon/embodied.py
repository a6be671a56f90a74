"""Compute the grams of manufacture per hour of use: declared with their source, or one of a few public figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.errors import UserError, nearest
from wattbench.records.schema.carbon import Embodied as DeclaredEmbodied
from wattbench.records.schema.recorded import chosen
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


def embodied(declared: DeclaredEmbodied | None) -> Embodied | None:
    """Return the grams of the block ``carbon.embodied`` of a suite.

    Returns:
        None where nothing is declared: manufacture is then left out, and that is said.

    Raises:
        UserError: no public figure has the name that it uses.
    """
    if declared is None:
        return None
    if declared.use is not None:
        if declared.use not in PUBLIC_FIGURES:
            unknown = f"no figure {declared.use[:60]!r} is known{nearest(declared.use, PUBLIC_FIGURES)}"
            raise UserError(f"embodied.use: {unknown}")
        return PUBLIC_FIGURES[declared.use].embodied(declared.gpus or 1)
    devices, source, year = declared.devices or 1, declared.source or "", declared.year or 0
    if declared.g_per_device_hour is not None:
        rate = declared.g_per_device_hour
        adpe, primary = declared.adpe_kg_sb_per_device_hour, declared.primary_energy_mj_per_device_hour
        return Embodied(rate, devices, f"{plain(rate, 6)} g per device-hour, declared", source, year, adpe, primary)
    kg, years, used = declared.kg_per_device or 0.0, declared.lifetime_years or 0.0, declared.utilisation or 1.0
    basis = f"{kg:g} kg per device over {years:g} years" + ("" if used == 1 else f", in use {100 * used:g}% of them")
    hours = years * HOURS_PER_YEAR * used
    made = (declared.adpe_kg_sb_per_device, declared.primary_energy_mj_per_device)
    adpe, primary = (None if each is None else each / hours for each in made)
    return Embodied(1000 * kg / hours, devices, basis, source, year, adpe, primary)


def embodied_option(text: str) -> DeclaredEmbodied | None:
    """Read the value of `--embodied`: a figure's name, a mapping in YAML as in a suite file, or ``none``.

    Raises:
        UserError: it is not YAML, or declares no figure.
    """
    settings = named_or_block("--embodied", text)
    if isinstance(settings, str):
        settings = {"use": settings}
    return None if settings == {} else chosen(DeclaredEmbodied, settings, "--embodied")
