"""The clients that are compared: what each needs in its folder, how it is called, and what it recorded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.client_overhead.server import Served

MOST_LOST = 0.05
"""Of the requests of a run: a tool that records fewer did not send the load that it was given."""
_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")


@dataclass(frozen=True)
class Load:
    """What a tool is to send."""

    url: str
    """Of the server, without `/v1`."""
    requests: int
    in_flight: int
    tokens: int
    """The limit of an answer, which the server uses up."""

    @property
    def prompts(self) -> list[str]:
        """Return the prompts: the same for every tool, each different from the others."""
        return [f"Request {number} of a bench: write some words about it." for number in range(self.requests)]


@dataclass(frozen=True)
class Recorded:
    """One request, as a tool recorded it."""

    key: int | str
    """The number of its prompt, or its `X-Request-ID`."""
    latency_s: float


class Tool(Protocol):
    """One client."""

    name: str

    def version(self) -> str:
        """Return its version."""
        ...

    def prepare(self, folder: Path, load: Load) -> list[str]:
        """Write what it reads into an empty folder, and return the command that sends the load."""
        ...

    def recorded(self, folder: Path) -> list[Recorded]:
        """Return the requests of its record."""
        ...


def executable(variable: str, name: str) -> str | None:
    """Return the executable that an environment variable names, or that is on the PATH; None where neither is."""
    found = shutil.which(os.environ.get(variable) or name)
    return None if found is None else str(Path(found).absolute())  # it is run in another folder


def version_of(command: Sequence[str]) -> str:
    """Return the first version that a command prints."""
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    match = _VERSION.search(printed.stdout + printed.stderr)
    return match.group() if match else "of unknown version"


def unrecorded(tool: str, recorded: Sequence[Recorded], requests: int) -> int:
    """Return how many requests a tool's record lacks.

    GuideLLM 0.8.1 loses one now and then that the server has answered, on a busy machine. The others' latencies are
    compared all the same, and what is lost is stated.

    Raises:
        ValueError: it lacks more than `MOST_LOST` of them, or has more than were asked.
    """
    lost = requests - len(recorded)
    if not 0 <= lost <= MOST_LOST * requests:
        raise ValueError(f"{tool} recorded {len(recorded)} of {requests} requests")
    return lost


def overheads_s(recorded: Sequence[Recorded], served: Sequence[Served]) -> list[float]:
    """Return each request's latency as its tool recorded it, less the server's own seconds for the same request.

    Args:
        recorded: by the tool, each once.
        served: by the server, in order. What was asked again, to fill a window, counts the first time.

    Raises:
        ValueError: the record has a request twice, or one that the server did not answer.
    """
    first: dict[int | str | None, Served] = {}
    for one in served:
        first.setdefault(one.number, one)
        first.setdefault(one.request_id, one)
    keys = [each.key for each in recorded]
    if len(set(keys)) != len(keys):
        raise ValueError("a request is recorded twice")
    if unknown := [key for key in keys if key not in first]:
        raise ValueError(f"{len(unknown)} recorded requests were not answered by the server, such as {unknown[0]!r}")
    return [each.latency_s - first[each.key].own_s for each in recorded]
