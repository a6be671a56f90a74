"""The process that asks blocks on a device slot: `python -m wattbench.distributed.block_worker FOLDER`.

It reads messages on standard input and answers on standard output (see `messages`); what libraries print goes to
standard error. It ends, and releases its systems, when its input ends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any, Self

from wattbench.distributed.messages import decode, encode
from wattbench.distributed.same_work import check_same_cells, check_same_files, check_same_versions
from wattbench.distributed.shard_session import ShardSession
from wattbench.errors import UserError, refusal_of_machine
from wattbench.interrupts import noticed, own_process
from wattbench.progress import PlannedTurn
from wattbench.redaction import hidden_output, keep_environment

INTERRUPTED = 130


@dataclass
class _Link:
    """The driver, by way of what started this process."""

    given: IO[bytes]
    out: IO[bytes]
    inbox: queue.SimpleQueue[Mapping[str, Any] | None] = field(default_factory=queue.SimpleQueue)

    def say(self, kind: Any, **fields: Any) -> None:
        """Send a message. Where no one listens any more, the end of the input says so too."""
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
class _Noted:
    """The progress of a block: what is loaded or waited for is said to the driver, which counts answers itself."""

    link: _Link

    def note(self, text: str) -> None:
        self.link.say("note", text=text)

    def expect(self, turns: Sequence[PlannedTurn]) -> None:
        """Nothing: the driver knows what is left of the whole run."""

    def start_cell(self, name: str, turn: PlannedTurn, answered: int) -> None:
        """Nothing, as above."""

    def advance(self, items: int) -> None:
        """Nothing: the driver counts the lines that it gets."""

    def end_cell(self) -> None:
        """Nothing, as above."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def main(arguments: Sequence[str]) -> int:
    """Ask the blocks that the driver hands out; return an exit code."""
    (folder,) = arguments
    link = _Link(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)  # what asks something finds no one
    os.dup2(2, 1)
    own_process()
    keep_environment()
    try:
        with hidden_output(), noticed():
            link.listen()
            _work(link, Path(folder))
    except KeyboardInterrupt:
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


def _work(link: _Link, folder: Path) -> None:
    from wattbench.machine.lock_waiting import Waiting
    from wattbench.machine.measuring_lock import measuring_lock

    messages = link.messages()
    begin = next(messages, None)
    if begin is None:
        return
    progress = _Noted(link)
    with measuring_lock(Waiting(float(begin["wait_s"]), progress.note)):
        session = _session(begin, folder / "shards", progress)
        link.say("ready")
        try:
            for message in messages:
                block = int(message["block"])
                link.say("done", block=block, shard=session.ask(block).name)
        finally:
            session.close()


def _session(begin: Mapping[str, Any], folder: Path, progress: _Noted) -> ShardSession:
    """Read the suite, and check that it is the driver's.

    Raises:
        UserError: it is not, or cannot be run here.
    """
    from wattbench.config import resolved_from_record, with_secrets
    from wattbench.measure.plan import plan

    check_same_versions(begin["versions"])
    check_same_files(begin["files"])
    resolved = resolved_from_record(with_secrets(begin["suite"]))
    cells = plan(resolved, allow_unsafe_code=begin["allow_unsafe_code"])
    check_same_cells(begin["cells"], [cell.as_record() for cell in cells])
    return ShardSession(
        resolved,
        cells,
        folder,
        begin["deal"],
        begin["command"],
        progress,
        allow_unsafe_code=begin["allow_unsafe_code"],
        night=_night(begin["night"]),
    )


def _night(record: Mapping[str, Any] | None) -> Any:
    from wattbench.measure.resume import Night

    if record is None:
        return None
    return Night(date.fromisoformat(record["date"]), bool(record["backfilled"]), record["since"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
