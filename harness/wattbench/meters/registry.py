"""Make a meter from its entry in the suite. Its class is imported only then."""

from __future__ import annotations

from wattbench.config import METERS, MeterSettings
from wattbench.errors import UserError
from wattbench.meters.base import PROVENANCES, ConfiguredMeter, Meter, MeterError


def make_meter(settings: MeterSettings) -> Meter:
    """Make the meter for an entry of the suite, without opening it.

    Raises:
        UserError: there is no such meter, or it cannot measure anything here, and why.
    """
    made_by: type[ConfiguredMeter] = METERS.load(settings.use)
    try:
        meter = made_by.from_settings(settings)
    except MeterError as error:
        raise UserError(failure_text(settings.use, error)) from error
    unknown = next((how for how in meter.provenance.values() if how not in PROVENANCES), None)
    if not meter.provenance or unknown is not None:
        what = "does not say what it measures" if unknown is None else f"names the provenance {unknown!r}"
        raise UserError(f"the meter {settings.use!r} {what}; its provenance must be one of: {', '.join(PROVENANCES)}")
    return meter


def failure_text(name: str, error: MeterError) -> str:
    """Return a sentence on why a meter failed and what to do about it."""
    fix = f" (fix: {error.fix})" if error.fix else ""
    return f"{name}: {error}{fix}. See what can be measured here with: wattbench doctor"
