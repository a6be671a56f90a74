"""Run the worker of a device slot in its own process, and pass on its messages and files.

The worker is a process like that of `wattbench run`: it has the environment with which the node was started, nothing of
what a cluster's own worker loads, sets or catches, and its main thread asks. Where the process that runs this ends,
however it ends, the worker's standard input does too, and the worker ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from wattbench.distributed.streaming import Outgoing, Piece
from wattbench.errors import END_OF_LOG
from wattbench.redaction import hide, keep_environment

_Kind = Literal["begin", "ask", "ready", "note", "done", "failed"]
"""From the driver: ``begin`` (a suite and its deal, once) and ``ask`` (a block). From the worker: ``ready`` (its node
and what it can do), ``note`` (a line of progress), ``done`` (a block, and the name of its shard) and ``failed`` (a
sentence; it ends with it)."""


def encode(kind: _Kind, **fields: Any) -> bytes:
    """Return a message as a line."""
    return json.dumps({"is": kind, **fields}).encode() + b"\n"


def decode(line: bytes) -> Mapping[str, Any] | None:
    """Return the message in a line. None if the line is no message."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and isinstance(message.get("is"), str) else None


BLOCK_WORKER = "wattbench.distributed.block_worker"
"""The module that asks blocks."""
SHARES = "shares"
"""The argument of a worker that says so."""
ENDS_S = 10.0
"""For this long a worker may release its systems."""
_LOG_BYTES = 1500


@dataclass(frozen=True)
class SlotReport:
    """The messages and files of a worker since the last poll."""

    messages: Sequence[Mapping[str, Any]] = ()
    pieces: Sequence[Piece] = ()
    """Of its shards. Those of a shard come before the message that it is done."""
    ended: str | None = None
    """How its process ended, as a clause, where it did."""


@dataclass
class SlotAgent:
    """A worker's process. Every call is short, and none waits for an answer."""

    setup: bytes
    """The first message to the worker."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that are set for it, such as which GPUs it may use."""
    worker: str = BLOCK_WORKER
    """The module that is run."""
    command: Sequence[str] = ()
    """Run in its place, by tests."""
    shares: bool = False
    """Whether other slots of the machine ask meanwhile, with other GPUs."""
    folder: str | None = None
    """Of the process; None, or one that is not here: that of the suite, or this process's."""

    def __post_init__(self) -> None:
        """Start the worker."""
        self._folder = Path(tempfile.mkdtemp(prefix="wattbench-slot-"))
        self._shards = Outgoing(self._folder / "shards")
        self._held: list[Mapping[str, Any]] = []
        self._tail = b""
        with (self._folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(self.command or (sys.executable, "-P", "-m", self.worker)),
                    str(self._folder),
                    *([SHARES] if self.shares else []),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**node_environment(), **self.environment},
                cwd=self.folder if self.folder is not None and Path(self.folder).is_dir() else None,
                start_new_session=True,  # a Ctrl-C at the driver's terminal is the driver's
            )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self.send(self.setup)

    def send(self, message: bytes) -> None:
        """Send the worker a message made by `messages.encode`. A worker that has ended does not get the message."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(message)
            self._process.stdin.flush()

    def poll(self) -> SlotReport:
        """Return the worker's new messages and files. A message comes with or after all that was written before it."""
        ended = self._process.poll()
        messages = self._said()  # before the files: what it says is done is then on disk
        pieces = self._shards.pieces()
        self._held += messages
        if pieces:
            return SlotReport(pieces=tuple(pieces))
        said, self._held = self._held, []
        return SlotReport(messages=tuple(said), ended=None if ended is None else self._how_it_ended(ended))

    def forget(self, shard: str) -> None:
        """Remove a shard that the driver has."""
        shutil.rmtree(self._folder / "shards" / shard, ignore_errors=True)
        self._shards.forget(shard)

    def close(self) -> None:
        """End the worker, which releases its systems, and remove what it wrote."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _said(self) -> list[Mapping[str, Any]]:
        assert self._process.stdout is not None
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._process.stdout.fileno(), 1 << 16):
                self._tail += data
        *lines, self._tail = self._tail.split(b"\n")
        return [message for line in lines if (message := decode(line)) is not None]

    def _how_it_ended(self, code: int) -> str:
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        with contextlib.suppress(OSError):
            log = (self._folder / "log.txt").read_bytes()[-_LOG_BYTES:].decode(errors="replace").strip()
            keep_environment({**node_environment(), **self.environment})  # a driver in C hides nothing
            if log and code not in (0, -signal.SIGKILL, -signal.SIGTERM):
                return f"{how}{END_OF_LOG}{hide(log)}"
        return how


def node_environment(initial: Path = Path("/proc/self/environ")) -> dict[str, str]:
    """Return the environment with which this process was started, without later changes.

    A cluster's worker sets the number of threads and hides GPUs from itself: neither is meant for what is measured.
    """
    try:
        entries = initial.read_bytes().split(b"\0")
    except OSError:  # not Linux
        return dict(os.environ)
    pairs = (entry.partition(b"=") for entry in entries)
    return {os.fsdecode(name): os.fsdecode(value) for name, equals, value in pairs if equals}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
