"""Which file holds which meter, and which distribution: meters are imported when a suite names them, not before.

wattbench's own are listed here as well as among its entry points, so that a checkout works whatever is installed of it.
"""

from __future__ import annotations

import importlib
from typing import Any

from wattbench.config import MeterSettings, OtherSettings, plugin
from wattbench.errors import UserError
from wattbench.meters.base import PROVENANCES, ConfiguredMeter, Meter, MeterError

_METERS = {
    "nvml": "wattbench.meters.nvml.meter:NvmlMeter",
    "rapl": "wattbench.meters.rapl:RaplMeter",
    "codecarbon": "wattbench.meters.codecarbon:CodecarbonMeter",
    "replay": "wattbench.meters.replay.meter:ReplayMeter",
    "external": "wattbench.meters.external.meter:ExternalMeter",
}


def meter_class(use: str) -> type[ConfiguredMeter]:
    """The class behind a meter's name in the suite.

    Raises:
        UserError: there is no such meter.
    """
    if use not in _METERS:
        third_party: type[ConfiguredMeter] = plugin(use)
        return third_party
    module, _, name = _METERS[use].partition(":")
    found: type[ConfiguredMeter] = getattr(importlib.import_module(module), name)
    return found


def make_meter(settings: MeterSettings) -> Meter:
    """Make a meter by its entry in the suite; it is not open yet.

    Raises:
        UserError: it cannot measure anything here, and why.
    """
    made_by = meter_class(settings.use)
    own: Any = settings
    if isinstance(settings, OtherSettings):
        own = made_by.Settings.model_validate(settings.model_dump())
    try:
        meter = made_by.from_settings(own)
    except MeterError as error:
        raise UserError(told(settings.use, error)) from error
    stranger = next((how for how in meter.provenance.values() if how not in PROVENANCES), None)
    if not meter.provenance or stranger is not None:
        what = "does not say what it measures" if stranger is None else f"names the provenance {stranger!r}"
        raise UserError(f"the meter {settings.use!r} {what}; its provenance must be one of: {', '.join(PROVENANCES)}")
    return meter


def told(name: str, error: MeterError) -> str:
    """A meter's failure in one sentence for a person, with what to do about it."""
    fix = f" (fix: {error.fix})" if error.fix else ""
    return f"{name}: {error}{fix}. See what can be measured here with: wattbench doctor"
