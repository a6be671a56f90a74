"""Find the GPUs of a device slot: those of one machine that one process measures, while others measure the rest."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.errors import UserError
from wattbench.meters import Metering, usable_as_idle, watch_here
from wattbench.meters.base import MODELLED, Meter, MeterError
from wattbench.meters.nvml.visible_gpus import find_gpus, refuse_mig, start_nvml
from wattbench.meters.slots.here import is_shared
from wattbench.records import Purpose, WindowLabel

if TYPE_CHECKING:
    from wattbench.meters.nvml.visible_gpus import Gpu


VISIBLE = "CUDA_VISIBLE_DEVICES"
NO_GPU = (
    "a slot is some of the NVIDIA GPUs of a machine, and none can be used here ({why}). Processors cannot be measured "
    "apart: their joules are counted for all of them together. Leave the option out to measure the whole machine"
)


@dataclass(frozen=True)
class Slot:
    """Some GPUs of this machine."""

    gpus: tuple[str, ...]
    """UUIDs, in order."""

    def __str__(self) -> str:
        return ",".join(self.gpus)

    def take(self) -> None:
        """Restrict this process, and all that it starts, to the slot's GPUs. Call it before any library uses CUDA.

        Raises:
            UserError: CUDA has started in this process, and keeps the GPUs that it has seen.
        """
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized() and os.environ.get(VISIBLE) != str(self):
            raise UserError(
                "CUDA has started in this process, so that its GPUs cannot be chosen any more; name the slot first"
            )
        os.environ[VISIBLE] = str(self)


def find_slot(text: str) -> Slot:
    """Return the slot for a list of GPUs that a user typed.

    Args:
        text: UUIDs (or their beginnings) and numbers as `nvidia-smi` shows them, separated by commas.

    Raises:
        UserError: there is no such GPU, it is named twice or hidden, or the machine has none.
    """
    gpus = usable_gpus()
    chosen: list[Gpu] = []
    for word in (part.strip() for part in text.split(",")):
        gpu = _named(word, gpus)
        if gpu in chosen:
            raise UserError(f"--slot {text}: {word} names a GPU twice")
        chosen.append(gpu)
    return Slot(tuple(sorted(gpu.uuid for gpu in chosen)))


def all_slots(gpus_per_slot: int) -> list[Slot]:
    """Divide the machine's GPUs into slots of neighbouring GPUs, and return the slots.

    Raises:
        UserError: they cannot be divided by that number, or there is none.
    """
    gpus = usable_gpus()
    if len(gpus) < gpus_per_slot:
        raise UserError(f"--gpus-per-slot {gpus_per_slot}: only {len(gpus)} can be used here")
    starts = range(0, len(gpus) - gpus_per_slot + 1, gpus_per_slot)
    return [Slot(tuple(sorted(gpu.uuid for gpu in gpus[start : start + gpus_per_slot]))) for start in starts]


def usable_gpus() -> Sequence[Gpu]:
    """Return the GPUs that `CUDA_VISIBLE_DEVICES` leaves visible and that are not divided into instances (MIG).

    Raises:
        UserError: there is none, or they cannot be listed.
    """
    try:
        nvml = start_nvml()
    except MeterError as error:
        raise UserError(NO_GPU.format(why=error)) from error
    try:
        whole, why = [], f"the machine has none, or {VISIBLE} hides all"
        for gpu in find_gpus(nvml):
            try:
                refuse_mig(nvml, gpu)
                whole.append(gpu)
            except MeterError as error:
                why = str(error)
    except MeterError as error:
        raise UserError(f"{error}" + (f"; {error.fix}" if error.fix else "")) from error
    finally:
        nvml.nvmlShutdown()
    if not whole:
        raise UserError(NO_GPU.format(why=why))
    return whole


def _named(word: str, gpus: Sequence[Gpu]) -> Gpu:
    matches = [gpu for gpu in gpus if word == str(gpu.index) or (word.startswith("GPU-") and gpu.uuid.startswith(word))]
    if len(matches) != 1:
        known = ", ".join(f"{gpu.index} ({gpu.uuid})" for gpu in gpus)
        number = "more than one" if matches else "no"
        raise UserError(f"--slot: {word!r:.60} names {number} GPU that can be measured; there are {known}")
    return matches[0]


KNOWN_IDLE_W = "WATTBENCH_IDLE_W"
"""The variable in which `wattbench run --slots` hands it to its workers: JSON, component to watts."""


def idle_power_w(meters: Sequence[Meter], seconds: float) -> Mapping[str, float]:
    """Measure the machine's idle power. No model may be loaded, and this process must hold the machine's lock.

    Args:
        meters: of the machine, none of them open. GPUs' are not asked.
        seconds: for how long; longer where a sensor needs it; 0: nothing is measured.

    Returns:
        Component to watts, of what slots share and a sensor measures; without those that other work disturbed. A model
        knows its own.

    Raises:
        UserError: a meter cannot be opened.
    """
    shared = [meter for meter in meters if _measures_shared(meter)]
    if not seconds or not shared:
        return {}
    label = WindowLabel(window="idle", run="", system="", task=None, purpose=Purpose.IDLE)
    with Metering(shared, watch_here()) as metering:
        window = metering.open(label)
        time.sleep(max(seconds, metering.shortest_window_s))
        row = window.close()
    return {
        component: energy_j / row.duration_s
        for component, energy_j in row.energy_j.items()
        if is_shared(component) and usable_as_idle(row, component)
    }


def known_idle_w(environ: Mapping[str, str] | None = None) -> Mapping[str, float]:
    """Return the machine's idle power that the parent process measured; empty without one.

    Args:
        environ: where to look; None looks in this process's environment.
    """
    text = (os.environ if environ is None else environ).get(KNOWN_IDLE_W, "{}")
    try:
        watts = {str(name): float(power_w) for name, power_w in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}
    return watts if all(0.0 <= power_w < math.inf for power_w in watts.values()) else {}


def _measures_shared(meter: Meter) -> bool:
    return any(is_shared(component) and how != MODELLED for component, how in meter.provenance.items())
