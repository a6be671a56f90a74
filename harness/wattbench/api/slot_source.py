"""Define what has the slots that ask the blocks of a suite at once: a cluster, or the GPUs of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.api.session import machine_lock
from wattbench.distributed.agent import BLOCK_WORKER
from wattbench.distributed.ray_cluster import RaySlots, check_address, connected
from wattbench.distributed.slots import MachineSlots
from wattbench.errors import UserError
from wattbench.machine.measuring_lock import slots_now
from wattbench.machine.slot import all_slots, idle_power_w
from wattbench.measure.effort import effort_of
from wattbench.meters import choose_for
from wattbench.meters.slots.here import check_in_slot
from wattbench.progress.notices import notice

if TYPE_CHECKING:
    from wattbench.config import Resolved
    from wattbench.distributed.slots import SlotProvider
    from wattbench.meters import Meter


@dataclass(frozen=True)
class Cluster:
    """A cluster whose slots ask the blocks of a suite."""

    address: str
    """``ray``, ``ray://HOST:PORT`` or ``HOST:PORT``."""
    gpus_per_slot: int = 1

    @property
    def name(self) -> str:
        """Return the cluster's address, as a name for people."""
        return self.address

    def words(self) -> list[str]:
        """Return the command's options that select this cluster."""
        return ["--cluster", self.address, *_per_slot(self.gpus_per_slot)]

    def slots(self, _: Resolved) -> contextlib.AbstractContextManager[SlotProvider]:
        """Connect to the cluster, and yield its slots.

        Raises:
            UserError: there is no such cluster, or Ray is not installed.
        """
        return self._connected()

    def one_slot(self, worker: str) -> contextlib.AbstractContextManager[SlotProvider]:
        """Connect to the cluster, and yield its slots, one at a time.

        Args:
            worker: the module that asks on it.

        Raises:
            UserError: as `slots`.
        """
        return self._connected(worker, 1)

    @contextlib.contextmanager
    def _connected(self, worker: str | None = None, most: int | None = None) -> Iterator[SlotProvider]:
        with connected(check_address(self.address)) as ray:
            slots = RaySlots(ray, self.gpus_per_slot, worker or BLOCK_WORKER, most)
            try:
                yield slots
            finally:
                slots.wait_for_ends()


@dataclass(frozen=True)
class SlotsHere:
    """The NVIDIA GPUs of this machine, divided into slots that ask blocks at once."""

    number: int | None = None
    """How many slots; None: as many as there are GPUs for."""
    gpus_per_slot: int = 1

    name = "this machine"

    def words(self) -> list[str]:
        """Return the command's options that select these slots."""
        number = "auto" if self.number is None else str(self.number)
        return ["--slots", number, *_per_slot(self.gpus_per_slot)]

    @contextlib.contextmanager
    def slots(self, resolved: Resolved) -> Iterator[SlotProvider]:
        """Measure the machine's idle power, and yield its slots.

        Raises:
            UserError: there are not as many GPUs, or none; or a meter measures what cannot be given out among slots.
        """
        slots = all_slots(self.gpus_per_slot)
        if self.number is not None and self.number > len(slots):
            raise UserError(
                f"--slots {self.number}: the GPUs that can be used here are enough for {len(slots)}"
                + (f" of {self.gpus_per_slot} GPUs each" if self.gpus_per_slot > 1 else "")
            )
        chosen = choose_for(resolved.suite)
        effort = effort_of(resolved.suite.measure, chosen.provenance, chosen.shortest_window_s)
        check_in_slot(chosen.meters)
        yield MachineSlots(slots[: self.number], _idle_w(chosen.meters, effort.idle_s) if chosen.meters else {})


SlotSource = Cluster | SlotsHere
"""What has slots that ask blocks at once."""


def slot_source(cluster: str | None, slots: str | int | None, gpus_per_slot: int | None) -> SlotSource | None:
    """Return the cluster or the GPUs that the options name as slots. None without such options.

    Args:
        cluster: as `--cluster` has it.
        slots: ``auto``, or how many of this machine.
        gpus_per_slot: of either; None: 1.

    Raises:
        UserError: they do not go together, or the number is none.
    """
    if cluster is not None and slots is not None:
        raise UserError("--slots asks on this machine and --cluster on others: leave one out")
    if cluster is not None:
        return Cluster(cluster, gpus_per_slot or 1)
    if slots is None:
        if gpus_per_slot is not None:
            raise UserError("--gpus-per-slot goes with --slots or --cluster")
        return None
    number = str(slots)
    if number != "auto" and not (number.isascii() and number.isdigit() and len(number) < 5 and int(number)):
        raise UserError(f"--slots {number!r:.40}: write auto, or how many slots there are to be")
    return SlotsHere(None if number == "auto" else int(number), gpus_per_slot or 1)


def _per_slot(gpus: int) -> list[str]:
    return [] if gpus == 1 else ["--gpus-per-slot", str(gpus)]


def _idle_w(meters: Sequence[Meter], idle_s: float) -> Mapping[str, float]:
    """Measure the machine's idle power. Empty if other slots measure already."""
    if slots_now():
        notice(
            "wattbench: other slots measure on this machine already, so that its idle draw is not known: what all "
            "share is given out by CPU seconds alone"
        )
        return {}
    try:
        with machine_lock():
            return idle_power_w(meters, idle_s)
    except UserError as error:  # each slot says so too, and may wait
        notice(f"wattbench: the idle draw of this machine is not measured: {error}")
        return {}
