"""Define how every worker process talks to its driver, and how it ends.

It reads messages on standard input and answers on standard output (see `messages`); what libraries print goes to
standard error. It ends, and releases what it holds, when its input ends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from wattbench.distributed.agent import SHARES, decode, encode
from wattbench.errors import UserError, refusal_of_machine
from wattbench.interrupts import noticed, own_process
from wattbench.progress import Progress
from wattbench.redaction import hidden_output, keep_environment

INTERRUPTED = 130


@dataclass
class WorkerLink:
    """The streams over which a worker process talks to its driver."""

    given: IO[bytes]
    out: IO[bytes]
    inbox: queue.SimpleQueue[Mapping[str, Any] | None] = field(default_factory=queue.SimpleQueue)

    def say(self, kind: Any, **fields: Any) -> None:
        """Send the driver a message. The end of the input shows that a driver is gone."""
        with contextlib.suppress(OSError):
            self.out.write(encode(kind, **fields))
            self.out.flush()

    def listen(self) -> None:
        """Read messages from now on; interrupt this process when there will be no more."""

        def read() -> None:
            for line in self.given:
                if (message := decode(line)) is not None:
                    self.inbox.put(message)
            self.inbox.put(None)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=read, daemon=True).start()

    def messages(self) -> Iterator[Mapping[str, Any]]:
        """Yield messages until there are no more."""
        while (message := self.inbox.get()) is not None:
            yield message


@dataclass
class NotedProgress(Progress):
    """The progress of a block: notes go to the driver, which counts answers itself."""

    link: WorkerLink

    def note(self, text: str, *, keep: bool = False) -> None:
        """Send a note to the driver."""
        self.link.say("note", text=text)


def serve(arguments: Sequence[str], work: Callable[[WorkerLink, Path, bool], None]) -> int:
    """Run the work of a worker process for its driver, and return an exit code.

    Args:
        arguments: of the process: a folder for what it writes, and perhaps `SHARES`.
        work: called with the driver, the folder, and whether other slots of the machine ask meanwhile.
    """
    folder = Path(arguments[0])
    link = WorkerLink(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)  # what asks something finds no one
    os.dup2(2, 1)
    own_process()
    keep_environment()
    try:
        with hidden_output(), noticed():
            link.listen()
            work(link, folder, arguments[1:] == [SHARES])
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)  # what started this process may be gone
        return INTERRUPTED
    except UserError as error:
        link.say("failed", message=str(error))
        return error.exit_code
    except Exception as error:
        message = refusal_of_machine(error)
        if message is None:
            raise  # a fault of the program: its traceback is the last of the log
        link.say("failed", message=message)
        return 2
    return 0
