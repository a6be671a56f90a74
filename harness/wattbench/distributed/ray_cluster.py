"""Device slots of a Ray cluster: an actor for each, which stays on its node.

Ray places the actors, tells of nodes that come and go, and carries what workers write. It schedules nothing else: each
actor starts a worker process once, and is asked what is new. No task or actor is tried again by Ray itself.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.distributed.agent import BLOCK_WORKER, ENDS_S, SlotReport
from wattbench.distributed.amdsmi_for_ray import amdsmi_for_ray
from wattbench.distributed.slot_actor import SlotActor
from wattbench.distributed.slots import InService, SlotLink, SlotLostError
from wattbench.errors import UserError, require

STORE_BYTES = 256 << 20
"""Of the object store of a cluster that is started here: what workers write passes through it in batches."""
FORM = "ray, ray://HOST:PORT or HOST:PORT"
_ADDRESS = re.compile(r"(ray|(ray://)?[^\s/:]+:\d{1,5})")


def check_address(text: str) -> str:
    """Return the address of a cluster, after a check of its form.

    Raises:
        UserError: it has none.
    """
    if not _ADDRESS.fullmatch(text):
        raise UserError(f"cluster {text!r:.80}: write {FORM}")
    return text


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a cluster, or start one on this machine; yield the module `ray`.

    Args:
        address: ``ray`` (one that runs on this machine, else one is started for this run), ``ray://HOST:PORT`` (Ray's
            client, from outside of the cluster) or ``HOST:PORT`` (from one of its nodes).

    Raises:
        MissingExtraError: Ray is not installed.
        UserError: there is no such cluster, or Ray cannot see the GPUs of this machine.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # of a cluster that is started here: it would report home
    with amdsmi_for_ray():
        ray = _connect(address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(address: str) -> Any:
    ray = require("ray", extra="cluster", what="--cluster ray")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address == "ray":
            _find_or_start(ray, quiet)
        else:
            if address.startswith("ray://"):
                require("grpc", extra="cluster", what="--cluster ray://HOST:PORT")
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"--cluster {address}: no connection ({reason}). Start Ray with: ray start --head; HOST:PORT goes on a "
            "node of the cluster, and ray://HOST:PORT (port 10001) elsewhere. A cluster may ask for its token "
            "(RAY_AUTH_MODE=token and RAY_AUTH_TOKEN)"
        ) from error
    return ray


def _find_or_start(ray: Any, quiet: Mapping[str, Any]) -> None:
    """Connect to a cluster on this machine. Start one if there is none, or if Ray's own variable says so."""
    if os.environ.get("RAY_ADDRESS") != "local":
        try:
            ray.init(address="auto", **quiet)
            return
        except ConnectionError as error:
            if "Could not find" not in str(error):  # there is one, which cannot be used
                raise
    ray.init(address="local", include_dashboard=False, object_store_memory=STORE_BYTES, **quiet)


@dataclass(frozen=True)
class _Seat:
    """The place of a slot: its node, its number there, and its processors and GPUs."""

    node_id: str
    number: int
    """Of the slot on its node, from 0."""
    name: str
    cpus: float
    gpus: float
    shares: bool
    """Whether its node has other slots."""


