"""Define the interface of device slots and their providers, and those of this machine."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattbench.distributed.agent import BLOCK_WORKER, SlotAgent, SlotReport
from wattbench.machine.slot import KNOWN_IDLE_W, VISIBLE, Slot


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


@dataclass
class SlotProvider:
    """Where slots come from: a cluster, or this machine. A subclass says which places there are, and starts a slot."""

    in_service: dict[Hashable, SlotLink] = field(default_factory=dict, init=False)
    """By their places."""
    _out: set[Hashable] = field(default_factory=set, init=False)
    """The places that get no slot any more."""

    def new_slots(self, setup: bytes) -> list[SlotLink]:
        """Return the slots that are not in service yet: all at first, later those that joined or are started again.

        Args:
            setup: the first message to their workers.
        """
        free = {key: each for key, each in self.places().items() if key not in self.in_service and key not in self._out}
        new = {key: self.start_slot(seat, setup) for key, seat in self.chosen(free).items()}
        self.in_service |= new
        return list(new.values())

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Take note that a slot is out of service.

        Args:
            slot: which.
            again: whether another worker may be started in its place.
        """
        for key in [key for key, each in self.in_service.items() if each is slot]:
            del self.in_service[key]
            if not again:
                self._out.add(key)

    def number(self) -> int:
        """Return the number of slots that there are now."""
        return len(self.places())

    def why_none(self) -> str | None:
        """Return a text on what the provider waits for while it has no slot. None if it waits for nothing."""
        return None

    def places(self) -> Mapping[Hashable, Any]:
        """Return the places that there are now for slots."""
        raise NotImplementedError

    def chosen(self, free: Mapping[Hashable, Any]) -> Mapping[Hashable, Any]:
        """Return those of the free places that are used."""
        return free

    def start_slot(self, seat: Any, setup: bytes) -> SlotLink:
        """Start a worker at a place."""
        raise NotImplementedError


class LocalSlot:
    """A slot of this machine, with a worker in a process next to this one."""

    def __init__(self, name: str, agent: SlotAgent) -> None:
        self.name = name
        self.send, self.poll, self.forget, self.close = agent.send, agent.poll, agent.forget, agent.close


@dataclass
class ThisMachine(SlotProvider):
    """One slot: this machine, without a cluster."""

    worker: str = BLOCK_WORKER
    """The module that asks."""

    def places(self) -> Mapping[Hashable, Any]:
        """Return the only place."""
        return {"this machine": None}

    def start_slot(self, seat: Any, setup: bytes) -> SlotLink:
        """Start a worker."""
        return LocalSlot("this machine", SlotAgent(setup, worker=self.worker))


@dataclass
class MachineSlots(SlotProvider):
    """The slots of this machine that ask blocks."""

    slots: Sequence[Slot]
    idle_w: Mapping[str, float] = field(default_factory=dict)
    """Component to what the machine draws at rest, as measured before; the same for all slots."""
    start: type[SlotAgent] = SlotAgent
    """What starts a worker."""

    def places(self) -> Mapping[Hashable, Slot]:
        """Return the slots' GPUs."""
        return {slot: slot for slot in self.slots}

    def start_slot(self, seat: Slot, setup: bytes) -> SlotLink:
        """Start a worker that sees the slot's GPUs alone."""
        environment = {VISIBLE: str(seat)} | ({KNOWN_IDLE_W: json.dumps(dict(self.idle_w))} if self.idle_w else {})
        name = f"{'GPU' if len(seat.gpus) == 1 else 'GPUs'} {seat}"
        return LocalSlot(name, self.start(setup, environment, shares=True))
