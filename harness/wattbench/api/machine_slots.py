"""Asking a suite's blocks on several slots of this machine at once: which slots, and what the machine draws at rest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.api.session import machine_lock
from wattbench.errors import UserError
from wattbench.progress.notices import notice

if TYPE_CHECKING:
    from wattbench.config import Resolved
    from wattbench.distributed.slots import MachineSlots
    from wattbench.meters import Meter


@dataclass(frozen=True)
class SlotsHere:
    """The NVIDIA GPUs of this machine, divided into slots that ask blocks at once."""

    number: int | None = None
    """How many slots; None: as many as there are GPUs for."""
    gpus_per_slot: int = 1

    name = "this machine"

    def words(self) -> list[str]:
        """Return it as options of a command."""
        more = [] if self.gpus_per_slot == 1 else ["--gpus-per-slot", str(self.gpus_per_slot)]
        return ["--slots", "auto" if self.number is None else str(self.number), *more]

    @contextlib.contextmanager
    def slots(self, resolved: Resolved) -> Iterator[MachineSlots]:
        """Measure what the machine draws at rest, and yield its slots.

        Raises:
            UserError: there are not as many GPUs, or none; or a meter measures what cannot be given out among slots.
        """
        from wattbench.distributed.slots import MachineSlots
        from wattbench.machine.slot import all_slots
        from wattbench.measure.effort import effort_of
        from wattbench.meters import choose_for
        from wattbench.meters.slots.here import check_in_slot

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


def _idle_w(meters: Sequence[Meter], idle_s: float) -> Mapping[str, float]:
    """Measure the machine's idle power, where no other slot is in the way."""
    from wattbench.machine.idle_power import idle_power_w
    from wattbench.machine.measuring_lock import slots_now

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