class RaySlot:
    """A slot whose worker runs in a Ray actor."""

    def __init__(self, ray: Any, seat: _Seat, actor: Any) -> None:
        self._ray, self.seat, self._actor = ray, seat, actor
        self.name = seat.name
        self._request: Any = None
        self.ending: Any = None
        """Done when its worker has ended."""

    def send(self, message: bytes) -> None:
        """Send the worker a message. If the actor is lost, the message is lost too, and `poll` says so."""
        self._actor.send.remote(message)

    def poll(self) -> SlotReport:
        """Return the worker's new messages and files."""
        if self._request is None:
            self._request = self._actor.poll.remote()
        done, _ = self._ray.wait([self._request], timeout=0)
        if not done:
            return SlotReport()
        request, self._request = self._request, None
        try:
            report: SlotReport = self._ray.get(request)
        except self._ray.exceptions.RayError as error:
            raise SlotLostError(_why_lost(error)) from error
        return report

    def forget(self, shard: str) -> None:
        """Have the actor remove a shard on its node."""
        self._actor.forget.remote(shard)

    def close(self) -> None:
        """End the worker, and then its actor."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self.ending = self._actor.close.remote()
            self._actor.__ray_terminate__.remote()


@dataclass
class RaySlots:
    """The slots of a cluster."""

    ray: Any
    gpus_per_slot: int = 1
    worker: str = BLOCK_WORKER
    """The module that asks on a slot."""
    most: int | None = None
    """Slots at a time; None: all."""
    _in_service: InService[tuple[str, int], RaySlot] = field(default_factory=InService, init=False)
    """By node and number."""
    _made: list[RaySlot] = field(default_factory=list, init=False)

    def wait_for_ends(self) -> None:
        """Give workers that were closed the time to release their systems."""
        ending = [slot.ending for slot in self._made if slot.ending is not None]
        if ending:
            self.ray.wait(ending, num_returns=len(ending), timeout=ENDS_S + 2.0)

    def number(self) -> int:
        """Return how many slots there are now."""
        return len(self._places())

    def new_slots(self, setup: bytes) -> Sequence[SlotLink]:
        """Return the new slots: those on nodes that joined, and those that are started again."""
        seats = {(seat.node_id, seat.number): seat for seat in self._places()}
        free = self._in_service.free(seats)
        new = free if self.most is None else free[: max(self.most - len(self._in_service.slots), 0)]
        for key in new:
            slot = RaySlot(self.ray, seats[key], self._actor(seats[key], setup))
            self._in_service.slots[key] = slot
            self._made.append(slot)
        return [self._in_service.slots[key] for key in new]

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        """Note that a slot is lost; start another actor if that may help."""
        self._in_service.gone(slot, again=again)

    def why_none(self) -> str | None:
        """Return the text that the cluster has no node to run on. None if the cluster has one."""
        return None if self._places() else "the cluster has no node with processors or GPUs"

    def _actor(self, seat: _Seat, setup: bytes) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        remote = self.ray.remote(
            num_cpus=seat.cpus, num_gpus=seat.gpus, max_restarts=0, max_task_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(seat.node_id, soft=False),
        )(SlotActor)  # fmt: skip
        return remote.remote(setup, str(Path.cwd()), seat.gpus, seat.shares, self.worker)

    def _places(self) -> list[_Seat]:
        places = []
        for node in sorted(self.ray.nodes(), key=lambda node: str(node["NodeID"])):
            cpus, gpus = (float(node.get("Resources", {}).get(name, 0.0)) for name in ("CPU", "GPU"))
            if not node.get("Alive") or not (cpus or gpus):
                continue
            number = max(int(gpus) // self.gpus_per_slot, 1)
            host = f"node {node.get('NodeManagerHostname') or node.get('NodeManagerAddress')} ({node['NodeID'][:6]})"
            for index in range(number):
                name = host if number == 1 else f"{host}, slot {index + 1}"
                # All processors of a node: nothing else is then placed next to what is measured.
                places.append(
                    _Seat(node["NodeID"], index, name, cpus // number, min(gpus, self.gpus_per_slot), number > 1)
                )
        return places


def _why_lost(error: BaseException) -> str:
    """Return a clause on why an actor cannot be reached, without Ray's traceback."""
    text = str(error)
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", text)
    if missing is not None:
        return f"it cannot import {missing[1]}: install the same wattbench on every node"
    if "node has died" in text or "node died" in text.lower() or "owner has died" in text:
        return "its node was lost"
    cause = getattr(error, "cause", None)
    if cause is not None:
        return f"its worker could not be started ({type(cause).__name__}: {str(cause).partition(chr(10))[0]})"
    return "its worker's actor was lost"
