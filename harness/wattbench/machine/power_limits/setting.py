"""Set the power limits of a run's GPUs for the turn of a system, and set them back after it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.errors import UserError
from wattbench.interrupts import held
from wattbench.machine.power_limits import guardian
from wattbench.machine.power_limits.guardian import READY, is_limit, set_limits
from wattbench.machine.power_limits.note import LimitNote, Limits
from wattbench.meters.base import MeterError
from wattbench.meters.nvml.meter import STATE_EVERY_S
from wattbench.meters.nvml.visible_gpus import Gpu, find_gpus, start_nvml


@dataclass(frozen=True)
class _InForce:
    """What was changed, and is to be set back."""

    nvml: Any
    gpus: Mapping[str, Gpu]
    """By UUID."""
    limits: Limits
    note: LimitNote


class PowerLimits:
    """The power limits of the GPUs that a run may use. Nothing is opened or started before the first one is set."""

    def __init__(self) -> None:
        """Change nothing yet."""
        self._in_force: _InForce | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def in_force_w(self) -> dict[str, float]:
        """Return the limits that are set now: component to watts."""
        if self._in_force is None:
            return {}
        gpus, set_mw = self._in_force.gpus, self._in_force.limits.set_mw
        return {gpus[uuid].component: mw / 1000 for uuid, mw in set_mw.items()}

    @contextlib.contextmanager
    def limited_to(self, limit_w: float | None) -> Iterator[None]:
        """Limit the power of each GPU in a block, and set the earlier limits back at its end.

        Args:
            limit_w: watts; None: nothing is changed.

        Raises:
            UserError: a limit cannot be set, or cannot be set back.
        """
        if limit_w is None:
            yield
            return
        try:
            with held():
                self._set(limit_w)
            yield
        finally:
            with held():
                self._set_back()

    def faults(self) -> list[str]:
        """Return, for each limit that was set and is not in force any more, a sentence that says so."""
        if self._in_force is None:
            return []
        faults, nvml = [], self._in_force.nvml
        for uuid, gpu in self._in_force.gpus.items():
            set_mw = self._in_force.limits.set_mw[uuid]
            try:
                now_mw = nvml.nvmlDeviceGetPowerManagementLimit(gpu.handle)
            except nvml.NVMLError as error:
                faults.append(f"{gpu.component}: its power limit cannot be read ({error})")
                continue
            if not is_limit(now_mw, set_mw):
                limits = f"{now_mw / 1000:g} W at the end of the window, not {set_mw / 1000:g} W as the suite sets it"
                faults.append(f"{gpu.component}: its power limit was {limits}")
        return faults

    def close(self) -> None:
        """Set back what is still changed, and end the guardian."""
        with held():
            self._set_back()  # where that fails the guardian stays, and tries it once more when this process ends
            if self._guardian is not None:
                self._guardian.kill()
                self._guardian.communicate()
                self._guardian = None

    def _set(self, limit_w: float) -> None:
        try:
            nvml = start_nvml()
        except MeterError as error:
            raise UserError(f"no power limit can be set: {error}") from error
        try:
            gpus = {gpu.uuid: gpu for gpu in find_gpus(nvml)}
            earlier_mw = {uuid: nvml.nvmlDeviceGetPowerManagementLimit(gpu.handle) for uuid, gpu in gpus.items()}
            limits = Limits(earlier_mw, dict.fromkeys(gpus, round(limit_w * 1000)))
            self._start_guardian()
            note = LimitNote(limits)
        except (MeterError, nvml.NVMLError) as error:
            nvml.nvmlShutdown()
            raise UserError(f"no power limit can be set: {error}") from error
        except BaseException:
            nvml.nvmlShutdown()
            raise
        self._in_force = _InForce(nvml, gpus, limits, note)
        self._tell({"note": str(note.path), "earlier_mw": earlier_mw})
        if failed := set_limits(nvml, _handles(gpus), limits.set_mw):
            uuid, why = next(iter(failed.items()))
            raise UserError(f"the power limit of {gpus[uuid].component} cannot be set to {limit_w:g} W: {why}")

    def _set_back(self) -> None:
        if self._in_force is None:
            return
        changed, self._in_force = self._in_force, None
        failed: Mapping[str, str] | None = None
        try:
            failed = set_limits(changed.nvml, _handles(changed.gpus), changed.limits.earlier_mw)
        finally:
            if failed == {}:
                changed.note.remove()
            else:
                changed.note.release()
            with contextlib.suppress(changed.nvml.NVMLError):  # of a lost device
                changed.nvml.nvmlShutdown()
        if failed:
            uuid, why = next(iter(failed.items()))
            limit_w = changed.limits.earlier_mw[uuid] / 1000
            raise UserError(
                f"the power limit of {changed.gpus[uuid].component} could not be set back to {limit_w:g} W: {why}. Set "
                f"it: sudo nvidia-smi -i {changed.gpus[uuid].index} -pl {limit_w:.0f}"
            )
        with contextlib.suppress(UserError):  # it was killed; the next change starts another
            self._tell({})
        time.sleep(STATE_EVERY_S)  # so that no window after it begins with a note on the clocks under the limit

    def _start_guardian(self) -> None:
        """Start the guardian, if it does not run, and wait until it can set limits."""
        if self._guardian is not None and self._guardian.poll() is None:
            return
        process = subprocess.Popen(
            [sys.executable, "-P", guardian.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C in a terminal, and its end, do not reach it
        )
        assert process.stdout is not None  # a pipe
        if process.stdout.readline() != READY:
            _, said = process.communicate()
            why = said.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"status {process.returncode}"
            raise UserError(f"{_GUARDIAN} did not start ({why}), so no limit was changed")
        self._guardian = process

    def _tell(self, left: Mapping[str, Any]) -> None:
        """Write to the guardian what it has to do if this process dies.

        Raises:
            UserError: it has ended.
        """
        assert self._guardian is not None and self._guardian.stdin is not None  # it was started with a pipe
        try:
            self._guardian.stdin.write(json.dumps(left).encode() + b"\n")
        except OSError as error:
            raise UserError(f"{_GUARDIAN} has ended, so no limit was changed") from error


_GUARDIAN = "the process that sets power limits back if the run is killed"


def _handles(gpus: Mapping[str, Gpu]) -> dict[str, Any]:
    return {uuid: gpu.handle for uuid, gpu in gpus.items()}
