"""The Ray actor of a device slot: it runs the slot's worker on its node. Ray imports it there by name."""

from __future__ import annotations

import os

from wattbench.distributed.agent import SlotAgent, SlotReport


class SlotActor:
    """A Ray actor that does the work of `SlotAgent` on a node of a cluster."""

    def __init__(self, setup: bytes, folder: str, gpus: float, shares: bool, worker: str) -> None:
        """Start the worker.

        Args:
            setup: the first message to it.
            folder: of the driver's process, for it.
            gpus: how many GPUs Ray gives this slot. It names them in the actor's environment.
            shares: whether other slots of its node ask meanwhile.
            worker: the module that is run.
        """
        visible = {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "")} if gpus else {}
        self._agent = SlotAgent(setup, visible, shares=shares, worker=worker, folder=folder)

    def send(self, message: bytes) -> None:
        """Send the worker a message."""
        self._agent.send(message)

    def poll(self) -> SlotReport:
        """Return the worker's new messages and files."""
        return self._agent.poll()

    def forget(self, shard: str) -> None:
        """Remove a shard that the driver has."""
        self._agent.forget(shard)

    def close(self) -> None:
        """End the worker."""
        self._agent.close()
