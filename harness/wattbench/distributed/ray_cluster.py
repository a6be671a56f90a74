"""Device slots of a Ray cluster: an actor for each, which stays on its node.

Ray places the actors, tells of nodes that come and go, and carries what workers write. It schedules nothing else: each
actor starts a worker process once, and is asked what is new. No task or actor is tried again by Ray itself.

Keep Ray from the package `amdsmi` where it is installed without ROCm's library.

Each process of Ray imports amdsmi, and expects no other failure than an ImportError (`_private/thirdparty/pyamdsmi` of
Ray 2.60, which no setting turns off). Without its library amdsmi prints to standard output and ends in a KeyError.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import sys
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from wattbench.distributed.agent import BLOCK_WORKER, ENDS_S, SlotReport
from wattbench.distributed.slot_actor import SlotActor
from wattbench.distributed.slots import SlotLink, SlotLostError, SlotProvider
from wattbench.errors import UserError, require
from wattbench.meters.detect import KFD

_WITHOUT_ROCM = str(Path(__file__).parent / "without_rocm")
"""A folder with an `amdsmi` that raises ImportError."""


@contextlib.contextmanager
def amdsmi_for_ray(kfd: Path = KFD) -> Iterator[None]:
    """Hide an unusable package `amdsmi` from this process and from the processes that it starts meanwhile.

    Args:
        kfd: the device that a machine with an AMD GPU has.

    Raises:
        UserError: amdsmi cannot be used, and the machine has an AMD GPU, which Ray would not see.
    """
    fault = _fault()
    if fault is None:
        yield
        return
    if kfd.exists():
        raise UserError(
            f"--cluster: the package amdsmi cannot be used ({fault}), and without it Ray sees no AMD GPU. Install "
            "amd-smi-lib of ROCm in the version of amdsmi; to run without these GPUs: pip uninstall amdsmi"
        )
    before = os.environ.get("PYTHONPATH")
    sys.path.insert(0, _WITHOUT_ROCM)
    os.environ["PYTHONPATH"] = _WITHOUT_ROCM if before is None else f"{_WITHOUT_ROCM}{os.pathsep}{before}"
    try:
        yield
    finally:
        sys.path.remove(_WITHOUT_ROCM)
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _fault() -> str | None:
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            importlib.import_module("amdsmi")
        except ImportError:
            return None
        except Exception as error:  # what it raises changes with its versions
            return " ".join(f"{type(error).__name__}: {error}".split())[:120]
    return None


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
    """The place of a slot: its node, and its processors and GPUs there."""

    node_id: str
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
class RaySlots(SlotProvider):
    """The slots of a cluster."""

    ray: Any
    gpus_per_slot: int = 1
    worker: str = BLOCK_WORKER
    """The module that asks on a slot."""
    most: int | None = None
    """Slots at a time; None: all."""
    _made: list[RaySlot] = field(default_factory=list, init=False)

    def wait_for_ends(self) -> None:
        """Give workers that were closed the time to release their systems."""
        ending = [slot.ending for slot in self._made if slot.ending is not None]
        if ending:
            self.ray.wait(ending, num_returns=len(ending), timeout=ENDS_S + 2.0)

    def chosen(self, free: Mapping[Hashable, Any]) -> Mapping[Hashable, Any]:
        """Return the first ones of the free places, of which no more are used at a time than may be."""
        return free if self.most is None else dict(islice(free.items(), max(self.most - len(self.in_service), 0)))

    def start_slot(self, seat: _Seat, setup: bytes) -> SlotLink:
        """Start an actor on the place's node."""
        slot = RaySlot(self.ray, seat, self._actor(seat, setup))
        self._made.append(slot)
        return slot

    def why_none(self) -> str | None:
        """Return the text that the cluster has no node to run on. None if the cluster has one."""
        return None if self.places() else "the cluster has no node with processors or GPUs"

    def _actor(self, seat: _Seat, setup: bytes) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        remote = self.ray.remote(
            num_cpus=seat.cpus, num_gpus=seat.gpus, max_restarts=0, max_task_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(seat.node_id, soft=False),
        )(SlotActor)  # fmt: skip
        return remote.remote(setup, str(Path.cwd()), seat.gpus, seat.shares, self.worker)

    def places(self) -> Mapping[Hashable, _Seat]:
        """Return the places on the cluster's nodes that are there now, by node and number."""
        places: dict[Hashable, _Seat] = {}
        for node in sorted(self.ray.nodes(), key=lambda node: str(node["NodeID"])):
            cpus, gpus = (float(node.get("Resources", {}).get(name, 0.0)) for name in ("CPU", "GPU"))
            if not node.get("Alive") or not (cpus or gpus):
                continue
            number = max(int(gpus) // self.gpus_per_slot, 1)
            host = f"node {node.get('NodeManagerHostname') or node.get('NodeManagerAddress')} ({node['NodeID'][:6]})"
            for index in range(number):
                name = host if number == 1 else f"{host}, slot {index + 1}"
                # All processors of a node: nothing else is then placed next to what is measured.
                seat = _Seat(node["NodeID"], name, cpus // number, min(gpus, self.gpus_per_slot), number > 1)
                places[node["NodeID"], index] = seat
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
