"""From a suite's `meters:` to meters: those it names, and for `auto` what this machine has for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wattbench.config import AutoSettings, MeterSettings
from wattbench.errors import UserError
from wattbench.meters.base import MODELLED, REPLAYED, DescribedMeter, Meter
from wattbench.meters.detect import Sensor, fewer_gpus, meters_for, survey
from wattbench.meters.nvml.meter import NvmlMeter
from wattbench.meters.registry import make_meter


@dataclass(frozen=True)
class Chosen:
    """The meters of a run, none of them open."""

    meters: list[Meter]
    sensors: list[Sensor] = field(default_factory=list)
    """What was looked at to choose them; empty where the suite names them all."""

    @property
    def provenance(self) -> dict[str, str]:
        """Component to how its joules will come about."""
        return {component: how for meter in self.meters for component, how in meter.provenance.items()}

    @property
    def details(self) -> dict[str, dict[str, Any]]:
        """Component to ``{"meter", "reads", "step_s"}``, as a run's header keeps it."""
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
        """What is there, and will not be measured."""
        stated = self.provenance
        return [s for s in self.sensors if s.exists and not s.readable and s.component not in stated]


def choose(entries: Sequence[MeterSettings] = (AutoSettings(use="auto"),)) -> Chosen:
    """The meters that a suite's entries ask for.

    `auto` stands back: it takes no meter that is named beside it, and no component that another entry measures.

    Raises:
        UserError: one of them cannot measure anything here, or two measure the same component.
    """
    named = [make_meter(entry) for entry in entries if not isinstance(entry, AutoSettings)]
    sensors = [sensor for meter in named if isinstance(meter, NvmlMeter) for sensor in fewer_gpus(meter)]
    automatic: list[Meter] = []
    if len(named) < len(entries):
        names = {entry.use for entry in entries}
        claimed = {component for meter in named for component in meter.provenance}
        found = [sensor for sensor in survey() if sensor.meter not in names]
        # A GPU's place is taken by name only, as its meter takes all GPUs or none: an overlap is told below.
        free = [replace(s, used=s.used and (s.meter == NvmlMeter.name or s.component not in claimed)) for s in found]
        sensors += _modelled_instead(free, claimed)
        automatic = meters_for(sensors)
    meters = [*automatic, *named]
    _refuse_twins(meters)
    return Chosen(meters, sensors)


def _modelled_instead(sensors: Sequence[Sensor], claimed: set[str]) -> list[Sensor]:
    """A named meter may leave out a component that `auto` would have taken from it: the model then takes its place."""
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
            raise UserError(f"meters: two are called {name}; a trace could not tell them apart")


def require_measured(chosen: Chosen) -> None:
    """Refuse where a component's joules would not come from a sensor of this run.

    Raises:
        UserError: which, why, and what to do about it.
    """
    looked_at = chosen.sensors or survey()
    said = [_why_not_measured(component, how, looked_at) for component, how in chosen.provenance.items()]
    said += [_unreadable(sensor) for sensor in chosen.unmeasured]
    refused = [why for why in said if why]
    if not chosen.meters:
        refused.append("nothing here can be measured")
    if refused:
        raise UserError(
            f"energy is required to be measured, and would not be: {'; '.join(refused)}. Mend that, name under "
            "`meters:` only what is measured, or drop --require-measured (measure.require_measured in the suite)"
        )


def _why_not_measured(component: str, how: str, sensors: Sequence[Sensor]) -> str | None:
    if how == REPLAYED:
        return f"{component} would be replayed from a recording"
    if how != MODELLED:
        return None
    better = next((s for s in sensors if s.component == component and s.why_not is not None), None)
    said = f"{component} would only be modelled"
    if better is None:
        return said
    return f"{said}, as {better.why_not}" + (f" (fix: {better.fix})" if better.fix else "")


def _unreadable(sensor: Sensor) -> str:
    fix = f" (fix: {sensor.fix})" if sensor.fix else ""
    return f"{sensor.component} cannot be measured: {sensor.why_not}{fix}"
