"""Run a command in its own process group as a program, and end the group when standard input closes.

Reads one line of JSON (`argv`, `grace_s`) and writes one: `pid`, or `error` where there is no such command.
What the command writes goes to standard error, a file that stays bounded. Ends with the command's exit code, or 128
plus the signal that ended it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

HEAD_BYTES = 1 << 20
"""Of a log, kept from its start: how the server was configured, and its first errors."""
TAIL_BYTES = 1 << 20
"""Kept from its end; up to four times as much is there before it is cut."""
DRAINED_S = 2.0


class BoundedLog:
    """A file that keeps the start and the end of the output, and states how much of the middle is left out."""

    def __init__(self, file: int, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        self._file = file
        self._head_bytes, self._tail_bytes = head_bytes, tail_bytes
        self._begin = os.fstat(file).st_size
        self._size = self._begin
        self._left_out = 0

    def write(self, data: bytes) -> None:
        """Append data to the log, and cut the middle out of a log that has grown too long."""
        while data:
            written = os.pwrite(self._file, data, self._size)
            self._size += written
            data = data[written:]
        if self._size - self._begin > self._head_bytes + 4 * self._tail_bytes:
            self._cut()
        os.lseek(self._file, self._size, os.SEEK_SET)  # where this program's own errors go

    def _cut(self) -> None:
        head_end = self._begin + self._head_bytes
        tail = os.pread(self._file, self._tail_bytes, self._size - self._tail_bytes)
        tail = tail[tail.find(b"\n") + 1 :]
        first = os.pread(self._file, 1 << 8, head_end) if self._left_out else b""
        note_bytes = first.find(b"\n", 1) + 1  # of the note of the cut before
        self._left_out += self._size - head_end - note_bytes - len(tail)
        note = b"\n[%d bytes of the log left out]\n" % self._left_out
        os.pwrite(self._file, note + tail, head_end)
        self._size = head_end + len(note) + len(tail)
        os.ftruncate(self._file, self._size)


class Group:
    """A command and all processes that it starts."""

    def __init__(self, argv: list[str], log: BoundedLog) -> None:
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout.fileno()
        self._log = log
        self._pump = threading.Thread(target=self._copy, daemon=True)
        self._pump.start()

    def drain(self) -> None:
        """Wait until everything that the command wrote is in the log."""
        self._pump.join(DRAINED_S)

    def _copy(self) -> None:
        while data := os.read(self._output, 1 << 16):
            try:
                self._log.write(data)
            except OSError:  # a full disk: the server goes on, without its log
                continue

    def end(self, grace_s: float) -> None:
        """Ask every process of the group to end, and kill the processes that are left after the grace period."""
        until_s = time.monotonic() + grace_s
        number: int = signal.SIGTERM
        while self._signal(number):
            self.process.poll()  # reaps it: a zombie still counts as a member of its group
            if time.monotonic() > until_s:
                self._signal(signal.SIGKILL)
                return
            time.sleep(0.05)
            number = 0

    def _signal(self, number: int) -> bool:
        """Send the group a signal, and return whether any process was left. Signal 0 only checks."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def main() -> int:
    """Run the command until it ends, standard input closes, or a signal asks the program to end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    order = json.loads(line)
    try:
        group = Group(order["argv"], BoundedLog(2))
    except OSError as error:
        answers.write(json.dumps({"error": str(error)}) + "\n")
        answers.flush()
        return 127
    answers.write(json.dumps({"pid": group.process.pid}) + "\n")
    answers.flush()
    wait_for_any(group)
    group.end(order["grace_s"])
    code = group.process.wait()
    group.drain()
    return code if code >= 0 else 128 - code


def wait_for_any(group: Group) -> None:
    """Wait until the command has ended, standard input is closed, or a signal asks the program to end."""
    # A pipe, as a signal handler may write to one, and may not take the lock of an Event.
    wake, waker = os.pipe()

    def when(wait: Callable[[], object]) -> None:
        wait()
        os.write(waker, b".")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: when(lambda: None))
    for wait in (sys.stdin.buffer.read, group.process.wait):
        threading.Thread(target=when, args=(wait,), daemon=True).start()
    os.read(wake, 1)


if __name__ == "__main__":
    # Not sys.exit: it would wait for the thread that still reads standard input.
    os._exit(main())
