"""Choose the meters of a suite: those it names, and for `auto` those that this machine has for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wattbench.config import METERS, AutoSettings, MeterSettings, Suite, SystemBase
from wattbench.errors import UserError
from wattbench.meters.amd import AmdSmiMeter
from wattbench.meters.base import MODELLED, PROVENANCES, REPLAYED, ConfiguredMeter, DescribedMeter, Meter, MeterError
from wattbench.meters.detect import Sensor, fewer_gpus, meters_for, survey
from wattbench.meters.hosts import unmeasured_systems
from wattbench.meters.nvml.meter import NvmlMeter
from wattbench.meters.slots.here import in_slot
from wattbench.meters.windows.thresholds import MIN_STEPS


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
    return f"{name}: {error}{fix}. See what can be measured here with: wattbench dev doctor"


@dataclass(frozen=True)
class Chosen:
    """The meters of a run, none of them open."""

    meters: list[Meter]
    sensors: list[Sensor] = field(default_factory=list)
    """The sensors that were inspected to choose them; empty if the suite names all meters."""

    @property
    def provenance(self) -> dict[str, str]:
        """Return the provenance of each component's joules."""
        return {component: how for meter in self.meters for component, how in meter.provenance.items()}

    @property
    def shortest_window_s(self) -> float:
        """Return the shortest window, in seconds, that these sensors allow as far as their steps are known."""
        steps_s = [meter.step_s.get(component, 0.0) for meter in self.meters for component in meter.provenance]
        return MIN_STEPS * max(steps_s, default=0.0)

    @property
    def details(self) -> dict[str, dict[str, Any]]:
        """Return ``{"meter", "reads", "step_s"}`` of each component, for a run's header."""
        return {
            component: {
                "meter": meter.name,
                "reads": meter.reads.get(component, "") if isinstance(meter, DescribedMeter) else "",
                "step_s": meter.step_s.get(component),
            }
            for meter in self.meters
            for component in meter.provenance
        }

    @property
    def unmeasured(self) -> list[Sensor]:
        """Return the sensors that exist but will not be measured."""
        measured = self.provenance
        return [s for s in self.sensors if s.exists and not s.readable and s.component not in measured]


def choose_for(suite: Suite) -> Chosen:
    """Return the meters of a suite; no meters with `energy: off`.

    Raises:
        UserError: as `choose`.
    """
    return choose(suite.meters) if suite.measure.energy else Chosen([])


def choose(entries: Sequence[MeterSettings] = (AutoSettings(use="auto"),)) -> Chosen:
    """Return the meters for the entries under a suite's `meters`.

    `auto` takes no meter that another entry names, and no component that another entry measures. In a slot of the
    machine the joules of what all slots share are this slot's part.

    Raises:
        UserError: one of them cannot measure anything here, or two measure the same component.
    """
    named = [make_meter(entry) for entry in entries if not isinstance(entry, AutoSettings)]
    sensors = [sensor for meter in named if isinstance(meter, NvmlMeter) for sensor in fewer_gpus(meter)]
    automatic: list[Meter] = []
    if len(named) < len(entries):
        names = {entry.use for entry in entries}
        claimed = {component for meter in named for component in meter.provenance}
        surveyed = [sensor for sensor in survey() if sensor.meter not in names]
        # A GPU is claimed by its meter's name only, as that takes all GPUs or none: an overlap is reported below.
        free = [
            replace(s, used=s.used and (s.meter in (NvmlMeter.name, AmdSmiMeter.name) or s.component not in claimed))
            for s in surveyed
        ]
        sensors += _modelled_instead(free, claimed)
        automatic = meters_for(sensors)
    meters = [*automatic, *named]
    _refuse_twins(meters)
    return Chosen(in_slot(meters), sensors)


def _modelled_instead(sensors: Sequence[Sensor], claimed: set[str]) -> list[Sensor]:
    """Mark the model as used for each component that no used or named meter reads."""
    used = {sensor.component for sensor in sensors if sensor.used} | claimed
    return [replace(s, used=True) if s.provenance == MODELLED and s.component not in used else s for s in sensors]


def _refuse_twins(meters: Sequence[Meter]) -> None:
    whose: dict[str, str] = {}
    for meter in meters:
        for component in meter.provenance:
            if component in whose:
                raise UserError(
                    f"meters: {whose[component]} and {meter.name} both measure {component}; name one, and not auto"
                )
            whose[component] = meter.name
    names = [meter.name for meter in meters]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"meters: two are called {name}; a trace could not distinguish them")


def require_measured(chosen: Chosen, systems: Mapping[str, SystemBase] | None = None) -> None:
    """Raise if a component's joules would not come from a sensor of this run.

    Args:
        chosen: the meters of the run.
        systems: that it will measure; one that runs where no meter reads is refused too.

    Raises:
        UserError: the message says which, why, and what to do about it.
    """
    sensors = chosen.sensors or survey()
    reasons = [_why_not_measured(component, how, sensors) for component, how in chosen.provenance.items()]
    reasons += [_unreadable(sensor) for sensor in chosen.unmeasured]
    refused = [why for why in reasons if why]
    refused += [f"{name}: {why}" for name, why in unmeasured_systems(chosen.provenance, systems or {}).items()]
    if not chosen.meters:
        refused.append("nothing here can be measured")
    if refused:
        raise UserError(
            f"energy is required to be measured, but would not be: {'; '.join(refused)}. Correct that, name under "
            "`meters:` only what is measured, or remove --require-measured (measure.require_measured in the suite)"
        )


def _why_not_measured(component: str, how: str, sensors: Sequence[Sensor]) -> str | None:
    if how == REPLAYED:
        return f"{component} would be replayed from a recording"
    if how != MODELLED:
        return None
    better = next((s for s in sensors if s.component == component and s.why_not is not None), None)
    text = f"{component} would only be modelled"
    if better is None:
        return text
    return f"{text}, as {better.why_not}" + (f" (fix: {better.fix})" if better.fix else "")


def _unreadable(sensor: Sensor) -> str:
    fix = f" (fix: {sensor.fix})" if sensor.fix else ""
    return f"{sensor.component} cannot be measured: {sensor.why_not}{fix}"
