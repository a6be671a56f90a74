"""Run a command in its own process group as a program, and end the group when standard input closes.

Reads one line of JSON (`argv`, `grace_s`) and writes one: `pid`, or `error` where there is no such command.
The command writes to standard error. Ends with the command's exit code, or 128 plus the signal that ended it.
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


class Group:
    """A command and all processes that it starts."""

    def __init__(self, argv: list[str]) -> None:
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True)

    def end(self, grace_s: float) -> None:
        """Ask every process of the group to end; kill those that have not after the grace period."""
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
        """Signal the group, and return whether any process was left; 0 sends nothing."""
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
        group = Group(order["argv"])
    except OSError as error:
        answers.write(json.dumps({"error": str(error)}) + "\n")
        answers.flush()
        return 127
    answers.write(json.dumps({"pid": group.process.pid}) + "\n")
    answers.flush()
    wait_for_any(group)
    group.end(order["grace_s"])
    code = group.process.wait()
    return code if code >= 0 else 128 - code


def wait_for_any(group: Group) -> None:
    """Return when the command has ended, standard input is closed, or a signal asks the program to end."""
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
