"""Define the interface of servers that wattbench starts."""

from __future__ import annotations

from typing import Protocol, Self

import psutil

from wattbench.systems.endpoint.serving.helper import HelperProcess
from wattbench.systems.memory import peak_resident_bytes


class Server(Protocol):
    """A running server. Building one starts it and waits until it is ready; use as a context manager."""

    base_url: str
    """The base URL of the OpenAI protocol, such as `http://127.0.0.1:4711/v1`."""
    pid: int
    """The server's process."""

    def ended(self) -> str | None:
        """Return how the server ended, with the last lines of its log; None while it runs."""

    def peak_memory_bytes(self) -> int | None:
        """Return the highest resident memory so far of the server's processes; None if unknown."""

    def close(self) -> None:
        """Stop the server and wait until it is gone. Safe to call twice."""


class HelpedServer:
    """The common part of servers behind a helper process."""

    base_url: str
    pid: int

    def __init__(self, helper: HelperProcess) -> None:
        self._helper = helper

    def ended(self) -> str | None:
        """Return how the server ended, with the last lines of its log; None while it runs."""
        return self._helper.ended()

    def peak_memory_bytes(self) -> int | None:
        """Sum the highest resident memory so far of the server's processes.

        An upper bound: the processes need not have peaked together, and pages that they share count for each.
        Processes that have ended are missing from it.
        """
        return tree_peak_bytes(self.pid)

    def close(self) -> None:
        """Stop the server and wait until it is gone. Safe to call twice."""
        self._helper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def tree_peak_bytes(pid: int) -> int | None:
    """Sum the peak resident memory of a process and its descendants; None if unknown."""
    try:
        descendants = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return None
    peaks = [peak_resident_bytes(each) for each in [pid, *(child.pid for child in descendants)]]
    known = [peak for peak in peaks if peak is not None]
    return sum(known) if known else None
