"""Slots of this machine: a worker process for each, which has GPUs of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.distributed.agent import SlotAgent
from wattbench.distributed.slots import SlotLink
from wattbench.machine.idle_power import KNOWN_IDLE_W
from wattbench.machine.slot import VISIBLE, Slot


class MachineSlot:
    """A slot of this machine, with its worker."""

    def __init__(self, slot: Slot, agent: SlotAgent) -> None:
        self.slot = slot
        self.name = f"{'GPU' if len(slot.gpus) == 1 else 'GPUs'} {slot}"
        self.send, self.poll, self.forget, self.close = agent.send, agent.poll, agent.forget, agent.close


@dataclass
class MachineSlots:
    """The slots of this machine that ask blocks."""

    slots: Sequence[Slot]
    idle_w: Mapping[str, float] = field(default_factory=dict)
    """Component to what the machine draws at rest, as measured before; the same for all slots."""
    start: type[SlotAgent] = SlotAgent
    """What starts a worker."""
    _in_service: dict[Slot, MachineSlot] = field(default_factory=dict, init=False)
    _out: set[Slot] = field(default_factory=set, init=False)
    """Those that are not started again."""

    def number(self) -> int:
        """Return how many slots there are."""
        return len(self.slots)

    def new_slots(self, setup: bytes) -> Sequence[SlotLink]:
        """Return all slots at first, each with a new worker; later those that are started again."""
        new = [slot for slot in self.slots if slot not in self._in_service and slot not in self._out]
        for slot in new:
            environment = {VISIBLE: str(slot)} | ({KNOWN_IDLE_W: json.dumps(dict(self.idle_w))} if self.idle_w else {})
            self._in_service[slot] = MachineSlot(slot, self.start(setup, environment, shares=True))
        return [self._in_service[slot] for slot in new]

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Start another worker on the same GPUs, where that may help."""
        gpus = next((gpus for gpus, each in self._in_service.items() if each is slot), None)
        if gpus is not None:
            del self._in_service[gpus]
            if not again:
                self._out.add(gpus)

    def why_none(self) -> str | None:
        """Nothing is waited for: no GPU comes to a machine."""
        return None
