"""Run a program of an agent: its process group, and whatever it starts, ends with it, and with wattbench."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import refusal_of_machine
from wattbench.systems.endpoint.plain_text import plain_tail, plain_text

MOST_OUTPUT_BYTES = 1 << 20
GRACE_S = 2.0
"""How long a program has to end itself when it is asked to."""
KILLED_S = 15.0
"""How long its processes may take to be gone after that; they are left then, as no signal reaches them."""
POLL_S = 0.05
_SHOWN_LINES = 3
_MOST_LINE_BYTES = 16 * MOST_OUTPUT_BYTES


@dataclass(frozen=True)
class Order:
    """What to run, and in which surroundings."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    given: str = ""
    """On its standard input."""
    remove: Path | None = None
    """The folder that is removed if wattbench is killed meanwhile."""


@dataclass(frozen=True)
class Ran:
    """How a program ended."""

    code: int | None = None
    """Its exit code, negative for a signal; None where it could not be started, or is lost."""
    output: str = ""
    """The start of its standard output, at most `MOST_OUTPUT_BYTES`."""
    left_out: int = 0
    """How many bytes of the output are not in it."""
    log: str = ""
    """The end of its standard error."""
    cpu_s: float | None = None
    """Seconds of the processor, of all processes that it started."""
    stopped: str | None = None
    """Why it was stopped; None if it ended by itself."""
    error: str | None = None
    """Why it could not be started, or how it was lost."""


def run_program(order: Order, why_stop: Callable[[], str | None]) -> Ran:
    """Run a program until it ends, or there is a reason to stop it.

    Args:
        order: what to run.
        why_stop: called every `POLL_S`; returns the reason to stop it, or None.
    """
    try:
        program = _Program(order)
    except OSError as error:
        return Ran(error=f"it cannot be run: {refusal_of_machine(error) or error}")
    try:
        return program.run(why_stop)
    finally:
        program.close()


def how_it_failed(ran: Ran) -> str:
    """Say in a clause how a program failed, with the end of its log."""
    if ran.error is not None:
        return plain_text(ran.error)
    if ran.stopped is not None:
        return f"stopped, {ran.stopped}"
    code = ran.code or 0
    ended = f"exit code {code}" if code >= 0 else f"ended by signal {-code}"
    return f"{ended}{end_of_log(ran)}"


def end_of_log(ran: Ran) -> str:
    """Return the last lines of a program's log, or of its output, as the end of a message."""
    lines = plain_tail(ran.log.strip() or ran.output, lines=_SHOWN_LINES).split("\n")
    text = " / ".join(line.strip() for line in lines if line.strip())
    return f"; its log ends: {text}" if text else "; its log is empty"


class _Program:
    def __init__(self, order: Order) -> None:
        self._unread = bytearray()
        self._pid: int | None = None
        self._child = subprocess.Popen(
            # -I, -S: nothing of the user's Python is read, and it starts within milliseconds.
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("program_child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to wattbench alone, which stops it
        )
        assert self._child.stdin is not None and self._child.stdout is not None
        self._stdin, self._stdout = self._child.stdin, self._child.stdout
        line = {
            "argv": list(order.argv),
            "folder": str(order.folder),
            "environment": dict(order.environment),
            "given": order.given,
            "most_bytes": MOST_OUTPUT_BYTES,
            "grace_s": GRACE_S,
            "remove": None if order.remove is None else str(order.remove),
        }
        self._write(json.dumps(line).encode() + b"\n")

    def run(self, why_stop: Callable[[], str | None]) -> Ran:
        """Wait for the end of the program."""
        stopped: str | None = None
        until_s = float("inf")
        while True:
            answer = self._read(POLL_S)
            if answer is not None and "pid" in answer:
                self._pid = int(answer["pid"])
            elif answer is not None and "error" in answer:
                return Ran(error=f"it cannot be run: {answer['error']}", stopped=stopped)
            elif answer is not None and "code" in answer:
                return Ran(stopped=stopped, **answer)
            elif answer is not None:
                return Ran(error="the process that ran it was killed", stopped=stopped)
            if stopped is None and (stopped := why_stop()) is not None:
                self._write(b"end\n")
                until_s = time.monotonic() + GRACE_S + KILLED_S
            if time.monotonic() > until_s:
                return Ran(error="its processes did not end", stopped=stopped)

    def close(self) -> None:
        """End the program, if it runs."""
        if self._child.poll() is None:
            self._write(b"end\n")
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._child.wait(GRACE_S + KILLED_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.returncode != 0 and self._pid is not None:  # it did not end what it had started
            with contextlib.suppress(OSError):
                os.killpg(self._pid, signal.SIGKILL)
        self._stdout.close()

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it ended; reading says how
            self._stdin.write(data)
            self._stdin.flush()

    def _read(self, wait_s: float) -> dict[str, Any] | None:
        """Return the next answer; None if there is none within a time, and an empty one at the end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            until_s = time.monotonic() + wait_s
            while b"\n" not in self._unread:
                left_s = until_s - time.monotonic()
                if left_s <= 0 or not selector.select(left_s):
                    return None
                piece = os.read(self._stdout.fileno(), 1 << 16)
                if not piece or len(self._unread) > _MOST_LINE_BYTES:
                    return {}
                self._unread += piece
        line, _, rest = self._unread.partition(b"\n")
        self._unread = bytearray(rest)
        answer: dict[str, Any] = json.loads(line)
        return answer
