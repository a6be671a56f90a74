"""Slots of this machine: a worker process for each, which has GPUs of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.distributed.agent import SlotAgent
from wattbench.distributed.slots import InService, LocalSlot, SlotLink
from wattbench.machine.idle_power import KNOWN_IDLE_W
from wattbench.machine.slot import VISIBLE, Slot


@dataclass
class MachineSlots:
    """The slots of this machine that ask blocks."""

    slots: Sequence[Slot]
    idle_w: Mapping[str, float] = field(default_factory=dict)
    """Component to what the machine draws at rest, as measured before; the same for all slots."""
    start: type[SlotAgent] = SlotAgent
    """What starts a worker."""
    _in_service: InService[Slot, LocalSlot] = field(default_factory=InService, init=False)

    def number(self) -> int:
        """Return how many slots there are."""
        return len(self.slots)

    def new_slots(self, setup: bytes) -> Sequence[SlotLink]:
        """Return all slots at first, each with a new worker; later those that are started again."""
        new = self._in_service.free(self.slots)
        for slot in new:
            environment = {VISIBLE: str(slot)} | ({KNOWN_IDLE_W: json.dumps(dict(self.idle_w))} if self.idle_w else {})
            name = f"{'GPU' if len(slot.gpus) == 1 else 'GPUs'} {slot}"
            self._in_service.slots[slot] = LocalSlot(name, self.start(setup, environment, shares=True))
        return [self._in_service.slots[slot] for slot in new]

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Start another worker on the same GPUs, where that may help."""
        self._in_service.gone(slot, again=again)

    def why_none(self) -> str | None:
        """Nothing is waited for: no GPU comes to a machine."""
        return None
