"""Run the gateway's process, and read what it reports.

It ends at the latest with this process, when its standard input closes: the kernel closes that however we end.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from typing import Any

from wattbench.errors import END_OF_LOG, UserError
from wattbench.terminal import log_text

START_S = 60.0
"""How long it may take to start: it imports three libraries, on a machine that may be busy."""
END_S = 10.0
LOG_TAIL_BYTES = 1 << 12


class GatewayProcess:
    """A running gateway. Building one starts it and waits until it listens."""

    port: int
    """Where it listens."""

    def __init__(self, order: Mapping[str, Any], take: Callable[[Mapping[str, Any]], None]) -> None:
        """Start it.

        Args:
            order: the arguments of `PassThrough` that are plain values, and `host` and `port`. It goes through a pipe:
                others can read a command line.
            take: takes each event, in the order in which they came, from one thread.

        Raises:
            UserError: it cannot be started.
        """
        self._take = take
        self._first: Mapping[str, Any] | None = None
        self._started = threading.Event()
        self._writing = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as the process is
        self._process = subprocess.Popen(
            # -P: nothing in the working folder may shadow a module.
            [sys.executable, "-P", "-m", "wattbench.gateways.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # a Ctrl-C at the terminal is ours
        )
        self.pid = self._process.pid
        self._write(order)
        self._reader = threading.Thread(target=self._read, name="wattbench-gateway", daemon=True)
        self._reader.start()
        self._started.wait(START_S)
        first: Mapping[str, Any] = self._first or {}
        if first.get("event") != "ready":
            why = first.get("error", "it did not start")
            tail = self._tail()
            self.close()
            raise UserError(f"the gateway cannot listen at {order['host']}:{order['port']}: {why}{tail}")
        self.port = first["port"]

    @property
    def ended(self) -> bool:
        """Return whether it has ended. Then all that it reported was taken."""
        if self._process.poll() is None and self._reader.is_alive():
            return False
        self._reader.join()
        return True

    def command(self, do: str, session: str, **more: Any) -> None:
        """Send a command. A process that has ended does not get it."""
        self._write({"do": do, "session": session, **more})

    def kill(self) -> None:
        """End it at once, and wait until all that it reported was taken."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def close(self) -> None:
        """End it, with its calls, and wait until all that it reported was taken. Safe to call twice."""
        assert self._process.stdin is not None
        with self._writing, contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._log.close()

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with self._writing, contextlib.suppress(OSError, ValueError):  # it has ended, or was closed
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as reports:
            for line in reports:
                if not line.endswith(b"\n"):
                    break  # it was killed in the middle of a line
                event = json.loads(line)
                if self._first is None:
                    self._first = event
                    self._started.set()
                else:
                    self._take(event)
        self._take({"event": "over"})
        self._started.set()

    def _tail(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), LOG_TAIL_BYTES, max(0, size - LOG_TAIL_BYTES)).decode(errors="replace")
        return f"{END_OF_LOG}{log_text(tail)}" if tail.strip() else ""
