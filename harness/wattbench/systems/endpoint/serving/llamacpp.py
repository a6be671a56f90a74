"""Start llama.cpp's server, through the `xllamacpp` wheel, in its own process."""

from __future__ import annotations

import os
import time
from importlib import metadata

import psutil

from wattbench.config import LlamaCppServe
from wattbench.errors import UserError
from wattbench.systems.endpoint.serving.base import HelpedServer
from wattbench.systems.endpoint.serving.helper import HelperProcess
from wattbench.systems.weights import fetch

STOP_S = 2.0
"""It ends at once, unless native code that loads a model keeps its threads from running."""


class LlamaCppServer(HelpedServer):
    """A server of one GGUF file on loopback. It shares neither memory nor interpreter lock with the client."""

    def __init__(self, where: str, config: LlamaCppServe, *, timeout_s: float, owner: str = "") -> None:
        """Fetch the weights, start the server and wait until it has loaded them.

        Args:
            where: the name of the system in messages.
            config: its part of the suite.
            timeout_s: how long loading may take.
            owner: the system that it is started for.

        Raises:
            UserError: the weights cannot be fetched, or llama.cpp cannot serve them.
        """
        self.owner = owner
        self._users = 1
        self.weights = fetch(config.weights, where=where)
        if self.weights.file is None:
            raise UserError(
                f"{where}: llama.cpp serves a GGUF file, and {self.weights.path} is a folder. "
                "Name the file in it with weights.file"
            )
        order = {
            "model_path": str(self.weights.file),
            "name": self.weights.file.stem,
            "slots": config.slots,
            "context": config.context,
            "threads": config.threads or usable_cores(),
            "gpu_layers": config.gpu_layers,
        }
        super().__init__(HelperProcess("llamacpp_child.py", order, where=where, grace_s=STOP_S))
        try:
            answer = self._helper.read(time.monotonic() + timeout_s)
            self.device: str = answer["device"]
            if config.gpu_layers and self.device == "cpu":
                raise UserError(
                    f"{where}: gpu_layers is {config.gpu_layers}, and the installed xllamacpp sees no "
                    "accelerator. Install a build for your accelerator (see its README), or remove gpu_layers"
                )
        except BaseException:
            self.close()
            raise
        self.pid = self._helper.pid
        self.base_url = f"{answer['address']}/v1"
        self.version = f"llama.cpp via xllamacpp {metadata.version('xllamacpp')}"

    def share(self) -> bool:
        """Keep it running until one more `close`. False if it has ended."""
        if self._users == 0 or self.ended() is not None:
            return False
        self._users += 1
        return True

    def close(self) -> None:
        """Stop the server after as many calls as it has users, and wait until it is gone."""
        self._users = max(self._users - 1, 0)
        if self._users == 0:
            super().close()


def usable_cores() -> int:
    """Count the physical cores, but no more than this process may use: threads that wait for each other spin."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or allowed, allowed)
