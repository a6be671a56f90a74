"""Run a child program that ends at the latest with this process, when its standard input closes.

The kernel closes that pipe however we end, `kill -9` included, and on every system; a parent-death signal
(prctl) would be Linux's own, would fire when the *thread* that started the child ends, and needs code between
fork and exec, which is not safe beside threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from wattbench.errors import END_OF_LOG, UserError
from wattbench.systems.endpoint.plain_text import plain_tail

LOG_TAIL_BYTES = 1 << 14


class HelperProcess:
    """A running program, one of the `*_child.py` files of this folder.

    It is given its order as a line of JSON on standard input, answers with lines of JSON on standard
    output, and writes its log to a temporary file without a name, which leaves nothing behind.
    """

    def __init__(self, program: str, order: dict[str, Any], *, where: str, grace_s: float) -> None:
        """Start the program in its own session.

        A Ctrl-C in the terminal then goes only to this process, which stops the child.

        Args:
            program: the file's name.
            order: its instructions.
            where: the name of the system in messages.
            grace_s: how long it may take to end after its input is closed.
        """
        self._where = where
        self._grace_s = grace_s
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as the child is
        self._unread = b""
        self._process = subprocess.Popen(
            # -P: neither this folder nor the one we stand in may shadow a module of the child's.
            [sys.executable, "-P", str(Path(__file__).with_name(program))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self.pid = self._process.pid
        pipes: tuple[Any, Any] = (self._process.stdin, self._process.stdout)
        self._stdin, self._stdout = pipes
        with contextlib.suppress(BrokenPipeError):  # it died at once; whoever waits for its answer will say so
            self._stdin.write(json.dumps(order).encode() + b"\n")
            self._stdin.flush()

    def read(self, deadline_s: float) -> dict[str, Any]:
        """Wait for the next line of JSON that the program writes, and return its object.

        Args:
            deadline_s: when to give up, in seconds of `time.monotonic`.

        Raises:
            UserError: it ended first, or is still silent at the deadline; with the last lines of its log.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    self.fail("the server was not ready in time. Raise serve.timeout_s, or see its log")
                if not selector.select(left_s):
                    continue
                piece = os.read(self._stdout.fileno(), 1 << 16)
                if not piece:
                    self._wait(5.0)
                    self.fail("the server ended while it was starting")
                self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ended(self) -> str | None:
        """Return the program's exit code and the last lines of its log; None while it runs."""
        code = self._process.poll()
        return None if code is None else f"its server has ended (exit code {code}){self._tail()}"

    def fail(self, what: str) -> NoReturn:
        """Raise a `UserError` with `what`, the exit code if there is one, and the end of the log."""
        code = self._process.poll()
        ended = "" if code is None else f" (exit code {code})"
        raise UserError(f"{self._where}: {what}{ended}{self._tail()}")

    def log_text(self) -> str:
        """Return the end of the program's log, at most `LOG_TAIL_BYTES`; empty after it is closed."""
        if self._log.closed:
            return ""
        # Read in place: the child writes where the position of the file is, which it shares with us.
        file = self._log.fileno()
        start = max(0, os.fstat(file).st_size - LOG_TAIL_BYTES)
        return os.pread(file, LOG_TAIL_BYTES, start).decode("utf-8", errors="replace")

    def close(self) -> None:
        """Close the program's input so that it ends; kill it if it runs after `grace_s`. Safe to call twice."""
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        if not self._wait(self._grace_s):
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _wait(self, timeout_s: float) -> bool:
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _tail(self) -> str:
        tail = plain_tail(self.log_text())
        return f"{END_OF_LOG}{tail}" if tail else "; its log is empty"
