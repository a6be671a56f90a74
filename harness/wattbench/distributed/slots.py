"""Define the interface of device slots and their providers, and those of this machine."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from wattbench.distributed.agent import BLOCK_WORKER, SlotAgent, SlotReport
from wattbench.machine.idle_power import KNOWN_IDLE_W
from wattbench.machine.slot import VISIBLE, Slot

_Key = TypeVar("_Key", bound=Hashable)
_Link = TypeVar("_Link", bound="SlotLink")


class SlotLostError(Exception):
    """A slot cannot be reached any more: its node, or what runs its worker there, has ended."""


class SlotLink(Protocol):
    """A device slot with a worker. No call waits."""

    @property
    def name(self) -> str:
        """Return the slot's name for people: ``node 10.0.0.7, GPU 3``."""
        ...

    def send(self, message: bytes) -> None:
        """Send the worker a message."""
        ...

    def poll(self) -> SlotReport:
        """Return the worker's new messages and files.

        Raises:
            SlotLostError: it cannot be reached any more.
        """
        ...

    def forget(self, shard: str) -> None:
        """Remove a shard on the slot that the driver has."""
        ...

    def close(self) -> None:
        """End the worker, where it can be reached."""
        ...


class SlotProvider(Protocol):
    """Where slots come from: a cluster, or this machine."""

    def new_slots(self, setup: bytes) -> Sequence[SlotLink]:
        """Return the slots that are not in service yet: all at first, later those that joined or are started again.

        Args:
            setup: the first message to their workers.
        """
        ...

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Take note that a slot is out of service.

        Args:
            slot: which.
            again: whether another worker may be started in its place.
        """
        ...

    def why_none(self) -> str | None:
        """Return a text on what the provider waits for while it has no slot. None if it waits for nothing."""
        ...


class CountedSlots(SlotProvider, Protocol):
    """A provider that knows its number of slots."""

    def number(self) -> int:
        """Return the number of slots that there are now."""
        ...


class LocalSlot:
    """A slot of this machine, with a worker in a process next to this one."""

    def __init__(self, name: str, agent: SlotAgent) -> None:
        self.name = name
        self.send, self.poll, self.forget, self.close = agent.send, agent.poll, agent.forget, agent.close


@dataclass
class InService(Generic[_Key, _Link]):
    """The slots in service by their places, and the places that get none any more."""

    slots: dict[_Key, _Link] = field(default_factory=dict)
    _out: set[_Key] = field(default_factory=set)

    def free(self, keys: Iterable[_Key]) -> list[_Key]:
        """Return the places that may get a slot."""
        return [key for key in keys if key not in self.slots and key not in self._out]

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Take a slot out of service, as `SlotProvider.gone` does."""
        for key in [key for key, each in self.slots.items() if each is slot]:
            del self.slots[key]
            if not again:
                self._out.add(key)


class ThisMachine:
    """One slot: this machine, without a cluster."""

    def __init__(self, worker: str = BLOCK_WORKER) -> None:
        """Begin without a worker.

        Args:
            worker: the module that asks.
        """
        self._worker, self._wanted = worker, True

    def new_slots(self, setup: bytes) -> Sequence[SlotLink]:
        """Return the slot, with a new worker, where it has none."""
        if not self._wanted:
            return []
        self._wanted = False
        return [LocalSlot("this machine", SlotAgent(setup, worker=self._worker))]

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Start a new worker, if that may help."""
        self._wanted = again

    def why_none(self) -> str | None:
        """Return None, because nothing is waited for."""
        return None


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
        """Return the number of slots."""
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
        """Return None, because no GPU is added to a machine while it runs."""
        return None
