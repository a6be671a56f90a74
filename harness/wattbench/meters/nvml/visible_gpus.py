"""Find the GPUs that a system can use, as NVML sees them, and why some cannot be measured."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wattbench.meters.base import AbsentError, MeterError


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU that the systems under test can use."""

    index: int
    """NVML's, as `nvidia-smi` shows it: not CUDA's ordinal."""
    handle: Any
    name: str
    uuid: str

    @property
    def component(self) -> str:
        """``gpu0``, ``gpu1``, ..."""
        return f"gpu{self.index}"


def start_nvml() -> Any:
    """Load the driver's library and initialise it. Each call needs one `nvmlShutdown`.

    Returns:
        The `pynvml` module.

    Raises:
        MeterError: no driver, or one that does not answer; the message says what to do.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise _not_started(pynvml, error) from error
    return pynvml


def _not_started(nvml: Any, error: Any) -> MeterError:
    if error.value == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return AbsentError("no NVIDIA driver (libnvidia-ml.so.1 was not found)")
    if error.value == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        return MeterError("the NVIDIA kernel module is not loaded", fix="sudo modprobe nvidia")
    if error.value == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return MeterError("the NVIDIA driver was updated but not reloaded", fix="reboot the machine")
    return MeterError(f"NVML does not start ({error})", fix="check whether nvidia-smi works")


def find_gpus(nvml: Any) -> list[Gpu]:
    """Return the GPUs that `CUDA_VISIBLE_DEVICES` leaves visible (all, if it is not set).

    Args:
        nvml: as `start_nvml` returns it.

    Raises:
        MeterError: NVML does not list them, or the variable names something whose energy cannot be separated.
    """
    return _visible(all_gpus(nvml))


def all_gpus(nvml: Any) -> list[Gpu]:
    """Return all GPUs of the machine, whether visible to systems or not.

    Raises:
        MeterError: NVML does not list them.
    """
    try:
        return [_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError as error:
        raise MeterError(f"NVML does not list the GPUs ({error})") from error


def changed_gpus(nvml: Any, opened: Sequence[Gpu]) -> list[str]:
    """Return a sentence for each GPU that appeared or disappeared since a meter was opened.

    Args:
        nvml: as `start_nvml` returns it.
        opened: as `find_gpus` returned them then.
    """
    try:
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        return [f"NVML does not list the GPUs any more ({error})"]
    present = []
    for index in range(count):
        with suppress(nvml.NVMLError):  # of a lost one even this is refused
            present.append(_gpu(nvml, index))
    uuids, known = {gpu.uuid for gpu in present}, {gpu.uuid for gpu in opened}
    gone = [f"{gpu.component}: {gpu.name} ({gpu.uuid}) is gone" for gpu in opened if gpu.uuid not in uuids]
    try:
        usable = _visible(present)
    except MeterError:
        usable = []  # what it refuses now it did not when the meter was opened, so one is gone: that is said
    appeared = [gpu for gpu in usable if gpu.uuid not in known]
    return gone + [f"{gpu.name} ({gpu.uuid}) appeared in mid-run: what it draws is not measured" for gpu in appeared]


def _visible(gpus: list[Gpu]) -> list[Gpu]:
    """Return the GPUs that `CUDA_VISIBLE_DEVICES` leaves visible."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return gpus
    by_pci_order = os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" or len({gpu.name for gpu in gpus}) <= 1
    return select_visible(wanted, gpus, by_pci_order=by_pci_order)


def _gpu(nvml: Any, index: int) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    return Gpu(index, handle, nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle))


def expected_gpus() -> int | None:
    """Return how many GPUs `CUDA_VISIBLE_DEVICES` names before the first -1; None if it is not set."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return None
    named = [entry for part in wanted.split(",") if (entry := part.strip())]
    return len(set(itertools.takewhile(lambda entry: entry != "-1", named)))


def select_visible(wanted: str, gpus: Sequence[Gpu], *, by_pci_order: bool) -> list[Gpu]:
    """Return the GPUs that CUDA would see with this `CUDA_VISIBLE_DEVICES`.

    Args:
        wanted: the value of `CUDA_VISIBLE_DEVICES`.
        gpus: all GPUs in NVML's order, which is that of the PCI bus.
        by_pci_order: whether CUDA's indices are known to be in that order too.

    Raises:
        MeterError: a MIG instance, or an index that may mean another GPU to CUDA than to NVML.

    Source: CUDA C++ Programming Guide, "CUDA Environment Variables".
    """
    chosen: list[Gpu] = []
    for entry in (part.strip() for part in wanted.split(",")):
        if entry.startswith("MIG-"):
            raise MeterError(
                f"CUDA_VISIBLE_DEVICES names the MIG instance {entry}, but energy is counted for the whole GPU only",
                fix="measure on a GPU without MIG",
            )
        if entry.isdigit() and not by_pci_order:
            raise MeterError(
                f"CUDA_VISIBLE_DEVICES={wanted} counts GPUs of different models in CUDA's order, which NVML does not "
                "know",
                fix="export CUDA_DEVICE_ORDER=PCI_BUS_ID, or name the GPUs by UUID",
            )
        match = _named(entry, gpus)
        if match is None:
            break  # so does CUDA: what follows an invalid entry is invisible
        if match not in chosen:
            chosen.append(match)
    return sorted(chosen, key=lambda gpu: gpu.index)


def _named(entry: str, gpus: Sequence[Gpu]) -> Gpu | None:
    if entry.isdigit():
        return next((gpu for gpu in gpus if gpu.index == int(entry)), None)
    matches = [gpu for gpu in gpus if entry.startswith("GPU-") and gpu.uuid.startswith(entry)]
    return matches[0] if len(matches) == 1 else None


def refuse_mig(nvml: Any, gpu: Gpu) -> None:
    """Raise if a GPU is divided into instances (MIG).

    Raises:
        MeterError: MIG mode is on.
    """
    try:
        current, _pending = nvml.nvmlDeviceGetMigMode(gpu.handle)
    except nvml.NVMLError:
        return  # a part without MIG
    if current == nvml.NVML_DEVICE_MIG_ENABLE:
        raise MeterError(
            f"{gpu.component}: MIG mode is on, but energy is counted for the whole GPU, not for an instance",
            fix=f"sudo nvidia-smi -i {gpu.index} -mig 0",
        )
