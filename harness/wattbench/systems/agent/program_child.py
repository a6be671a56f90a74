"""Run a command with all that it starts, as a program, and end them all when standard input closes.

Reads one line of JSON, the order: `argv`, `folder`, `environment`, `given` (its standard input), `most_bytes` (of its
output), `grace_s`, and `remove`, a folder. Writes one line when the command runs (`pid`, or `error` where there is no
such command) and one when all has ended: `code`, `output`, `left_out` (bytes), `log` (the end of standard error) and
`cpu_s`. A line on standard input asks it to end the command. If standard input closes without one, the process that
started this one was killed: the result is not read, and the folder is removed.

On Linux this process adopts what the command leaves behind (PR_SET_CHILD_SUBREAPER, prctl(2)), so that a process that
left the group ends here too, and its CPU time is counted.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any

LOG_BYTES = 1 << 14
DRAINED_S = 2.0
ADOPTED_S = 5.0
"""For how long processes that the command left behind are looked for, as each may start another."""
_PR_SET_CHILD_SUBREAPER = 36


class Kept:
    """What a command writes to a pipe: the start or the end of it, and how much there was."""

    def __init__(self, pipe: int, most_bytes: int, *, end: bool) -> None:
        self.data, self.size = bytearray(), 0
        self._pipe, self._most_bytes, self._end = pipe, most_bytes, end
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(self._pipe, 1 << 16):
                self.size += len(piece)
                if self._end:
                    self.data += piece
                    del self.data[: -self._most_bytes]
                else:
                    self.data += piece[: self._most_bytes - len(self.data)]

    def text(self) -> str:
        """Wait until all is read, and return what was kept. Bytes that are no UTF-8 are replaced."""
        self._reader.join(DRAINED_S)
        return bytes(self.data).decode("utf-8", errors="replace")


def adopt() -> None:
    """Make this process the parent of whatever loses its own; does nothing where the system knows no such thing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the command in a process group of its own, and give it its standard input."""
    process = subprocess.Popen(
        order["argv"],
        cwd=order["folder"],
        env=order["environment"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )

    def give() -> None:
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it does not read it
            process.stdin.write(order["given"].encode("utf-8", errors="replace"))
        with contextlib.suppress(OSError):
            process.stdin.close()

    threading.Thread(target=give, daemon=True).start()
    return process


def end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask the group to end, kill what is left of it after the grace period, and kill what left the group."""
    if process.poll() is None:
        signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    signal_group(process.pid, signal.SIGKILL)
    process.wait()
    until_s = time.monotonic() + ADOPTED_S
    while time.monotonic() < until_s and reap():
        for child in children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group, if there is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def reap() -> bool:
    """Wait for all children that have ended, and return whether any is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def children() -> list[int]:
    """Return the children of this process, from /proc; none where the system has no such folder."""
    numbers = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    with open(f"/proc/{name}/stat", "rb") as file:
                        parent = file.read().rpartition(b")")[2].split()[1]
                    if int(parent) == os.getpid():
                        numbers.append(int(name))
    return numbers


def main() -> int:
    """Run the command until it ends, a line asks for its end, standard input closes, or a signal comes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    order = json.loads(line)
    adopt()

    def say(what: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the reader has gone
            answers.write(json.dumps(what) + "\n")
            answers.flush()

    try:
        process = start(order)
    except (OSError, ValueError) as error:
        say({"error": str(error)})
        return 1
    assert process.stdout is not None and process.stderr is not None
    output = Kept(process.stdout.fileno(), order["most_bytes"], end=False)
    log = Kept(process.stderr.fileno(), LOG_BYTES, end=True)
    say({"pid": process.pid})
    abandoned = wait_for_any(process)
    end(process, order["grace_s"])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    text, tail = output.text(), log.text()
    say(
        {
            "code": process.returncode,
            "output": text,
            "left_out": output.size - len(output.data),
            "log": tail,
            "cpu_s": used.ru_utime + used.ru_stime,
        }
    )
    if abandoned and order["remove"]:
        shutil.rmtree(order["remove"], ignore_errors=True)
    return 0


def wait_for_any(process: subprocess.Popen[bytes]) -> bool:
    """Wait until the command has ended or its end is wanted. Return whether standard input closed before."""
    # A pipe, as a signal handler may write to one, and may not take the lock of an Event.
    wake, waker = os.pipe()

    def wait_for_end() -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # not reaped: its group keeps its number
        else:
            process.wait()
        os.write(waker, b"e")

    def wait_for_input() -> None:
        os.write(waker, b"s" if sys.stdin.buffer.readline() else b"a")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.write(waker, b"s"))
    for wait in (wait_for_end, wait_for_input):
        threading.Thread(target=wait, daemon=True).start()
    return os.read(wake, 1) == b"a"


if __name__ == "__main__":
    # Not sys.exit: it would wait for the thread that still reads standard input.
    os._exit(main())
