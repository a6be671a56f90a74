"""What holds for every input: a value, or the documented error in one sentence; soon, in little memory, no code run."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.odd import TRAP
from tests.fuzz.targets import Target
from wattbench.systems.memory import peak_resident_bytes, reset_peak, resident_bytes
from wattbench.terminal import log_text

CPU_S = 10
"""The most seconds of processor time for one input of at most 1 MiB. Most take less than a thousandth of it."""
MEMORY_BYTES = 300 << 20
"""By how much the memory of the process may rise while it reads one input."""
MESSAGE_CHARACTERS = 3100

_FORBIDDEN = frozenset(
    {
        "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen",
        "pickle.find_class", "socket.connect",
        "socket.bind", "socket.getaddrinfo", "urllib.Request", "webbrowser.open",
        "pty.spawn", "ftplib.connect", "smtplib.connect",
    }
)  # fmt: skip
"""Events of Python's audit hooks that no reader raises."""
_OF_FILES = frozenset({"os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate", "shutil.rmtree"})
"""Events that only the files of the target's own folder may be named in: an index is written again."""


@dataclass(frozen=True)
class Fault:
    """A property that an input broke."""

    what: str
    """Two inputs with the same break the same, at the same place."""
    details: str = ""


class _TooLongError(BaseException):
    """Raised by the clock of the processor; a BaseException, so that no reader takes it for its own."""


@dataclass
class _Watch:
    """The state of the audit hook, of which a process has one."""

    installed: bool = False
    folder: str = ""
    acts: list[str] | None = None
    """None: it looks at nothing."""


_watch = _Watch()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch.acts is None:
        return
    if (
        event in _FORBIDDEN
        or (event in _OF_FILES and not _own_file(arguments))
        or (event == "import" and str(arguments[0]).startswith(TRAP))
        or (event == "open" and _writes(arguments))
    ):
        _watch.acts.append(f"{event} {arguments!r:.100}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    by_mode = isinstance(mode, str) and any(each in mode for each in "wax+")
    by_flags = mode is None and isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return isinstance(path, str | bytes) and (by_mode or by_flags) and not _own(path)


def _own_file(arguments: tuple[Any, ...]) -> bool:
    """Return whether the first argument is a file of the target's folder; the last may be the folder that it is in."""
    folder = arguments[-1]
    if isinstance(folder, int) and folder >= 0:
        return _own(f"{os.readlink(f'/proc/self/fd/{folder}')}/{os.fsdecode(arguments[0])}")
    return _own(arguments[0])


def _own(path: Any) -> bool:
    text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    return text == os.devnull or text.startswith(_watch.folder)


def fault_of(target: Target, data: bytes, folder: Path) -> Fault | None:
    """Give an input to a target, and return what it broke; None where all holds.

    Args:
        target: what reads it.
        data: the input.
        folder: the target's own, as its `seeds` left it.
    """
    path = folder / target.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    printed = io.StringIO()
    reset_peak()
    before_bytes = resident_bytes() or 0
    started_s = time.process_time()
    error: BaseException | None = None
    with _watching(folder) as acts, _bounded(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                target.read(path)
            except (Exception, SystemExit, _TooLongError) as raised:
                error = raised
    grown_bytes = (peak_resident_bytes() or 0) - before_bytes
    if acts:
        return Fault(f"acts: {acts[0].partition(' ')[0]}", "; ".join(acts))
    if isinstance(error, _TooLongError):
        return Fault(f"takes more than {CPU_S} s", _where(error))
    if grown_bytes > MEMORY_BYTES:
        return Fault(
            "takes too much memory",
            f"{grown_bytes >> 20} MiB for {len(data)} bytes in {time.process_time() - started_s:.1f} s",
        )
    text = printed.getvalue()
    if text != log_text(text) and any(not each.isprintable() and each != "\n" for each in text):
        return Fault("prints a control character", repr(text[:200]))
    return None if error is None else _wrong_error(target, error, path)


def _wrong_error(target: Target, error: BaseException, path: Path) -> Fault | None:
    if not isinstance(error, target.errors):
        return Fault(f"{type(error).__name__} at {_where(error)}", "".join(traceback.format_exception(error))[-3000:])
    message = str(error)
    if not message.strip():
        return Fault(f"an empty message at {_where(error)}")
    if target.terse and len(message) > MESSAGE_CHARACTERS + len(str(path)):
        return Fault(f"a message of more than {MESSAGE_CHARACTERS} characters at {_where(error)}", message[:300])
    if target.named and path.name not in message and str(path.parent.name) not in message:
        return Fault(f"the file is not named at {_where(error)}", message[:300])
    if target.terse and len(message.strip().splitlines()) > 1:
        return Fault(f"more than one line at {_where(error)}", message[:300])
    return None


def _where(error: BaseException) -> str:
    """Return the last place in wattbench's own code, and the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/wattbench" in frame.filename and "/tests/" not in frame.filename]
    last = (own or frames)[-1]
    parts = Path(last.filename).parts
    return f"{'/'.join(parts[-3:])}:{last.lineno} {last.name}"


@contextlib.contextmanager
def _watching(folder: Path) -> Iterator[list[str]]:
    if not _watch.installed:
        sys.addaudithook(_audit)
        _watch.installed = True
    acts: list[str] = []
    before, tempfile.tempdir = tempfile.tempdir, str(folder)  # what is computed anew is written to a temporary folder
    # Of a module that is imported for the first time, Python itself writes a file.
    no_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _watch.acts, _watch.folder = acts, str(folder)
    try:
        yield acts
    finally:
        _watch.acts = None
        sys.dont_write_bytecode = no_bytecode
        tempfile.tempdir = before


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Raise `_TooLongError` after `CPU_S` of processor time."""

    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
